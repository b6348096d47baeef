"""Straight cuts through touching digits, upright or slanted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from pipeline.stages.ink import BoolImage

Columns = NDArray[np.float64]


def ink_on_cuts(mask: BoolImage, tops: Columns, feet: Columns) -> BoolImage:
    """(cuts, rows) bool, where cuts from column `tops` of the first row to `feet` of the last cross ink."""
    rows, columns = mask.shape
    x = np.rint(tops[:, None] + (feet - tops)[:, None] * np.linspace(0, 1, rows)).astype(np.intp)
    return np.asarray(mask[np.arange(rows), x.clip(0, columns - 1)] & (x >= 0) & (x < columns))


def right_of_cut(shape: tuple[int, ...], top: float, foot: float) -> BoolImage:
    """(rows, columns) bool, the pixels on and right of a cut."""
    return np.asarray(np.arange(shape[1]) >= np.rint(np.linspace(top, foot, shape[0]))[:, None])
