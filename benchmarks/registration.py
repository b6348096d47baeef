"""How well pages are placed: forms under adverse conditions, and pages that are no form at all.

    python -m benchmarks.registration --pages 1000

Every page is drawn, so the truth is known: the distance between where registration puts the corners of a page's fields
and where they are. Four in five pages are one of seven forms, blank or filled in; every fifth is a decoy that must be
refused. All forms are candidates for every page.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn.scanning import Picture, Trouble, degrade, draw_degradation
from benchmarks.drawn.sparse import SPARSE_DESIGNS
from benchmarks.machine import describe_machine
from pipeline.document import FieldKind, FieldSpec, FormTemplate, RectMm, Registration, TemplateIdentity
from pipeline.stages.plane import Points, map_points, mm_to_pixels
from pipeline.stages.prepared import prepare_template
from pipeline.stages.register import register_page
from recognizer.pen import random_hand
from recognizer.proportions import wilson_interval
from recognizer.readings import GrayImage
from sample_docs.generator.design import FormDesign, blank_form, reference_picture
from sample_docs.generator.fill import Entry, draw_form
from sample_docs.generator.samples import DESIGNS

DRAWN_DPI = 300
MM_PER_INCH = 25.4
ALL_DESIGNS = (*DESIGNS, *SPARSE_DESIGNS)
DECOY_SHARE = 0.2
BLANK_SHARE = 0.3
SILENT_PX = 4.0
"""At 300 dpi, a third of a millimetre: beyond it a field's strokes may be cut."""


class Decoy(StrEnum):
    """A page that is none of the forms offered."""

    ANOTHER_FORM = "another form"
    BLANK_PAPER = "blank paper"
    MIRRORED = "mirrored"
    HALF_SIZE = "half size"
    PHOTOGRAPH = "photograph"
    NOISE = "noise"


@dataclass(frozen=True)
class Case:
    """One page to be placed.

    Attributes:
        number: draws everything random about it.
        design: what is on it; for decoys what it was made of.
    """

    number: int
    trouble: Trouble
    design: FormDesign
    decoy: Decoy | None


@dataclass(frozen=True)
class Outcome:
    """What became of a page.

    Attributes:
        errors_px: distances at the field corners that the picture shows, pixels at 300 dpi; empty unless registered.
        is_wrong_form: registered, but not as the form it is.
    """

    case: Case
    is_registered: bool
    is_wrong_form: bool
    errors_px: NDArray[np.float64]
    score: float
    seconds: float

    @property
    def worst_px(self) -> float:
        return float(self.errors_px.max()) if len(self.errors_px) else 0.0

    @property
    def is_silent_failure(self) -> bool:
        is_decoy_taken = self.case.decoy is not None and self.is_registered
        return is_decoy_taken or self.is_wrong_form or self.worst_px > SILENT_PX


def draw_case(number: int) -> Case:
    """The page of this number: troubles take turns, the rest is drawn."""
    rng = np.random.default_rng([number, 1])
    decoy = None
    if rng.random() < DECOY_SHARE:
        decoy = list(Decoy)[int(rng.integers(len(Decoy)))]
    design = ALL_DESIGNS[int(rng.integers(len(ALL_DESIGNS)))]
    return Case(number, list(Trouble)[number % len(Trouble)], design, decoy)


def draw_picture(case: Case) -> Picture:
    """The page as it arrives."""
    page = _drawn(case)
    return degrade(page, DRAWN_DPI, draw_degradation(case.number, case.trouble))


def offered_templates(case: Case) -> list[FormTemplate]:
    """Every form, but the page's own where it plays another form."""
    left_out = case.design.name if case.decoy is Decoy.ANOTHER_FORM else None
    return [template_of(design.name) for design in ALL_DESIGNS if design.name != left_out]


def measure(case: Case, picture: Picture) -> Outcome:
    """Register a page and compare with the truth."""
    page, templates = picture.as_page(), offered_templates(case)
    started = time.process_time()
    registration = register_page(page, templates)
    seconds = time.process_time() - started
    is_registered = registration.mm_to_page is not None
    is_right_form = registration.template is not None and registration.template.identity.name == case.design.name
    errors = np.zeros(0)
    if is_registered and is_right_form and case.decoy is None:
        errors = _errors_px(case.design, picture, registration)
    is_wrong_form = is_registered and not is_right_form
    return Outcome(case, is_registered, is_wrong_form, errors, registration.score, seconds)


@lru_cache(maxsize=len(ALL_DESIGNS))
def template_of(name: str) -> FormTemplate:
    """Template of one of `ALL_DESIGNS`."""
    design = next(one for one in ALL_DESIGNS if one.name == name)
    fields = tuple(
        FieldSpec(f.name, FieldKind(f.kind), RectMm(f.left, f.top, f.width, f.height), cells=f.cells)
        for f in design.fields
    )
    size = (design.width_mm, design.height_mm)
    return FormTemplate(TemplateIdentity(name, "1", "0" * 64), size, fields, (reference_picture(design),))


def _errors_px(design: FormDesign, picture: Picture, registration: Registration) -> NDArray[np.float64]:
    assert registration.mm_to_page is not None
    corners_mm = np.concatenate([_corners(f.left, f.top, f.width, f.height) for f in design.fields])
    truth = map_points(picture.page_to_picture @ mm_to_pixels(DRAWN_DPI / MM_PER_INCH), corners_mm)
    found = map_points(registration.mm_to_page, corners_mm)
    height, width = picture.gray.shape
    is_seen = ((truth >= 0) & (truth < (width, height))).all(axis=1)
    return np.asarray(np.linalg.norm(found - truth, axis=1)[is_seen] * 300 / picture.dpi)


def _corners(left: float, top: float, width: float, height: float) -> Points:
    right, bottom = left + width, top + height
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], np.float64)


def _drawn(case: Case) -> GrayImage:
    rng = np.random.default_rng([case.number, 2])
    size = (
        round(case.design.height_mm * DRAWN_DPI / MM_PER_INCH),
        round(case.design.width_mm * DRAWN_DPI / MM_PER_INCH),
    )
    match case.decoy:
        case Decoy.BLANK_PAPER:
            return np.full(size, 255, np.uint8)
        case Decoy.PHOTOGRAPH:
            return _photograph(size, rng)
        case Decoy.NOISE:
            grain = cv2.GaussianBlur(rng.standard_normal(size, np.float32), (0, 0), float(rng.uniform(0.5, 4)))
            return np.asarray(np.clip(128 + 60 * grain / grain.std(), 0, 255), np.uint8)
    page = _form(case.design, rng)
    match case.decoy:
        case Decoy.MIRRORED:
            return np.ascontiguousarray(page[:, ::-1])
        case Decoy.HALF_SIZE:
            small = cv2.resize(page, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
            sheet = np.full_like(page, 255)
            top, left = (int(rng.integers(0, free + 1)) for free in np.subtract(page.shape, small.shape))
            sheet[top : top + small.shape[0], left : left + small.shape[1]] = small
            return sheet
    return page


def _form(design: FormDesign, rng: np.random.Generator) -> GrayImage:
    if rng.random() < BLANK_SHARE:
        color = blank_form(design, DRAWN_DPI)
    else:
        entries = {field.name: Entry(_text(field.cells, rng), float(rng.uniform(0, 0.6))) for field in design.fields}
        ink = tuple(int(level) for level in rng.integers(20, 140, 3))
        color = draw_form(design, entries, random_hand(rng), rng, DRAWN_DPI, (ink[0], ink[1], ink[2])).image
    return np.asarray(cv2.cvtColor(color, cv2.COLOR_RGB2GRAY), np.uint8)


def _text(cells: int | None, rng: np.random.Generator) -> str:
    return "".join(str(digit) for digit in rng.integers(0, 10, cells or 5))


def _photograph(size: tuple[int, int], rng: np.random.Generator) -> GrayImage:
    """Discs and bars of all sizes over one another, sharp and soft: edges are spread as in photographs."""
    height, width = size
    picture = np.full((height, width), int(rng.integers(60, 200)), np.uint8)
    for _ in range(400):
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        side = float(min(0.3 * width, 8 / rng.uniform(0.01, 1) ** 0.8))
        gray = int(rng.integers(0, 256))
        if rng.random() < 0.5:
            cv2.circle(picture, centre, round(side), gray, -1, cv2.LINE_AA)
        else:
            corners = cv2.boxPoints((centre, (side, side * float(rng.uniform(0.1, 4))), float(rng.uniform(0, 180))))
            cv2.fillPoly(picture, [np.round(corners).astype(np.int32)], gray, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), float(rng.uniform(0.5, 3))), np.uint8)


def report(outcomes: Sequence[Outcome]) -> str:
    """Markdown tables: forms by trouble, forms by design, decoys by kind."""
    forms = [one for one in outcomes if one.case.decoy is None]
    decoys = [one for one in outcomes if one.case.decoy is not None]
    header = (
        "| {} | n | registered | median px | p99 px | p99 of worst corners | silent failures | ms, median |\n"
        "| --- | --- | --- | --- | --- | --- | --- | --- |"
    )
    lines = [header.format("trouble")]
    lines += [_form_row(kind, [one for one in forms if one.case.trouble is kind]) for kind in Trouble]
    lines += [_form_row("**all**", forms), "", header.format("form")]
    lines += [_form_row(design.name, [one for one in forms if one.case.design is design]) for design in ALL_DESIGNS]
    lines += ["", "| decoy | n | registered all the same |", "| --- | --- | --- |"]
    lines += [_decoy_row(kind, [one for one in decoys if one.case.decoy is kind]) for kind in Decoy]
    lines += [_decoy_row("**all**", decoys)]
    return "\n".join(lines)


def _form_row(name: str, outcomes: Sequence[Outcome]) -> str:
    if not outcomes:
        return f"| {name} | 0 | | | | | | |"
    registered = [one for one in outcomes if one.is_registered and not one.is_wrong_form]
    errors = np.concatenate([np.zeros(0), *(one.errors_px for one in registered)])
    worst = np.array([one.worst_px for one in registered])
    median, p99, worst_p99 = (
        (np.median(errors), np.quantile(errors, 0.99), np.quantile(worst, 0.99)) if len(errors) else (np.nan,) * 3
    )
    silent = sum(one.is_silent_failure for one in outcomes)
    milliseconds = 1000 * np.median([one.seconds for one in outcomes])
    return (
        f"| {name} | {len(outcomes)} | {_share(len(registered), len(outcomes))} | {median:.2f} | {p99:.2f} "
        f"| {worst_p99:.2f} | {silent} | {milliseconds:.0f} |"
    )


def _decoy_row(name: str, outcomes: Sequence[Outcome]) -> str:
    return f"| {name} | {len(outcomes)} | {sum(one.is_registered for one in outcomes)} |"


def _share(part: int, whole: int) -> str:
    low, high = wilson_interval(part, whole)
    return f"{100 * part / whole:.1f} % ({100 * low:.1f}-{100 * high:.1f})"


def run_cases(numbers: Iterable[int]) -> list[Outcome]:
    """Draw and measure pages one by one; silent failures are named on stderr as they are met."""
    outcomes = []
    for number in numbers:
        case = draw_case(number)
        outcome = measure(case, draw_picture(case))
        if outcome.is_silent_failure:
            what = f"decoy {case.decoy}" if case.decoy else f"{outcome.worst_px:.1f} px"
            print(f"page {number}: {case.design.name}, {case.trouble}: {what}", file=sys.stderr)
        outcomes.append(outcome)
    return outcomes


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--first", type=int, default=0, help="number of the first page: other pages are other draws")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    for design in ALL_DESIGNS:
        prepare_template(template_of(design.name))
    outcomes = run_cases(range(options.first, options.first + options.pages))
    print(f"{describe_machine()}\n\n{report(outcomes)}")


if __name__ == "__main__":
    main()
