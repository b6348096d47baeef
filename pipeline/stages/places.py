"""Places where a form may lie on a page, and how well each fits once its anchors are found."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from pipeline.document import FloatMatrix, FormTemplate, Page, Point
from pipeline.stages.anchors import CLOSE_REACH, WIDE_REACH, Anchor, Finds, find_anchors
from pipeline.stages.fitting import bend_of, fit_plane, print_agreement
from pipeline.stages.plane import Points, inverse, map_points, scale_of
from pipeline.stages.prepared import WORKING_DPI, PreparedPage, PreparedTemplate
from pipeline.stages.profiles import place_form, profile_page
from pipeline.stages.views import ReducedPage, View, reduce_page, scanned_views

OUTLIER_MM = (1.5, 0.5)
"""An anchor farther than this from the first and the second fit was found in the wrong place."""
MIN_PRINT_FOUND = 0.25
"""Rough places with less of the print on dark pixels are not looked at: right ones measure 0.5 to 0.9."""
MAX_STRETCH, MAX_STRETCH_LEANING = 1.04, 1.15
"""Scanners stretch one direction by up to 2 %, a phone leaning by 20 degrees by 6 %; more is a wrong fit."""
LEANING, MAX_BEND = 1.01, 1.6
"""Sizes at the corners that differ by the first ratio tell a photograph, by more than the second a wrong fit."""
SAME_PLACE_MM = 3.0
"""Fits of one form that put its corner and its middle nearer than this found the same place."""


@dataclass(frozen=True)
class Candidate:
    """A rough place of a form: `score` is the share of its print that is dark there, less chance, at most 1."""

    prepared: PreparedTemplate
    page: PreparedPage
    mm_to_page: FloatMatrix
    score: float

    @property
    def template(self) -> FormTemplate:
        return self.prepared.template


@dataclass(frozen=True)
class Fit:
    """A candidate whose anchors were found.

    Attributes:
        agreement: of page and blank form in small tiles, 0 to 1.
        residual_px: robust mean distance of found from expected anchors, page pixels.
        found_share: share of the anchors on the page that were found where they fit.
        fitting: number of these.
        expected, found: (N, 2) places of the anchors that were found, page pixels.
    """

    candidate: Candidate
    mm_to_page: FloatMatrix
    agreement: float
    residual_px: float
    found_share: float
    fitting: int
    expected: Points
    found: Points

    @property
    def score(self) -> float:
        """Print must agree and anchors be found: a table shifted by a row agrees, but loses the anchors at its ends."""
        return self.agreement * self.found_share

    @property
    def middle_mm(self) -> tuple[float, float]:
        return _middle(self.candidate.template)

    @property
    def anchors(self) -> tuple[tuple[Point, Point], ...]:
        return tuple(
            ((float(ex), float(ey)), (float(x), float(y)))
            for (ex, ey), (x, y) in zip(self.expected, self.found, strict=True)
        )


def _middle(template: FormTemplate) -> tuple[float, float]:
    return template.page_size_mm[0] / 2, template.page_size_mm[1] / 2


def find_candidates(reduced: ReducedPage, view: View, prepared: Sequence[PreparedTemplate]) -> Iterator[Candidate]:
    """Rough places of all forms in every quarter turn, for one way of seeing the page."""
    profiles = profile_page(view.dark_mm)
    full_to_coarse = inverse(reduced.coarse_to_full)
    for one in prepared:
        if view.size_mm not in (None, one.template.page_size_mm):
            continue
        for form_page in one.pages:
            for placement in place_form(profiles, form_page.profiles):
                mm_to_page = view.flat_to_page @ placement.form_to_level
                found = _print_found(reduced, form_page.print_mm, full_to_coarse @ mm_to_page)
                yield Candidate(one, form_page, mm_to_page, found)


def _print_found(reduced: ReducedPage, print_mm: Points, mm_to_coarse: FloatMatrix) -> float:
    """Share of the printed places that are dark on the page, less what chance would give; at most 1."""
    places = np.rint(map_points(mm_to_coarse, print_mm)).astype(np.intp)
    height, width = reduced.is_near_dark.shape
    x, y = places[:, 0], places[:, 1]
    on_page = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    found = np.count_nonzero(reduced.is_near_dark[y[on_page], x[on_page]]) / max(1, len(places))
    return (found - reduced.chance) / max(1 - reduced.chance, 0.01)


def fit_candidate(reduced: ReducedPage, candidate: Candidate) -> Fit | None:
    """Two rounds of looking for anchors and fitting: wide, then close; None when too few are found."""
    form = candidate.page
    full_to_reduced = inverse(reduced.to_full)
    fitted = candidate.mm_to_page
    for reach, outlier_mm in zip((WIDE_REACH, CLOSE_REACH), OUTLIER_MM, strict=True):
        finds = find_anchors(form.anchors, reduced.gray, full_to_reduced @ fitted @ form.work_to_mm, reach)
        places_mm, found = map_points(form.work_to_mm, finds.form), map_points(reduced.to_full, finds.page)
        # The correction is fitted on the form: a few anchors then keep the perspective that the outline gave.
        correction = fit_plane(Finds(places_mm, map_points(inverse(fitted), found), finds.ncc), outlier_mm)
        if correction is None or not _is_sound(fitted @ correction, candidate.template.page_size_mm):
            return None
        fitted = fitted @ correction
    px_per_mm = scale_of(fitted, _middle(candidate.template))
    expected = map_points(fitted, places_mm)
    misses = np.linalg.norm(expected - found, axis=1)
    fitting = misses <= OUTLIER_MM[1] * px_per_mm
    work_to_reduced = full_to_reduced @ fitted @ form.work_to_mm
    on_page = _count_on_page(form.anchors, work_to_reduced, reduced.gray.shape)
    return Fit(
        candidate,
        fitted,
        agreement=print_agreement(reduced.gray, work_to_reduced, form.tiles),
        residual_px=float(np.sort(misses)[: max(1, 3 * len(misses) // 4)].mean()),
        found_share=min(1.0, float(fitting.sum()) / max(1, on_page)),
        fitting=int(fitting.sum()),
        expected=expected,
        found=found,
    )


def _count_on_page(anchors: Sequence[Anchor], form_to_page: FloatMatrix, shape: tuple[int, ...]) -> int:
    places = map_points(form_to_page, np.array([anchor.middle for anchor in anchors]))
    return int(((places >= 0) & (places < (shape[1], shape[0]))).all(axis=1).sum())


def is_same_place(one: Fit, other: Fit) -> bool:
    """Whether two fits of one form found the same place, the same way up."""
    return _is_near(one.mm_to_page, other.mm_to_page, one.middle_mm)


def _is_near(one: FloatMatrix, other: FloatMatrix, middle_mm: tuple[float, float]) -> bool:
    places = np.array([(0.0, 0.0), middle_mm])
    apart = np.linalg.norm(map_points(one, places) - map_points(other, places), axis=1)
    return float(apart.max()) < SAME_PLACE_MM * scale_of(one, middle_mm)


@lru_cache(maxsize=256)
def self_likeness(prepared: PreparedTemplate, form: PreparedPage) -> float:
    """Best score of a form laid wrongly on itself: 0 to 0.2 with text on it, up to 0.6 for a table of bare rules."""
    blank = Page(1, form.work, WORKING_DPI)
    reduced = reduce_page(blank)
    alone = [PreparedTemplate(prepared.template, (form,))]
    scores = [0.0]
    for view in scanned_views(blank, reduced, 0.0, ()) if reduced.has_print else ():
        for candidate in find_candidates(reduced, view, alone):
            fit = fit_candidate(reduced, candidate) if candidate.score >= MIN_PRINT_FOUND else None
            if fit is not None and not _is_near(fit.mm_to_page, inverse(form.work_to_mm), fit.middle_mm):
                scores.append(fit.score)
    return max(scores)


def _is_sound(mm_to_page: FloatMatrix, size_mm: tuple[float, float]) -> bool:
    """Whether a scanner or a phone may have seen the form like this: not mirrored, not torn out of shape."""
    bend = bend_of(mm_to_page, size_mm)
    if bend > MAX_BEND:
        return False
    x, y = size_mm[0] / 2, size_mm[1] / 2
    around = np.array([(x, y), (x + 1, y), (x, y + 1)])
    origin, right, down = map_points(mm_to_page, around)
    local = np.column_stack([right - origin, down - origin])
    stretch = np.linalg.svd(local, compute_uv=False)
    limit = MAX_STRETCH_LEANING if bend > LEANING else MAX_STRETCH
    return float(np.linalg.det(local)) > 0 and float(stretch[0] / stretch[1]) <= limit
