"""Rough place of a form on a page: turn, scale and offset from projection profiles, for every form at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.document import FloatMatrix
from pipeline.stages.plane import Points, map_points, rotation, scaling, shift

BIN_MM = 0.75
"""Half the height of small print: fine enough to tell text lines apart, coarse enough to forgive 1 % of scale."""
BINS = 1024
"""768 mm of profile: twice an A3 page, so that shifted profiles never meet their own end."""
SCALES = np.linspace(0.88, 1.12, 33)
"""Tried sizes of the print relative to the form: 90 to 110 % and a little room."""
TREND_BINS = 15
"""Profiles are flattened over this many bins, so that shadows and dark rims say nothing."""
QUARTER_TURNS = (0, 90, 180, 270)

Spectrum = NDArray[np.complex128]


@dataclass(frozen=True)
class FormProfiles:
    """Spectra of a blank form's two profiles, for each quarter turn.

    Attributes:
        turned: per turn, matrix from form millimetres to millimetres of the turned form, again from its top left.
        across, down: per turn, spectrum of unit energy of the profile along x and along y, (BINS // 2 + 1,) complex.
    """

    turned: tuple[FloatMatrix, ...]
    across: tuple[Spectrum, ...]
    down: tuple[Spectrum, ...]


@dataclass(frozen=True)
class PageProfiles:
    """Spectra of a levelled page's two profiles at every tried scale, (len(SCALES), BINS // 2 + 1) complex."""

    start: tuple[float, float]
    across: Spectrum
    down: Spectrum


@dataclass(frozen=True)
class Placement:
    """A guess at how a form lies: `form_to_level` sends form millimetres to millimetres of the levelled page."""

    score: float
    form_to_level: FloatMatrix


def profile_form(points_mm: Points, size_mm: tuple[float, float]) -> FormProfiles:
    """Spectra of a blank form from its dark points in millimetres."""
    turned, across, down = [], [], []
    for turn in QUARTER_TURNS:
        matrix = rotation(turn)
        corners = map_points(matrix, np.array([(0, 0), (size_mm[0], 0), (0, size_mm[1]), size_mm], np.float64))
        matrix = shift(*-corners.min(axis=0)) @ matrix
        places = map_points(matrix, points_mm)
        turned.append(matrix)
        across.append(_spectrum(_profile(places[:, 0], 0.0, 1.0)))
        down.append(_spectrum(_profile(places[:, 1], 0.0, 1.0)))
    return FormProfiles(tuple(turned), tuple(across), tuple(down))


def profile_page(points_mm: Points) -> PageProfiles:
    """Spectra of a page from its dark points, levelled, in millimetres; at least one point."""
    start = points_mm.min(axis=0)
    across = np.stack([_spectrum(_profile(points_mm[:, 0], float(start[0]), scale)) for scale in SCALES])
    down = np.stack([_spectrum(_profile(points_mm[:, 1], float(start[1]), scale)) for scale in SCALES])
    return PageProfiles((float(start[0]), float(start[1])), across, down)


def place_form(page: PageProfiles, form: FormProfiles) -> tuple[Placement, ...]:
    """The best scale and offset for each quarter turn, in the order of `QUARTER_TURNS`; scores are -1 to 1."""
    placements = []
    for turned, form_across, form_down in zip(form.turned, form.across, form.down, strict=True):
        across = np.fft.irfft(page.across * form_across.conj(), BINS, axis=1)
        down = np.fft.irfft(page.down * form_down.conj(), BINS, axis=1)
        scores = (across.max(axis=1) + down.max(axis=1)) / 2
        best = int(scores.argmax())
        scale = float(SCALES[best])
        offset = shift(
            page.start[0] + scale * BIN_MM * _signed(int(across[best].argmax())),
            page.start[1] + scale * BIN_MM * _signed(int(down[best].argmax())),
        )
        placements.append(Placement(float(scores[best]), offset @ scaling(scale) @ turned))
    return tuple(placements)


def _profile(places: NDArray[np.float64], start: float, scale: float) -> NDArray[np.float64]:
    bins = ((places - start) / (scale * BIN_MM)).astype(np.intp)
    return np.bincount(bins[(bins >= 0) & (bins < BINS // 2)], minlength=BINS)[:BINS].astype(np.float64)


def _spectrum(profile: NDArray[np.float64]) -> Spectrum:
    """Of the flattened profile; `irfft` of a product of two such spectra is their correlation, at most 1."""
    heights = np.sqrt(profile)
    softened = np.convolve(heights, (0.25, 0.5, 0.25), "same")
    flattened = softened - np.convolve(heights, np.full(TREND_BINS, 1 / TREND_BINS), "same")
    energy = float(np.sqrt((flattened**2).sum()))
    return np.fft.rfft(flattened / energy if energy else flattened)


def _signed(shift_bins: int) -> int:
    return shift_bins - BINS if shift_bins >= BINS // 2 else shift_bins
