"""Rough place of a form on a page: turn, scale and offset from projection profiles, for every form at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.document import FloatMatrix
from pipeline.stages.plane import Points, map_points, rotation, scaling, shift

BIN_MM = 0.75
"""Half the height of small print: fine enough to tell text lines apart, coarse enough to forgive 1 % of scale."""
BINS = 1024
"""768 mm of profile: twice an A3 page, so that shifted profiles never meet their own end."""
FINE_BINS = 32
"""Parts of a bin, 0.02 mm, in which places are counted once for all scales."""
SCALES = np.linspace(0.88, 1.12, 33)
"""Tried sizes of the print relative to the form: 90 to 110 % and a little room."""
FORM_SCALE = np.ones(1)
TREND_BINS = 15
"""Profiles are flattened over this many bins, so that shadows and dark rims say nothing."""
PEAKS_PER_AXIS = 3
PLACES_PER_TURN = 4
APART_BINS = 6
"""Places nearer than this, 4.5 mm, are the same: anchors are looked for that far around."""
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
        across.append(_spectra(_profiles(places[:, 0], 0.0, FORM_SCALE))[0])
        down.append(_spectra(_profiles(places[:, 1], 0.0, FORM_SCALE))[0])
    return FormProfiles(tuple(turned), tuple(across), tuple(down))


def profile_page(points_mm: Points) -> PageProfiles:
    """Spectra of a page from its dark points, levelled, in millimetres; at least one point."""
    start = points_mm.min(axis=0)
    across = _spectra(_profiles(points_mm[:, 0], float(start[0]), SCALES))
    down = _spectra(_profiles(points_mm[:, 1], float(start[1]), SCALES))
    return PageProfiles((float(start[0]), float(start[1])), across, down)


def place_form(page: PageProfiles, form: FormProfiles) -> tuple[Placement, ...]:
    """Likely places in every quarter turn, `PLACES_PER_TURN` at most each; scores are -1 to 1.

    Several, because a page that lacks a part may show its strongest profile in the wrong place.
    """
    return tuple(
        placement
        for turned, across, down in zip(form.turned, form.across, form.down, strict=True)
        for placement in _place_turned(page, turned, across, down)
    )


def _place_turned(
    page: PageProfiles, turned: FloatMatrix, form_across: Spectrum, form_down: Spectrum
) -> Iterator[Placement]:
    offsets_x, heights_x = _peaks(np.fft.irfft(page.across * form_across.conj(), BINS, axis=1))
    offsets_y, heights_y = _peaks(np.fft.irfft(page.down * form_down.conj(), BINS, axis=1))
    scores = (heights_x[:, :, None] + heights_y[:, None, :]) / 2
    found: list[tuple[int, int]] = []
    for choice in np.argsort(-scores, axis=None):
        scale_index, peak_x, peak_y = np.unravel_index(choice, scores.shape)
        x, y = int(offsets_x[scale_index, peak_x]), int(offsets_y[scale_index, peak_y])
        if any(abs(x - other_x) + abs(y - other_y) < 2 * APART_BINS for other_x, other_y in found):
            continue
        found.append((x, y))
        scale = float(SCALES[scale_index])
        offset = shift(page.start[0] + scale * BIN_MM * x, page.start[1] + scale * BIN_MM * y)
        score = float(scores[scale_index, peak_x, peak_y])
        yield Placement(score, offset @ scaling(scale) @ turned)
        if len(found) == PLACES_PER_TURN:
            return


def _peaks(correlations: NDArray[np.float64]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Offsets in bins, negative ones included, and heights of the best peaks at each scale: (S, P) each."""
    left = correlations.copy()
    rows = np.arange(len(left))
    around = np.arange(-APART_BINS, APART_BINS + 1)
    places, heights = [], []
    for _ in range(PEAKS_PER_AXIS):
        best = left.argmax(axis=1)
        places.append(np.where(best >= BINS // 2, best - BINS, best))
        heights.append(left[rows, best])
        left[rows[:, None], (best[:, None] + around) % BINS] = -1
    return np.stack(places, axis=1), np.stack(heights, axis=1)


def _profiles(places: NDArray[np.float64], start: float, scales: NDArray[np.float64]) -> NDArray[np.float64]:
    """(scales, BINS) how many places lie in each bin at each scale, from `start` on, the second half empty."""
    edges = np.rint(scales[:, None] * (FINE_BINS * np.arange(BINS // 2 + 1))).astype(np.intp)
    fine = np.ceil((places - start) * (FINE_BINS / BIN_MM)).astype(np.intp).clip(0, edges.max() + 1)
    below = np.cumsum(np.bincount(fine, minlength=int(edges.max()) + 2))
    profiles = np.zeros((len(scales), BINS))
    profiles[:, : BINS // 2] = np.diff(below[edges], axis=1)
    return profiles


def _spectra(profiles: NDArray[np.float64]) -> Spectrum:
    """Of flattened profiles, a row each; `irfft` of a product of two such spectra is their correlation, at most 1."""
    side = TREND_BINS // 2
    heights = np.pad(np.sqrt(profiles), ((0, 0), (side, side)))
    sums = np.cumsum(np.pad(heights, ((0, 0), (1, 0))), axis=1)
    trend = (sums[:, TREND_BINS:] - sums[:, :-TREND_BINS]) / TREND_BINS
    middle = slice(side, side + BINS)
    softened = 0.5 * heights[:, middle] + 0.25 * (
        heights[:, side - 1 : side - 1 + BINS] + heights[:, side + 1 :][:, :BINS]
    )
    flattened = softened - trend
    energy = np.sqrt((flattened**2).sum(axis=1, keepdims=True))
    return np.fft.rfft(flattened / np.where(energy > 0, energy, 1.0), axis=1)
