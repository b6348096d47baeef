"""Where the characters of a string stand on their line, and which marks stand between them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from pipeline.confidence.combiner import UNKNOWN
from pipeline.document import Box
from pipeline.stages.lattice import Lattice
from pipeline.stages.marks import find_mark
from pipeline.stages.paths import Path, Step
from pipeline.stages.segment import LineInk
from recognizer.readings import NOT_A_DIGIT, FloatArray, StripCandidate

PART_OF_DIGIT = 0.03
"""Sureness of a mark that was cut off a blob and shares columns with a digit."""
SURELY_NONE = 0.8
"""Probability of 'not one digit' from which a whole blob is none, however well its pieces read. On real tune halves it
stops 2 of 291 right readings that would be accepted at a budget of 1 %, on drawn lines none of 310."""
TALL = 0.6
"""Ink at least this high, in digit heights, is no mark: a digit, or something no digit string explains."""


def steps_of(text: str, candidate: StripCandidate | None, paths: Mapping[str, Path], line: LineInk) -> tuple[Step, ...]:
    """Digits and marks of a string, left to right: from the lattice's own path when it has one, else from the strip.

    Args:
        text: digits.
        candidate: what the strip network saw of them, if it did.
        paths: readings of the lattice by their digits.
        line: the ink.

    Returns:
        Steps in region pixels; the probability of a mark is that the hand made it.
    """
    if text in paths:
        marks = _marks(line)
        steps = (replace(step, box=line.in_region(step.box)) for step in paths[text].steps)
        found = (step if step.char.isdigit() else marks.get(step.box) for step in steps)
        return tuple(step for step in found if step is not None)
    digits = _digits_by_columns(text, candidate, line)
    return tuple(sorted((*digits, *_marks_between(digits, line)), key=lambda step: step.box.left + step.box.right))


def has_unread_ink(steps: Sequence[Step], line: LineInk, has_signs: bool) -> bool:
    """Whether ink as high as a digit stands among the digits of a reading and belongs to none of them.

    Args:
        steps: the reading, in region pixels.
        line: the ink.
        has_signs: what stands before the first digit and behind the last one may be signs and fillers.
    """
    read = [step.box for step in steps if (step.char.isdigit() or step.char == "/") and step.box.width]
    if not read:
        return False
    first, last = min(box.right for box in read), max(box.left for box in read)
    for blob, _ in _blobs(line.lattice):
        box = line.in_region(blob)
        is_tall = blob.height >= TALL * line.lattice.digit_height
        # The strip network's columns are narrower than the digits: touching one is enough to be read.
        is_read = any(min(box.right, own.right) > max(box.left, own.left) for own in read)
        is_among = not has_signs or first < box.middle[0] < last
        if is_tall and not is_read and is_among:
            return True
    return False


def reads_odd_blob(steps: Sequence[Step], line: LineInk, probabilities: FloatArray) -> bool:
    """Whether one digit was read where a whole blob as high as a digit surely is none.

    Pieces of a letter or a tick look like digits. Where a blob holds several digits, no whole of it was seen.

    Args:
        steps: a reading, in region pixels.
        line: the ink.
        probabilities: (n, 11) float32, a row for every candidate of its lattice.
    """
    lattice = line.lattice
    runs = {(one.first, one.last): row for one, row in zip(lattice.candidates, probabilities, strict=True)}
    middles = [step.box.middle[0] for step in steps if step.char.isdigit() and step.box.width]
    for blob, places in _blobs(lattice):
        box = line.in_region(blob)
        read = sum(box.left <= middle < box.right for middle in middles)
        if read != 1 or blob.height < TALL * lattice.digit_height:
            continue
        whole = runs.get((places[0], places[-1] + 1))
        # Too wide to have been seen as a whole: a tick alone on a line; beside others, a digit with a flourish.
        if (whole is None and len(middles) == 1) or (whole is not None and whole[NOT_A_DIGIT] > SURELY_NONE):
            return True
    return False


def _blobs(lattice: Lattice) -> list[tuple[Box, list[int]]]:
    """Every blob of a line, whole, and the primitives that it was cut into."""
    found: dict[int, tuple[Box, list[int]]] = {}
    for place, primitive in enumerate(lattice.primitives):
        box, places = found.get(primitive.blob, (primitive.box, []))
        found[primitive.blob] = box.union(primitive.box), [*places, place]
    return list(found.values())


def _marks(line: LineInk) -> dict[Box, Step]:
    """Every mark of a line by its box in region pixels."""
    found = {}
    for place, primitive in enumerate(line.lattice.primitives):
        char, sureness = find_mark(line.lattice, place, line.ink.soft)
        if char:
            box = line.in_region(primitive.box)
            found[box] = Step(char, sureness, box)
    return found


def _digits_by_columns(text: str, candidate: StripCandidate | None, line: LineInk) -> tuple[Step, ...]:
    strip = line.strip
    if strip is None or candidate is None or len(candidate.spans) != len(text):
        return tuple(Step(char, 0.0, Box(line.left, line.top, line.left, line.top)) for char in text)
    each = math.exp(max(candidate.log_probability, UNKNOWN) / len(text))
    return tuple(
        Step(char, each, _lowered(strip.box_between(left, right), line))
        for char, (left, right) in zip(text, candidate.spans, strict=True)
    )


def _lowered(columns: Box, line: LineInk) -> Box:
    """The rows of columns that hold digit-sized ink; all of them where there is none."""
    boxes = [
        line.in_region(primitive.box)
        for place, primitive in enumerate(line.lattice.primitives)
        if not line.lattice.is_mark(place)
    ]
    mine = [box for box in boxes if columns.left <= box.middle[0] < columns.right]
    if not mine:
        return columns
    return Box(columns.left, min(box.top for box in mine), columns.right, max(box.bottom for box in mine))


def _marks_between(digits: Sequence[Step], line: LineInk) -> list[Step]:
    """Small blobs of the lattice that lie between the digits or behind them."""
    found = []
    for place, primitive in enumerate(line.lattice.primitives):
        if not line.lattice.is_mark(place):
            continue
        char, sureness = find_mark(line.lattice, place, line.ink.soft)
        box = line.in_region(primitive.box)
        middle = box.middle[0]
        is_covered = any(d.box.left + 0.25 * d.box.width < middle < d.box.right - 0.25 * d.box.width for d in digits)
        if not char or middle <= digits[0].box.right or is_covered:
            continue
        if not primitive.is_whole and any(d.box.left < box.right and box.left < d.box.right for d in digits):
            sureness = min(sureness, PART_OF_DIGIT)
        found.append(Step(char, sureness, box))
    return found
