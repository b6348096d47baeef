"""Places to write a number, found on a page without a template: their order, and which of those that overlap stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.document import Box

MIN_CELLS = 3
"""Fewer equal boxes in a row are single boxes."""
CELL_ASPECTS = (0.28, 1.7)
"""Width by height of a digit cell."""


@dataclass(frozen=True, slots=True)
class BoxField:
    """A place to write a number: `box` in pixels of the picture searched, `cells` of a comb, empty for a single box."""

    box: Box
    cells: tuple[Box, ...] = ()

    @property
    def stands_apart(self) -> bool:
        """Whether the cells are boxes with paper between them."""
        return len(self.cells) > 1 and self.cells[1].left > self.cells[0].right


def reading_order(fields: Sequence[BoxField]) -> tuple[BoxField, ...]:
    """Top to bottom, and left to right among those that share a line: whose middles lie within the first's height."""
    left = sorted(fields, key=lambda field: (field.box.top + field.box.bottom, field.box.left))
    ordered: list[BoxField] = []
    while left:
        first = left[0].box
        line = [f for f in left if first.top <= f.box.middle[1] < first.bottom]
        ordered += sorted(line, key=lambda field: field.box.left)
        left = [f for f in left if f not in line]
    return tuple(ordered)


def without_overlaps(fields: Sequence[BoxField]) -> list[BoxField]:
    """Of fields that overlap keep the one with more cells, then the one whose cells stand apart, then the larger."""
    kept: list[BoxField] = []
    for field in sorted(fields, key=lambda f: (len(f.cells), f.stands_apart, f.box.area), reverse=True):
        if all(field.box.intersection_area(other.box) < 0.3 * min(field.box.area, other.box.area) for other in kept):
            kept.append(field)
    return kept
