"""Fields that people settled, composed of digits of any source: a comb of five on each document, read and keyed."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.confidence.operating_point import load_operating_point
from pipeline.document import (
    Decision,
    DocumentResult,
    FieldKind,
    FieldReading,
    FieldSpec,
    MediaType,
    ModelIdentity,
    Polygon,
    Reason,
    RegistrationStatus,
    ResultStatus,
    SourceResult,
    TemplateIdentity,
)
from pipeline.process import read_crop
from pipeline.stages.form_print import MARGIN_MM
from pipeline.storage.review_item import Answer
from pipeline.storage.review_queue import ReviewQueue
from recognizer.bundle import OPERATING_POINT
from recognizer.pen import draw_digit, random_hand
from recognizer.reader import FieldRecognizer
from recognizer.readings import GrayImage, InkImage

FORM = "shifted"
DIGITS_A_FIELD = 5
PX_PER_MM = 300 / 25.4
CELL_MM = (5.5, 8.0)
DIGIT_HEIGHT_MM = 4.5
PAPER, INK, PRINT = 246, 60, 190
NOISE = 3.0
"""Gray levels of an office scanner."""


@dataclass(frozen=True)
class WrittenField:
    """One comb as scanned, and what is written in it.

    Attributes:
        picture: (h, w) uint8, with the margin that the pipeline cuts fields out with.
    """

    name: str
    value: str
    picture: GrayImage


def written_fields(
    inks: Sequence[InkImage], labels: NDArray[np.integer], seed: int, prefix: str = "field"
) -> list[WrittenField]:
    """Combs of five digits in the order given; digits that fill no whole comb are left over.

    Args:
        inks: (h, w) uint8 each, bright on zero, any size.
        labels: (N,) their digits.
        seed: of places and noise.
    """
    rng = np.random.default_rng(seed)
    fields = []
    for start in range(0, len(inks) - DIGITS_A_FIELD + 1, DIGITS_A_FIELD):
        some = slice(start, start + DIGITS_A_FIELD)
        value = "".join(str(int(label)) for label in labels[some])
        fields.append(WrittenField(f"{prefix}-{start}", value, _comb(inks[some], rng)))
    return fields


def _comb(inks: Sequence[InkImage], rng: np.random.Generator) -> GrayImage:
    margin = round(MARGIN_MM * PX_PER_MM)
    wide, high = (round(side * PX_PER_MM) for side in CELL_MM)
    page = np.full((high + 2 * margin, wide * len(inks) + 2 * margin), float(PAPER))
    for cell in range(len(inks) + 1):
        cv2.line(page, (margin + cell * wide, margin), (margin + cell * wide, margin + high), PRINT, 2)
    for edge in (margin, margin + high):
        cv2.line(page, (margin, edge), (margin + wide * len(inks), edge), PRINT, 2)
    for cell, ink in enumerate(inks):
        digit = _sized(ink)
        space_x, space_y = max(1, wide - digit.shape[1] - 4), max(1, high - digit.shape[0] - 4)
        left = margin + 2 + cell * wide + int(np.clip(space_x * rng.normal(0.5, 0.15), 0, space_x))
        top = margin + 2 + int(np.clip(space_y * rng.normal(0.5, 0.15), 0, space_y))
        window = page[top : top + digit.shape[0], left : left + digit.shape[1]]
        np.minimum(window, PAPER - digit * ((PAPER - INK) / 255), out=window)
    return np.clip(page + rng.normal(0, NOISE, page.shape), 0, 255).astype(np.uint8)


def _sized(ink: InkImage) -> NDArray[np.float64]:
    """Digits as high as people write them, and no wider than a cell."""
    rows, columns = np.flatnonzero((ink > 40).any(axis=1)), np.flatnonzero((ink > 40).any(axis=0))
    tight = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    wide = (CELL_MM[0] - 0.6) * PX_PER_MM
    scale = min(DIGIT_HEIGHT_MM * PX_PER_MM / tight.shape[0], wide / tight.shape[1])
    size = max(3, round(tight.shape[1] * scale)), max(3, round(tight.shape[0] * scale))
    return np.asarray(cv2.resize(tight, size, interpolation=cv2.INTER_CUBIC), np.float64).clip(0, 255)


def odd_four(rng: np.random.Generator) -> InkImage:
    """(60, 50) uint8, a four as nobody here learnt it: an arrow pointing down."""
    ink = np.zeros((60, 50), np.uint8)
    x, low = rng.normal(25, 1.5), rng.normal(52, 1.5)
    for start in ((x, 8), (x - rng.normal(15, 1.5), low - 18), (x + rng.normal(15, 1.5), low - 18)):
        cv2.line(ink, (int(start[0]), int(start[1])), (int(x), int(low)), 255, 4, cv2.LINE_AA)
    return ink


def odd_hand(fields: int, seed: int) -> tuple[list[InkImage], NDArray[np.int64]]:
    """Digits of so many combs with two such fours each, the rest by our own pen, every comb in another hand."""
    rng = np.random.default_rng(seed)
    labels = np.array([(4, 4, *rng.integers(0, 10, DIGITS_A_FIELD - 2)) for _ in range(fields)], np.int64)
    inks = []
    for row in labels:
        hand = random_hand(rng)
        inks += [odd_four(rng) if digit == 4 else draw_digit(int(digit), hand, rng) for digit in row]
    return inks, labels.ravel()


# --- into the queue ------------------------------------------------------------------------------


def read_written(fields: Sequence[WrittenField], recognizer: FieldRecognizer) -> list[FieldReading]:
    """Every field as the pipeline reads it from its picture."""
    point = load_operating_point(recognizer.bundle.file(OPERATING_POINT))
    spec = FieldSpec("code", FieldKind.DIGITS, length=DIGITS_A_FIELD)
    return [read_crop(field.picture, spec, recognizer, point) for field in fields]


def settle(
    queue: ReviewQueue,
    fields: Sequence[WrittenField],
    readings: Sequence[FieldReading],
    keyed: Sequence[str],
    reviewer: str = "anna",
) -> None:
    """Put fields into the queue, each on a document of its own, and key them."""
    answers = []
    for field, reading, value in zip(fields, readings, keyed, strict=True):
        source = hashlib.sha256(field.name.encode()).hexdigest()
        queue.put_result(_result(source, field, reading), {(1, reading.name): field.picture})
        (item,) = queue.list_items(None, source_id=source)
        answers.append(Answer(item.id, value, field.name))
    queue.settle(answers, reviewer)


def _result(source: str, field: WrittenField, reading: FieldReading) -> SourceResult:
    margin = float(round(MARGIN_MM * PX_PER_MM))
    height, width = (float(side) for side in field.picture.shape)
    corners: Polygon = (
        (margin, margin), (width - margin, margin), (width - margin, height - margin), (margin, height - margin),
    )  # fmt: skip
    waiting = replace(
        reading, polygon_px=corners, decision=Decision.REVIEW, reasons=reading.reasons or (str(Reason.LOW_CONFIDENCE),)
    )
    document = DocumentResult(
        1,
        (1,),
        ResultStatus.NEEDS_REVIEW,
        TemplateIdentity(FORM, "1", "0" * 64),
        RegistrationStatus.OK,
        0.0,
        (waiting,),
    )
    return SourceResult(
        ResultStatus.NEEDS_REVIEW, source, (f"{field.name}.png",), MediaType.PNG, 1, (), (document,), (), "drawn",
        ModelIdentity("champion", "1", "0" * 64, "estimated"), "2026-01-01T00:00:00+00:00", 0.0,
    )  # fmt: skip


def mistyped(values: Sequence[str], share: float, seed: int) -> tuple[list[str], int]:
    """Values with so many of their digits replaced by wrong ones, and how many digits those are."""
    rng = np.random.default_rng(seed)
    wrong = 0
    keyed = []
    for value in values:
        digits = np.array([int(char) for char in value])
        hit = rng.random(len(digits)) < share
        digits[hit] = (digits[hit] + rng.integers(1, 10, int(hit.sum()))) % 10
        wrong += int(hit.sum())
        keyed.append("".join(map(str, digits.tolist())))
    return keyed, wrong
