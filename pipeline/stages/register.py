"""Which form is a page, and how does it lie: turn, skew, scale, offset and perspective, or a loud failure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.document import FloatMatrix, FormTemplate, Page, Point, Registration, RegistrationStatus
from pipeline.stages.anchors import CLOSE_REACH, WIDE_REACH, Anchor, Finds, find_anchors
from pipeline.stages.fitting import bend_of, fit_plane, print_agreement
from pipeline.stages.plane import Points, angle_deg, inverse, map_points, scale_of
from pipeline.stages.prepared import PreparedPage, PreparedTemplate, prepare_template
from pipeline.stages.profiles import place_form, profile_page
from pipeline.stages.skew import estimate_skew
from pipeline.stages.views import ReducedPage, View, paper_views, reduce_page, scanned_views

OUTLIER_MM = (1.5, 0.5)
"""An anchor farther than this from the first and the second fit was found in the wrong place."""
DECISIVE_SCORE = 0.8
"""After a find this good only rivals are tried: forms of which nearly as much print is found at first glance."""
RIVAL_MARGIN = 0.15
MIN_PRINT_FOUND = 0.25
"""Rough places with less of the print on dark pixels are not looked at: right ones measure 0.5 to 0.9."""
MAX_STRETCH, MAX_STRETCH_LEANING = 1.04, 1.15
"""Scanners stretch one direction by up to 2 %, a phone leaning by 20 degrees by 6 %; more is a wrong fit."""
LEANING, MAX_BEND = 1.01, 1.6
"""Sizes at the corners that differ by the first ratio tell a photograph, by more than the second a wrong fit."""
SAME_PLACE_MM = 3.0
"""Fits of one form that put its middle nearer than this, either way up, found the same place."""


@dataclass(frozen=True, slots=True)
class RegisterOptions:
    """What is still taken as the form.

    Attributes:
        min_score: least agreement of the printed form, 0 to 1. On drawn pages under adverse conditions right places
            measure 0.8 and more in 95 of 100, wrong ones (other rows of a table, upside down) up to 0.53.
        max_residual_mm: greatest mean distance between anchors and where the fit expects them.
        min_lead: how much better than any other form the chosen one must agree. Forms that differ in their heading only
            measure 0.02 to 0.07 while it is visible, 0.002 when it is not.
        min_place_lead: how much better than the same form in another place.
        tries: forms and turns tried, likeliest first, for each way of seeing the page.
    """

    min_score: float = 0.62
    max_residual_mm: float = 0.35
    min_lead: float = 0.005
    min_place_lead: float = 0.1
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
    agreement: float
    residual_px: float
    found_share: float
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


def register_page(
    page: Page, templates: Sequence[FormTemplate], options: RegisterOptions | None = None
) -> Registration:
    """Decide which form a page is and align it.

    Args:
        page: any quarter turn, skewed by up to 12 degrees, 90 to 110 % of the form's size at `page.dpi`; or filling
            the picture when that is doubtful; or photographed at a lean, when the outline of the paper can be seen.
        templates: the forms it may be; none means that fields will be found without a template.

    Returns:
        OK with `mm_to_page`, `residual_px` and `score`; FAILED when no form fits; NOT_NEEDED without templates.
        `skew_deg` is filled in every case, 0 for a page without print.
    """
    options = options or RegisterOptions()
    reduced = reduce_page(page)
    skew = estimate_skew(reduced.dark)
    if not templates:
        return Registration(RegistrationStatus.NOT_NEEDED, skew_deg=skew)
    if not reduced.has_print:
        return Registration(RegistrationStatus.FAILED)
    prepared = [prepare_template(template) for template in templates]
    sizes = sorted({template.page_size_mm for template in templates})
    fits = _try_views(reduced, scanned_views(page, reduced, skew, sizes), prepared, options)
    best = _best(fits, options)
    if best is None or best.score < DECISIVE_SCORE:
        fits += _try_views(reduced, paper_views(reduced, sizes), prepared, options)
        best = _best(fits, options)
    if best is None:
        score = max((fit.score for fit in fits), default=0.0)
        return Registration(RegistrationStatus.FAILED, score=score, skew_deg=skew)
    turn = angle_deg(best.mm_to_page, best.middle_mm)
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


def _try_views(
    reduced: ReducedPage, views: Iterable[View], prepared: Sequence[PreparedTemplate], options: RegisterOptions
) -> list[_Fit]:
    candidates = [candidate for view in views for candidate in _candidates(reduced, view, prepared)]
    return _try_likely(reduced, sorted(candidates, key=lambda c: -c.score), options.tries)


def _try_likely(reduced: ReducedPage, candidates: Sequence[_Candidate], tries: int) -> list[_Fit]:
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


def _best(fits: Sequence[_Fit], options: RegisterOptions) -> _Fit | None:
    """The fit that agrees best, if it is good and no other one is nearly as good."""
    good = [fit for fit in fits if _is_good(fit, options)]
    best = max(good, key=lambda fit: fit.score, default=None)
    return None if best is None or any(_is_equal_rival(fit, best, options) for fit in good) else best


def _is_equal_rival(fit: _Fit, best: _Fit, options: RegisterOptions) -> bool:
    """Whether another form, or another page or place of it, agrees as well: what tells them apart cannot be seen."""
    if fit.candidate.page is not best.candidate.page:
        return fit.score > best.score - options.min_lead
    return not _is_same_place(fit, best) and fit.score > best.score - options.min_place_lead


def _is_same_place(one: _Fit, other: _Fit) -> bool:
    places = np.array([(0.0, 0.0), one.middle_mm])
    apart = np.linalg.norm(map_points(one.mm_to_page, places) - map_points(other.mm_to_page, places), axis=1)
    return float(apart.max()) < SAME_PLACE_MM * scale_of(one.mm_to_page, one.middle_mm)


def _candidates(reduced: ReducedPage, view: View, prepared: Sequence[PreparedTemplate]) -> Iterator[_Candidate]:
    profiles = profile_page(view.dark_mm)
    for one in prepared:
        if view.size_mm not in (None, one.template.page_size_mm):
            continue
        for form_page in one.pages:
            for placement in place_form(profiles, form_page.profiles):
                mm_to_page = view.flat_to_page @ placement.form_to_level
                found = _print_found(reduced, form_page.print_mm, mm_to_page)
                yield _Candidate(one.template, form_page, mm_to_page, found)


def _print_found(reduced: ReducedPage, print_mm: Points, mm_to_page: FloatMatrix) -> float:
    """Share of the printed places that are dark on the page, less what chance would give; at most 1."""
    places = map_points(inverse(reduced.coarse_to_full) @ mm_to_page, print_mm).round().astype(np.intp)
    height, width = reduced.is_near_dark.shape
    x, y = places[:, 0], places[:, 1]
    on_page = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    found = float(reduced.is_near_dark[y[on_page], x[on_page]].sum()) / max(1, len(places))
    chance = float(reduced.is_near_dark.mean())
    return (found - chance) / max(1 - chance, 0.01)


def _fit_anchors(reduced: ReducedPage, candidate: _Candidate) -> _Fit | None:
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
    return _Fit(
        candidate,
        fitted,
        agreement=print_agreement(reduced.gray, work_to_reduced, form.work, form.weights),
        residual_px=float(np.sort(misses)[: max(1, 3 * len(misses) // 4)].mean()),
        found_share=min(1.0, float(fitting.sum()) / max(1, on_page)),
        expected=expected,
        found=found,
    )


def _count_on_page(anchors: Sequence[Anchor], form_to_page: FloatMatrix, shape: tuple[int, ...]) -> int:
    places = map_points(form_to_page, np.array([anchor.middle for anchor in anchors]))
    return int(((places >= 0) & (places < (shape[1], shape[0]))).all(axis=1).sum())


def _is_good(fit: _Fit, options: RegisterOptions) -> bool:
    px_per_mm = scale_of(fit.mm_to_page, fit.middle_mm)
    return fit.score >= options.min_score and fit.residual_px <= options.max_residual_mm * px_per_mm


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
