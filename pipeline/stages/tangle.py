"""Texture of struck-out writing: a pen gone over digits makes more holes and strokes than any digits have."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.stages.ink import BoolImage

DIGIT_WIDTH = 0.62
"""Columns of ink a digit takes, in digit heights; handwriting, spaces left out."""
LEAST_HOLE = 0.05
"""Side of the smallest hole that counts, in digit heights."""
MANY_HOLES, SOME_HOLES = 1.7, 1.0
"""Holes a digit: fields of plain digits have 0.2 to 1.1, few 1.5 (many 0, 8, 9); zigzags 1.2 to 2.4."""
MANY_STROKES, SOME_STROKES = 2.7, 2.2
"""Strokes a digit along a row, at the busiest fifth of the rows: plain 1.1 to 2.0, zigzags from 1.9."""
DENSE = 2.4
"""Strokes met on the way down a column: plain 1.5 to 2.3."""
PAPER = 3.2
"""More strokes than this on the way down a column are lines of security paper, not a pen's (real amounts: 3.3 to 7)."""
LEAST_DIGITS = 2
"""A single 8 has holes enough."""


@dataclass(frozen=True, slots=True)
class Texture:
    """Counts over one field's writing: holes and row strokes a digit, strokes a column."""

    holes: float
    row_strokes: float
    column_strokes: float

    @property
    def is_tangled(self) -> bool:
        """Whether digits alone would hardly look so."""
        if self.column_strokes > PAPER:
            return False
        is_busy = self.row_strokes >= SOME_STROKES or self.column_strokes >= DENSE
        return self.holes >= MANY_HOLES or self.row_strokes >= MANY_STROKES or (self.holes >= SOME_HOLES and is_busy)


def texture_of(mask: BoolImage, digit_height: float, digits: int | None = None, at_least: int = 0) -> Texture | None:
    """Measure a field's writing.

    Args:
        mask: (h, w) bool, the hand's ink.
        digit_height: pixels.
        digits: how many digits stand there, where cells tell; None to judge by the columns of ink.
        at_least: no fewer digits than this, where the columns decide.

    Returns:
        None where there is too little writing to judge.
    """
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0 or digit_height < 4:
        return None
    tight = mask[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    count = digits if digits is not None else max(at_least, columns.size / (DIGIT_WIDTH * digit_height))
    if count < LEAST_DIGITS:
        return None
    across, down = _strokes(np.ascontiguousarray(tight.T)), _strokes(tight)
    return Texture(
        holes=_holes(tight, (LEAST_HOLE * digit_height) ** 2) / count,
        row_strokes=float(np.quantile(across, 0.8)) / count,
        column_strokes=float(down[down > 0].mean()),
    )


def _strokes(mask: BoolImage) -> np.ndarray:
    """(w,) runs of ink met on the way down every column."""
    begins = mask.copy()
    begins[1:] &= ~mask[:-1]
    return np.asarray(cv2.reduce(begins.view(np.uint8), 0, cv2.REDUCE_SUM, dtype=cv2.CV_32S)[0])


def _holes(mask: BoolImage, least_area: float) -> int:
    paper = np.pad(~mask, 1, constant_values=True).astype(np.uint8)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(paper, connectivity=4)
    areas = stats[1:, cv2.CC_STAT_AREA].copy()
    areas[labels[0, 0] - 1] = 0
    return int((areas >= least_area).sum())
