"""Boxes found without a template on drawn forms of many designs.

    [FIELDREADER_DATA=...] python -m benchmarks.boxes [--pages 300] [--first-seed 0] [--pictures FOLDER]

A field counts as found when one found box covers it with an intersection over union of at least 0.8 and has its
number of cells; found boxes that cover no field so well are false, ruled boxes for words aside: these only a reader can
tell from boxes for numbers. Figures are synthetic. Digits are those of MNIST's test writers where their file is at
hand, else our own pen's.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from benchmarks.drawn.forms import DRAWN_DPI, DrawnPage, fill_form, random_form
from benchmarks.drawn.glyphs import WriterHand, unseen_hands
from benchmarks.drawn.scanning import Picture, Trouble, degrade, draw_degradation
from benchmarks.machine import describe_machine
from pipeline.document import Box, FieldRegion, FloatMatrix, RectMm
from pipeline.stages.locate import find_fields
from pipeline.stages.plane import inverse, map_points
from recognizer.proportions import wilson_interval

TROUBLES = (Trouble.PLAIN, Trouble.SKEWED, Trouble.RESIZED, Trouble.SHADED)
"""What the target speaks of: quarter turns and 150 to 400 dpi always, skew to 10 degrees, stretched or shaded pages."""
FOUND_IOU = 0.8
UNITS_PER_MM = 20
"""Boxes are compared on a grid of 0.05 mm."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One true field, or one false box: its kind is `false`, and `is_found` means nothing."""

    seed: int
    trouble: str
    kind: str
    look: str
    is_found: bool
    is_upright: bool = False
    note: str = ""


@dataclass(frozen=True)
class PageOutcome:
    """A page with what was found on it."""

    page: DrawnPage
    picture: Picture
    regions: tuple[FieldRegion, ...]
    outcomes: tuple[Outcome, ...]
    seconds: float


def judge_page(seed: int, writers: Sequence[WriterHand], trouble: Trouble) -> PageOutcome:
    """Draw, scan and search the page of this seed."""
    writer = writers[seed % len(writers)] if writers else None
    page = fill_form(seed, random_form(seed), writer)
    picture = degrade(page.gray, DRAWN_DPI, draw_degradation(seed, trouble))
    scanned = picture.as_page()
    start = time.process_time()
    regions = find_fields(scanned)
    seconds = time.process_time() - start
    return PageOutcome(page, picture, regions, tuple(_outcomes(seed, page, picture, regions, trouble)), seconds)


def _outcomes(
    seed: int, page: DrawnPage, picture: Picture, regions: Sequence[FieldRegion], trouble: Trouble
) -> Iterator[Outcome]:
    to_form = inverse(picture.page_to_picture)
    found = [_placed(region, to_form) for region in regions]
    matched: set[int] = set()
    for box in page.form.boxes:
        if not _is_in_picture(box.outline, picture):
            matched |= {i for i, (place, _) in enumerate(found) if place.intersection_area(_grid(box.outline)) > 0}
            continue
        best = max(range(len(found)), key=lambda i: found[i][0].iou(_grid(box.outline)), default=None)
        iou = found[best][0].iou(_grid(box.outline)) if best is not None else 0.0
        is_covered = best is not None and iou >= FOUND_IOU
        is_found, is_upright, note = False, False, f"best overlap {iou:.2f}"
        if best is not None and is_covered:
            matched.add(best)
            cells = len(regions[best].cells)
            is_found, is_upright = cells == len(box.cells), found[best][1]
            note = "" if is_found else f"{cells} cells for {len(box.cells)}"
        yield Outcome(seed, trouble, box.structure, box.look, is_found, is_upright, note)
    words = [_grid(rect) for rect in page.form.word_boxes]
    for number, (place, _) in enumerate(found):
        if number not in matched and all(place.iou(word) < FOUND_IOU for word in words):
            yield Outcome(seed, trouble, "false", "", False, note=str(len(regions[number].cells)))


def _placed(region: FieldRegion, to_form: FloatMatrix) -> tuple[Box, bool]:
    """A found field on the grid of the form, and whether it was taken the right way up."""
    corners = map_points(to_form, np.array(region.polygon_px, np.float64) - 0.5) + 0.5
    units = np.round(corners * 25.4 / DRAWN_DPI * UNITS_PER_MM).astype(int)
    (left, top), (right, bottom) = units.min(axis=0).tolist(), units.max(axis=0).tolist()
    along = corners[1] - corners[0]
    return Box(left, top, right, bottom), bool(along[0] > abs(along[1]))


def _grid(rect: RectMm) -> Box:
    sides = (rect.left, rect.top, rect.left + rect.width, rect.top + rect.height)
    left, top, right, bottom = (round(side * UNITS_PER_MM) for side in sides)
    return Box(left, top, right, bottom)


def _is_in_picture(rect: RectMm, picture: Picture) -> bool:
    corners = np.array(
        [
            (x, y)
            for x in (rect.left - 1, rect.left + rect.width + 1)
            for y in (rect.top - 1, rect.top + rect.height + 1)
        ]
    )
    places = map_points(picture.page_to_picture, corners * DRAWN_DPI / 25.4 - 0.5)
    height, width = picture.gray.shape
    return bool((places >= 0).all() and (places[:, 0] < width).all() and (places[:, 1] < height).all())


def draw_found(outcome: PageOutcome) -> np.ndarray:
    """The page with what was found in red, cells green, and the true fields in blue."""
    canvas = cv2.cvtColor(outcome.picture.gray, cv2.COLOR_GRAY2BGR)
    for box in outcome.page.form.boxes:
        corners = [(box.outline.left, box.outline.top), (box.outline.left + box.outline.width, box.outline.top),
                   (box.outline.left + box.outline.width, box.outline.top + box.outline.height),
                   (box.outline.left, box.outline.top + box.outline.height)]  # fmt: skip
        places = map_points(outcome.picture.page_to_picture, np.array(corners) * DRAWN_DPI / 25.4 - 0.5)
        cv2.polylines(canvas, [places.astype(np.int32)], True, (230, 120, 0), 7)
    for region in outcome.regions:
        for cell in region.cells:
            around = [
                (cell.left, cell.top),
                (cell.right, cell.top),
                (cell.right, cell.bottom),
                (cell.left, cell.bottom),
            ]
            places = map_points(region.region_to_page, np.array(around, np.float64))
            cv2.polylines(canvas, [places.astype(np.int32)], True, (0, 170, 0), 2)
        cv2.polylines(canvas, [np.array(region.polygon_px).astype(np.int32)], True, (0, 0, 255), 3)
    return canvas


def table(outcomes: Sequence[Outcome]) -> str:
    """Markdown: found share by design and by trouble, and the share of false boxes."""
    fields = [one for one in outcomes if one.kind != "false"]
    rows = [_row("all", fields)]
    for name in ("kind", "look", "trouble"):
        for value in sorted({getattr(one, name) for one in fields}):
            rows.append(_row(f"{name}: {value}", [one for one in fields if getattr(one, name) == value]))
    covered = sum(one.is_found for one in fields)
    false = sum(one.kind == "false" for one in outcomes)
    low, high = wilson_interval(false, max(1, covered + false))
    heading = "| fields | n | found (95 % interval) | right way up, of the found |\n|---|---|---|---|\n"
    share = 100 * false / max(1, covered + false)
    return heading + "\n".join(rows) + (
        f"\n\nFalse boxes: {false} of {covered + false} found, {share:.1f} % ({100 * low:.1f}-{100 * high:.1f})."
    )  # fmt: skip


def _row(name: str, fields: Sequence[Outcome]) -> str:
    found = sum(one.is_found for one in fields)
    upright = sum(one.is_found and one.is_upright for one in fields)
    low, high = wilson_interval(found, max(1, len(fields)))
    return (
        f"| {name} | {len(fields)} | {100 * found / max(1, len(fields)):.1f} % ({100 * low:.1f}-{100 * high:.1f}) "
        f"| {100 * upright / max(1, found):.1f} % |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--pages", type=int, default=300)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--trouble", choices=[*Trouble], help="only this one, also those beyond the target")
    parser.add_argument("--pictures", type=Path, help="folder for pictures of the pages with an error")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    writers = _test_writers()
    outcomes: list[Outcome] = []
    seconds: list[float] = []
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.pages):
        trouble = Trouble(arguments.trouble) if arguments.trouble else TROUBLES[seed % len(TROUBLES)]
        judged = judge_page(seed, writers, trouble)
        outcomes += judged.outcomes
        seconds.append(judged.seconds)
        wrong = [one for one in judged.outcomes if not one.is_found]
        for one in wrong:
            sys.stderr.write(f"{one.seed} {one.trouble}: {one.kind}, {one.look}: {one.note}\n")
        if wrong and arguments.pictures:
            arguments.pictures.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(arguments.pictures / f"{seed}.png"), draw_found(judged))
    hands = "MNIST test writers" if writers else "our own pen"
    print(f"{describe_machine()}; {arguments.pages} pages from seed {arguments.first_seed}, digits of {hands}\n")
    print(table(outcomes))
    print(f"\nSearching a page: median {1000 * np.median(seconds):.0f} ms, longest {1000 * max(seconds):.0f} ms.")
    print(f"Misses: {dict(Counter((one.kind, one.look) for one in outcomes if not one.is_found))}", file=sys.stderr)


def _test_writers() -> list[WriterHand]:
    """Test writers who left all ten digits; none where their file is not at hand."""
    data = os.environ.get("FIELDREADER_DATA")
    if not data:
        return []
    return [hand for hand in unseen_hands(Path(data), "report") if len(hand.by_digit) == 10]


if __name__ == "__main__":
    main()
