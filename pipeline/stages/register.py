"""Which form is a page, and how does it lie: turn, skew, scale, offset and perspective, or a loud failure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pipeline.document import FormTemplate, Page, Registration, RegistrationStatus
from pipeline.stages.places import (
    MIN_PRINT_FOUND,
    Candidate,
    Fit,
    find_candidates,
    fit_candidate,
    is_same_place,
    self_likeness,
)
from pipeline.stages.plane import angle_deg, scale_of
from pipeline.stages.prepared import PreparedTemplate, prepare_template
from pipeline.stages.skew import estimate_skew
from pipeline.stages.views import ReducedPage, View, paper_views, reduce_page, scanned_views

DECISIVE_SCORE = 0.8
"""After a find this good only rivals are tried: forms of which nearly as much print is found at first glance."""
RIVAL_MARGIN = 0.15
TIGHT_ANCHORS, TIGHT_MM = 6, 0.1
"""So many anchors this near to where they are expected are a tight fit: on real cheques 0.02 to 0.06 mm, on a form that
shares some print with another 0.3 mm and more."""


@dataclass(frozen=True, slots=True)
class RegisterOptions:
    """What is still taken as the form.

    Attributes:
        min_score: least agreement of the printed form, 0 to 1. On drawn pages under adverse conditions right places
            measure 0.8 and more in 95 of 100, wrong ones of forms with text up to 0.15. Real cheques against another
            one of their bank, writing and all, measure 0.32 to 0.76.
        min_score_tight: the same where many anchors lie where the fit puts them to a hair, which chance never does.
        min_score_bare: the same of forms with hardly any print beside their boxes: boxes alone may be another form's.
        max_residual_mm: greatest mean distance between anchors and where the fit expects them.
        min_lead: how much better than any other form the chosen one must agree. Forms that differ in their heading only
            measure 0.02 to 0.07 while it is visible, 0.002 when it is not.
        min_place_lead: how much better than the same form in another place, and than the blank form laid wrongly on
            itself: other rows of a table and corner marks upside down measure up to 0.53.
        tries: forms and turns tried, likeliest first, for each way of seeing the page.
    """

    min_score: float = 0.45
    min_score_tight: float = 0.3
    min_score_bare: float = 0.62
    max_residual_mm: float = 0.35
    min_lead: float = 0.005
    min_place_lead: float = 0.1
    tries: int = 6


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
    if best is None or best.score < DECISIVE_SCORE or page.is_dpi_doubtful:
        # A photograph of little print fits well enough without the outline to hide what its lean does elsewhere.
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
) -> list[Fit]:
    candidates = [candidate for view in views for candidate in find_candidates(reduced, view, prepared)]
    return _try_likely(reduced, sorted(candidates, key=lambda c: -c.score), options.tries)


def _try_likely(reduced: ReducedPage, candidates: Sequence[Candidate], tries: int) -> list[Fit]:
    """Fits of the likeliest candidates, until one is decisive and the next ones are no rivals of it."""
    fits: list[Fit] = []
    best: Fit | None = None
    for candidate in candidates[:tries]:
        is_rival = best is None or candidate.score > best.candidate.score - RIVAL_MARGIN
        if candidate.score < MIN_PRINT_FOUND or (best and best.score >= DECISIVE_SCORE and not is_rival):
            break
        fit = fit_candidate(reduced, candidate)
        if fit is not None:
            fits.append(fit)
            best = max(fits, key=lambda one: one.score)
    return fits


def _best(fits: Sequence[Fit], options: RegisterOptions) -> Fit | None:
    """The fit that agrees best, if it is good and no other one is nearly as good."""
    good = [fit for fit in fits if _is_good(fit, options)]
    best = max(good, key=lambda fit: fit.score, default=None)
    return None if best is None or any(_is_equal_rival(fit, best, options) for fit in good) else best


def _is_equal_rival(fit: Fit, best: Fit, options: RegisterOptions) -> bool:
    """Whether another form, or another page or place of it, agrees as well: what tells them apart cannot be seen."""
    if fit.candidate.page is not best.candidate.page:
        return fit.score > best.score - options.min_lead
    return not is_same_place(fit, best) and fit.score > best.score - options.min_place_lead


def _is_good(fit: Fit, options: RegisterOptions) -> bool:
    form = fit.candidate.page
    px_per_mm = scale_of(fit.mm_to_page, fit.middle_mm)
    is_tight = fit.fitting >= TIGHT_ANCHORS and fit.residual_px <= TIGHT_MM * px_per_mm
    min_score = options.min_score_tight if is_tight else options.min_score
    min_score = options.min_score_bare if form.is_bare else min_score
    min_score = max(min_score, self_likeness(fit.candidate.prepared, form) + options.min_place_lead)
    return fit.score >= min_score and fit.residual_px <= options.max_residual_mm * px_per_mm
