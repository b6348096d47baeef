"""Which form is a page, and how does it lie: quarter turn, skew, scale and offset, or a loud failure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import FloatMatrix, FormTemplate, Page, Point, Registration, RegistrationStatus
from pipeline.stages.anchors import CLOSE_REACH, WIDE_REACH, Anchor, Finds, find_anchors
from pipeline.stages.fitting import fit_affine, print_agreement
from pipeline.stages.plane import (
    Points,
    angle_deg,
    inverse,
    map_points,
    pixels_to_pixels,
    rotation,
    scale_of,
    scaling,
)
from pipeline.stages.prepared import WORKING_DPI, PreparedPage, PreparedTemplate, prepare_template
from pipeline.stages.profiles import place_form, profile_page
from pipeline.stages.skew import MIN_POINTS, SKEW_DPI, dark_points, estimate_skew
from recognizer.readings import GrayImage

MM_PER_INCH = 25.4
OUTLIER_MM = (1.5, 0.5)
"""An anchor farther than this from the first and the second fit was found in the wrong place."""
DECISIVE_SCORE = 0.8
"""After a find this good only rivals are tried: forms of which nearly as much print is found at first glance."""
RIVAL_MARGIN = 0.15
MIN_PRINT_FOUND = 0.25
"""Rough places with less of the print on dark pixels are not looked at: right ones measure 0.5 to 0.9."""
MAX_STRETCH = 1.04
"""Scanners stretch one direction by up to 2 %; more is a wrong fit. Photographs may reach this after perspective."""


@dataclass(frozen=True, slots=True)
class RegisterOptions:
    """What is still taken as the form.

    Attributes:
        min_score: least agreement of the printed form, 0 to 1. Right forms measure 0.7 to 1, mirrored ones up to 0.61.
        max_residual_mm: greatest mean distance between anchors and where the fit expects them.
        min_found_share: least share of the anchors on the page that must fit.
        min_lead: how much better than any other form the chosen one must agree. Forms that differ in their heading only
            measure 0.02 to 0.07 while it is visible, 0.002 when it is not.
        tries: forms and turns tried, likeliest first.
    """

    min_score: float = 0.65
    max_residual_mm: float = 0.35
    min_found_share: float = 0.5
    min_lead: float = 0.005
    tries: int = 6


@dataclass(frozen=True)
class _Candidate:
    template: FormTemplate
    page: PreparedPage
    mm_to_page: FloatMatrix
    score: float


@dataclass(frozen=True)
class _Fit:
    candidate: _Candidate
    mm_to_page: FloatMatrix
    score: float
    residual_px: float
    found_share: float
    expected: Points
    found: Points

    @property
    def anchors(self) -> tuple[tuple[Point, Point], ...]:
        return tuple(
            ((float(ex), float(ey)), (float(x), float(y)))
            for (ex, ey), (x, y) in zip(self.expected, self.found, strict=True)
        )


@dataclass(frozen=True)
class _ReducedPage:
    """The page at about `WORKING_DPI` and its skew; at about `SKEW_DPI` its dark points and the pixels near them."""

    gray: GrayImage
    to_full: FloatMatrix
    dark: Points
    dark_to_full: FloatMatrix
    is_near_dark: NDArray[np.bool_]
    skew_deg: float


def register_page(
    page: Page, templates: Sequence[FormTemplate], options: RegisterOptions | None = None
) -> Registration:
    """Decide which form a page is and align it.

    Args:
        page: any quarter turn, skewed by up to 12 degrees; 90 to 110 % of the form's size at `page.dpi`, or filling
            the picture when that is doubtful.
        templates: the forms it may be; none means that fields will be found without a template.

    Returns:
        OK with `mm_to_page`, `residual_px` and `score`; FAILED when no form fits; NOT_NEEDED without templates.
        `skew_deg` is filled in every case, 0 for a page without print.
    """
    options = options or RegisterOptions()
    reduced = _reduce(page)
    skew = reduced.skew_deg
    if not templates:
        return Registration(RegistrationStatus.NOT_NEEDED, skew_deg=skew)
    if len(reduced.dark) < MIN_POINTS:
        return Registration(RegistrationStatus.FAILED)
    candidates = sorted(_candidates(page, reduced, templates), key=lambda c: -c.score)
    fits = _try_likely(reduced, candidates, options.tries)
    good = [fit for fit in fits if _is_good(fit, options)]
    best = max(good, key=lambda fit: fit.score, default=None)
    if best is None or _has_equal_rival(best, good, options):
        score = max((fit.score for fit in fits), default=0.0)
        return Registration(RegistrationStatus.FAILED, score=score, skew_deg=skew)
    width, height = best.candidate.template.page_size_mm
    turn = angle_deg(best.mm_to_page, (width / 2, height / 2))
    quarters = round(turn / 90)
    return Registration(
        RegistrationStatus.OK,
        template=best.candidate.template,
        template_page=best.candidate.page.number,
        mm_to_page=best.mm_to_page,
        residual_px=best.residual_px,
        score=best.score,
        rotation_deg=quarters * 90 % 360,
        skew_deg=turn - quarters * 90,
        anchors=best.anchors,
    )


def _try_likely(reduced: _ReducedPage, candidates: Sequence[_Candidate], tries: int) -> list[_Fit]:
    """Fits of the likeliest candidates, until one is decisive and the next ones are no rivals of it."""
    fits: list[_Fit] = []
    best: _Fit | None = None
    for candidate in candidates[:tries]:
        is_rival = best is None or candidate.score > best.candidate.score - RIVAL_MARGIN
        if candidate.score < MIN_PRINT_FOUND or (best and best.score >= DECISIVE_SCORE and not is_rival):
            break
        fit = _fit_anchors(reduced, candidate)
        if fit is not None:
            fits.append(fit)
            best = max(fits, key=lambda one: one.score)
    return fits


def _has_equal_rival(best: _Fit, good: Sequence[_Fit], options: RegisterOptions) -> bool:
    """Whether another form, or another page of it, agrees as well: the part that tells them apart cannot be seen."""
    return any(
        fit.candidate.page is not best.candidate.page and fit.score > best.score - options.min_lead for fit in good
    )


def _reduce(page: Page) -> _ReducedPage:
    """At a doubtful resolution the page counts as A4 on its longer side: wrong by a half either way still serves."""
    height, width = page.gray.shape
    dpi = max(height, width) / 297 * MM_PER_INCH if page.is_dpi_doubtful else page.dpi
    factor = max(1, round(dpi / WORKING_DPI))
    gray = _shrink(page.gray, factor)
    coarse_factor = max(1, round(dpi / factor / SKEW_DPI))
    coarse = _shrink(gray, coarse_factor)
    dark = dark_points(coarse)
    to_full = pixels_to_pixels(factor, factor)
    is_dark = np.zeros(coarse.shape, np.uint8)
    is_dark[dark[:, 1].astype(np.intp), dark[:, 0].astype(np.intp)] = 1
    is_near_dark = np.asarray(cv2.dilate(is_dark, np.ones((3, 3), np.uint8)) > 0)
    dark_to_full = to_full @ pixels_to_pixels(coarse_factor, coarse_factor)
    return _ReducedPage(gray, to_full, dark, dark_to_full, is_near_dark, estimate_skew(dark))


def _shrink(gray: GrayImage, factor: int) -> GrayImage:
    """Area averages over squares of `factor` pixels; what does not fill a square at the right and bottom is cut."""
    height, width = (max(1, side // factor) for side in gray.shape)
    whole = gray[: height * factor, : width * factor]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _candidates(page: Page, reduced: _ReducedPage, templates: Sequence[FormTemplate]) -> Iterator[_Candidate]:
    level_px = map_points(rotation(-reduced.skew_deg) @ reduced.dark_to_full, reduced.dark)
    for px_per_mm, prepared in _sizes(page, [prepare_template(template) for template in templates]):
        profiles = profile_page(level_px / px_per_mm)
        level_to_page = rotation(reduced.skew_deg) @ scaling(px_per_mm)
        for template, form_page in prepared:
            for placement in place_form(profiles, form_page.profiles):
                mm_to_page = level_to_page @ placement.form_to_level
                yield _Candidate(template, form_page, mm_to_page, _print_found(reduced, form_page.print_mm, mm_to_page))


def _print_found(reduced: _ReducedPage, print_mm: Points, mm_to_page: FloatMatrix) -> float:
    """Share of the printed places that are dark on the page, less what chance would give; at most 1."""
    places = map_points(inverse(reduced.dark_to_full) @ mm_to_page, print_mm).round().astype(np.intp)
    height, width = reduced.is_near_dark.shape
    x, y = places[:, 0], places[:, 1]
    on_page = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    found = float(reduced.is_near_dark[y[on_page], x[on_page]].sum()) / max(1, len(places))
    chance = float(reduced.is_near_dark.mean())
    return (found - chance) / max(1 - chance, 0.01)


def _sizes(
    page: Page, prepared: Sequence[PreparedTemplate]
) -> Iterator[tuple[float, list[tuple[FormTemplate, PreparedPage]]]]:
    """Resolutions worth trying, each with the forms it is tried for."""
    everything = [(one.template, form_page) for one in prepared for form_page in one.pages]
    yield page.dpi / MM_PER_INCH, everything
    if not page.is_dpi_doubtful:
        return
    by_size: dict[tuple[float, float], list[tuple[FormTemplate, PreparedPage]]] = {}
    for template, form_page in everything:
        by_size.setdefault(template.page_size_mm, []).append((template, form_page))
    for (width_mm, height_mm), forms in by_size.items():
        filling = float(np.sqrt(page.gray.size / (width_mm * height_mm)))
        if abs(filling * MM_PER_INCH / page.dpi - 1) > 0.05:
            yield filling, forms


def _fit_anchors(reduced: _ReducedPage, candidate: _Candidate) -> _Fit | None:
    """Two rounds of looking for anchors and fitting: wide, then close; None when too few are found."""
    form = candidate.page
    full_to_reduced = inverse(reduced.to_full)
    px_per_mm = scale_of(candidate.mm_to_page)
    fitted = candidate.mm_to_page
    for reach, outlier_mm in zip((WIDE_REACH, CLOSE_REACH), OUTLIER_MM, strict=True):
        finds = find_anchors(form.anchors, reduced.gray, full_to_reduced @ fitted @ form.work_to_mm, reach)
        in_mm = Finds(map_points(form.work_to_mm, finds.form), map_points(reduced.to_full, finds.page), finds.ncc)
        refit = fit_affine(in_mm, outlier_mm * px_per_mm)
        if refit is None:
            return None
        fitted = refit
    expected = map_points(fitted, in_mm.form)
    misses = np.linalg.norm(expected - in_mm.page, axis=1)
    fitting = misses <= OUTLIER_MM[1] * px_per_mm
    on_page = _count_on_page(form.anchors, full_to_reduced @ fitted @ form.work_to_mm, reduced.gray.shape)
    return _Fit(
        candidate,
        fitted,
        score=print_agreement(reduced.gray, full_to_reduced @ fitted @ form.work_to_mm, form.work, form.weights),
        residual_px=float(np.sort(misses)[: max(1, 3 * len(misses) // 4)].mean()),
        found_share=float(fitting.sum()) / max(1, on_page),
        expected=expected,
        found=in_mm.page,
    )


def _count_on_page(anchors: Sequence[Anchor], form_to_page: FloatMatrix, shape: tuple[int, ...]) -> int:
    places = map_points(form_to_page, np.array([anchor.middle for anchor in anchors]))
    return int(((places >= 0) & (places < (shape[1], shape[0]))).all(axis=1).sum())


def _is_good(fit: _Fit, options: RegisterOptions) -> bool:
    size = fit.candidate.template.page_size_mm
    middle = (size[0] / 2, size[1] / 2)
    px_per_mm = scale_of(fit.mm_to_page, middle)
    stretch = np.linalg.svd(fit.mm_to_page[:2, :2], compute_uv=False)
    return (
        fit.score >= options.min_score
        and fit.residual_px <= options.max_residual_mm * px_per_mm
        and fit.found_share >= options.min_found_share
        and float(stretch[0] / stretch[1]) <= MAX_STRETCH
        and float(np.linalg.det(fit.mm_to_page[:2, :2])) > 0
    )
