"""Digits to compose strips from, gathered by hand: each MNIST writer, each answer-sheet exam, each drawn hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.errors import DatasetError
from recognizer.pen import draw_digit, random_hand
from recognizer.readings import InkImage

_LEAST_DIGITS = 40
"""A writer with fewer digits gives too few shapes for a strip of fourteen."""
_DRAWN_HEIGHT_PX = 36
"""Between the sizes digits are written at in strips, 26 to 56 pixels of the canvas."""
_DRAWN_VARIANTS = 3
_ECCENTRICITY = 0.35
"""Rare shapes are drawn oftener than people write them: P-like nines and root-like fives decide whole amounts."""
_HELD_OUT = 13
"""Every so-many-th writer composes validation strips only."""


@dataclass(frozen=True)
class HandGlyphs:
    """One hand's digits.

    Attributes:
        by_digit: ten tuples of tight (H, W) uint8 ink pictures, one a digit; a tuple may be empty.
        kind: where they come from: "mnist", "sheet" or "drawn".
    """

    by_digit: tuple[tuple[InkImage, ...], ...]
    kind: str

    def has(self, digit: int) -> bool:
        return bool(self.by_digit[digit])


@dataclass(frozen=True)
class GlyphBank:
    """All hands there are to compose with. `written` is never empty; `drawn` may be."""

    written: tuple[HandGlyphs, ...]
    sheets: tuple[HandGlyphs, ...]
    drawn: tuple[HandGlyphs, ...] = ()


def load_glyphs(data: Path, *, held_out: bool = False) -> GlyphBank:
    """Read MNIST train digits by writer and answer-sheet digits by exam.

    Args:
        data: folder with `mnist.npz`, `mnist_writers.npz` and `real/digits_answer_sheets.npz`.
        held_out: take the writers kept for validation instead of those for training.

    Raises:
        DatasetError: a file is missing or lacks an array.
    """
    try:
        with np.load(data / "mnist.npz") as mnist, np.load(data / "mnist_writers.npz") as writers:
            images, labels, writer = mnist["x_train"], mnist["y_train"], writers["train_writer"]
        with np.load(data / "real" / "digits_answer_sheets.npz") as sheets:
            sheet_images, sheet_labels, exams = 255 - sheets["x"], sheets["y"], sheets["source"]
    except (OSError, KeyError) as error:
        raise DatasetError(
            f"{data}: needs mnist.npz, mnist_writers.npz and real/digits_answer_sheets.npz ({error})"
        ) from error
    kept = (writer % _HELD_OUT == 0) == held_out
    written = _gather(images[kept], labels[kept], writer[kept], "mnist")
    exam_hands = () if held_out else _gather(sheet_images, sheet_labels, exams, "sheet")
    return GlyphBank(
        written=tuple(hand for hand in written if sum(map(len, hand.by_digit)) >= _LEAST_DIGITS), sheets=exam_hands
    )


def _gather(
    images: NDArray[np.uint8], labels: NDArray[np.integer], owners: NDArray[np.generic], kind: str
) -> tuple[HandGlyphs, ...]:
    order = np.argsort(owners, kind="stable")
    _, starts = np.unique(owners[order], return_index=True)
    hands = []
    for indices in np.split(order, starts[1:]):
        glyphs: list[list[InkImage]] = [[] for _ in range(10)]
        for index in indices:
            tight = tight_ink(images[index])
            if tight is not None:
                glyphs[int(labels[index])].append(tight)
        hands.append(HandGlyphs(tuple(map(tuple, glyphs)), kind))
    return tuple(hands)


def drawn_hands(count: int, seed: int) -> tuple[HandGlyphs, ...]:
    """Imagine writers and let each write every digit a few times; the same seed gives the same hands."""
    random = np.random.default_rng(seed)
    hands = []
    for _ in range(count):
        hand = random_hand(random, eccentricity=_ECCENTRICITY)
        digits: list[tuple[InkImage, ...]] = []
        for digit in range(10):
            drawn = (draw_digit(digit, hand, random, _DRAWN_HEIGHT_PX) for _ in range(_DRAWN_VARIANTS))
            digits.append(tuple(tight for tight in map(tight_ink, drawn) if tight is not None))
        hands.append(HandGlyphs(tuple(digits), "drawn"))
    return tuple(hands)


def tight_ink(picture: InkImage) -> InkImage | None:
    """Cut a picture to its ink with one pixel around it; None when there is none worth the name."""
    left, top, width, height = cv2.boundingRect((picture > 60).astype(np.uint8))
    if width * height < 6:
        return None
    tight = np.ascontiguousarray(picture[top : top + height, left : left + width])
    return np.asarray(cv2.copyMakeBorder(tight, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0), np.uint8)
