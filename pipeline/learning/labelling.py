"""A person's answer and the picture it was keyed from, turned into labelled digits. Pure.

Two ways, the surer one first: where the machine's characters have tight boxes and are as many as the digits keyed, the
boxes cut the digits. Else the keyed digits are laid along the pieces of ink (forced alignment). What does not align is
left out: a wrong label harms more than a missing one.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from pipeline.document import Box, DigitCrop, FieldKind, FieldRegion, FieldSpec, FloatMatrix, Polygon, Reason
from pipeline.stages.comb import STROKE_MM
from pipeline.stages.form_print import MARGIN_MM
from pipeline.stages.ink import find_ink, label_blobs
from pipeline.stages.lattice import Lattice
from pipeline.stages.segment import segment_field
from pipeline.storage.review_item import ReviewItem
from pipeline.training_sample import LabelledDigit
from pipeline.values.grammar import digits_of
from recognizer.readings import FloatArray, GrayImage, InkImage, Recognizer

DEFAULT_PX_PER_MM = 300 / 25.4
"""Resolution of a picture without a margin; 300 dpi is what most scanners are set to."""
MIN_FILL = 0.7
"""Share of a character's box, each way, that its ink must fill: the box is then known to lie where the ink is."""
SKEW_SLACK = 0.1
"""Part of a box's one side by which skew lengthens the other: boxes are upright on the page, and three degrees there
and back are twice 0.05."""
MIN_INSIDE = 0.5
"""Share of a blob inside a character's box that makes it part of that character."""
FLATTEST = 0.2
"""Sides of a field that differ by less than this share do not tell how large the margin is."""
DOUBTFUL = 0.05
"""Probability of the keyed digit below which the digit network contradicts the person."""
DOUBTFUL_SHARE = 0.25
"""Most digits of a field, beyond the first, that the network may contradict before the alignment counts as wrong."""
SKIP = math.log(0.001)
"""Price of leaving out a piece of ink that is no mark: as much as a digit that looks nothing like its label."""


def label_digits(item: ReviewItem, picture: GrayImage, recognizer: Recognizer) -> tuple[LabelledDigit, ...]:
    """Cut the digits of a settled item out of its picture.

    Args:
        item: confirmed or corrected.
        picture: (h, w) uint8 of the field with a margin, dark on light.
        recognizer: helps to align where the machine's own boxes do not fit.

    Returns:
        All digits of the field, left to right; empty when they cannot be told apart for sure.
    """
    # A page that fits no template is shown whole; nothing tells where on it the field lies.
    if item.human_value is None or Reason.REGISTRATION_FAILED in item.reasons:
        return ()
    forms = written_forms(item.human_value, item.spec)
    return _cut_by_boxes(item, picture, forms) or _align(item, picture, forms, recognizer)


def written_forms(value: str, spec: FieldSpec) -> tuple[str, ...]:
    """Digits that a hand may have written for a normalised value; cents and centuries are often left out."""
    if spec.kind is FieldKind.AMOUNT:
        digits = digits_of(value)
        return (digits, digits.removesuffix("00")) if value.endswith(".00") else (digits,)
    if spec.kind is FieldKind.DATE:
        day = dt.date.fromisoformat(value)
        parts = {"D": f"{day:%d}", "M": f"{day:%m}", "Y": f"{day:%Y}"}
        long = "".join(parts[letter] for letter in spec.date_order)
        short = "".join((parts | {"Y": f"{day:%y}"})[letter] for letter in spec.date_order)
        return long, short
    return (digits_of(value),)


# --- by the machine's boxes ----------------------------------------------------------------------


def _cut_by_boxes(item: ReviewItem, picture: GrayImage, forms: Sequence[str]) -> tuple[LabelledDigit, ...]:
    characters = [character for character in item.characters if character.char.isdigit()]
    written = next((form for form in forms if len(form) == len(characters)), None)
    frame = frame_of(item.polygon_px, picture)
    if written is None or frame is None:
        return ()
    boxes = [_mapped(character.box_px, frame.page_to_picture) for character in characters]
    inks = _inks_in(picture, boxes, frame.px_per_mm)
    if inks is None:
        return ()
    return tuple(LabelledDigit(ink, int(digit)) for ink, digit in zip(inks, written, strict=True))


@dataclass(frozen=True, slots=True)
class Frame:
    """How a field lies in its picture.

    Attributes:
        margin: pixels of paper on every side of the field.
        page_to_picture: (3, 3) float64, page pixels to pixels of the picture.
    """

    margin: float
    page_to_picture: FloatMatrix

    @property
    def px_per_mm(self) -> float:
        """Resolution, told by the margin, which is the same for every field on paper."""
        return self.margin / MARGIN_MM if self.margin >= 1 else DEFAULT_PX_PER_MM


def frame_of(polygon: Polygon, picture: GrayImage) -> Frame | None:
    """Find a field in its picture from its corners on the page; None when they cannot belong together."""
    height, width = picture.shape
    corners = np.array(polygon, np.float64)
    across = (np.linalg.norm(corners[1] - corners[0]) + np.linalg.norm(corners[2] - corners[3])) / 2
    down = (np.linalg.norm(corners[3] - corners[0]) + np.linalg.norm(corners[2] - corners[1])) / 2
    # Width and height both hold the margin twice. A square field tells no scale; most are cut out at that of the page.
    is_square = abs(across - down) <= FLATTEST * max(across, down)
    scale = 1.0 if is_square else float((width - height) / (across - down))
    margin = float((height - scale * down) / 2)
    if scale <= 0 or margin < -1:
        return None
    right, bottom = width - margin, height - margin
    inner = np.array([(margin, margin), (right, margin), (right, bottom), (margin, bottom)], np.float32)
    matrix = cv2.getPerspectiveTransform(corners.astype(np.float32), inner)
    return Frame(max(0.0, margin), np.asarray(matrix, np.float64))


def _mapped(box: Box, matrix: FloatMatrix) -> Box:
    corners = [[(box.left, box.top), (box.right, box.top), (box.right, box.bottom), (box.left, box.bottom)]]
    xs, ys = cv2.perspectiveTransform(np.array(corners, np.float64), matrix)[0].T
    return Box(round(xs.min()), round(ys.min()), round(xs.max()), round(ys.max()))


def _inks_in(picture: GrayImage, boxes: Sequence[Box], px_per_mm: float) -> list[InkImage] | None:
    """Tight ink of every box; None as soon as one of them is not filled by ink of its own."""
    ink = find_ink(picture, STROKE_MM * px_per_mm)
    labels, stats, _ = label_blobs(ink.mask)
    inks = []
    for box in (box.clipped(picture.shape[1], picture.shape[0]) for box in boxes):
        window = (slice(box.top, box.bottom), slice(box.left, box.right))
        inside = np.bincount(labels[window].ravel(), minlength=len(stats))
        mine = inside >= MIN_INSIDE * stats[:, cv2.CC_STAT_AREA]
        # A blob that runs through several boxes, such as touching digits or a printed line, belongs to each in part.
        if not mine[1:].any():
            mine[int(inside[1:].argmax()) + 1 if len(inside) > 1 else 0] = True
        mine[0] = False
        kept = mine[labels[window]]
        rows, columns = np.flatnonzero(kept.any(axis=1)), np.flatnonzero(kept.any(axis=0))
        if (
            rows.size == 0
            or not _fills(columns.size, box.width, box.height)
            or not _fills(rows.size, box.height, box.width)
        ):
            return None
        soft = np.where(kept, np.maximum(ink.soft[window], 128), 0).astype(np.uint8)
        inks.append(soft[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    return inks


def _fills(inked: int, side: int, other_side: int) -> bool:
    return inked >= MIN_FILL * side - SKEW_SLACK * other_side


# --- by forced alignment -------------------------------------------------------------------------


def _align(
    item: ReviewItem, picture: GrayImage, forms: Sequence[str], recognizer: Recognizer
) -> tuple[LabelledDigit, ...]:
    lattice = _lattice(item, picture)
    if lattice is None or not lattice.candidates:
        return ()
    scores = recognizer.read_digits([crop.ink for crop in lattice.candidates]).probabilities
    best: tuple[float, str, tuple[int, ...]] | None = None
    for written in forms:
        aligned = align_digits(lattice, scores, written)
        if aligned is not None and (best is None or aligned[0] / len(written) > best[0]):
            best = (aligned[0] / len(written), written, aligned[1])
    if best is None:
        return ()
    _, written, chosen = best
    doubtful = sum(float(scores[row, int(digit)]) < DOUBTFUL for row, digit in zip(chosen, written, strict=True))
    if doubtful > max(1, int(DOUBTFUL_SHARE * len(written))):
        return ()
    return tuple(
        LabelledDigit(lattice.candidates[row].ink, int(digit)) for row, digit in zip(chosen, written, strict=True)
    )


def _lattice(item: ReviewItem, picture: GrayImage) -> Lattice | None:
    frame = frame_of(item.polygon_px, picture)
    if frame is None:
        return None
    height, width = picture.shape
    margin = round(frame.margin)
    region = FieldRegion(
        spec=item.spec,
        page=item.page,
        image=picture,
        region_to_page=np.asarray(np.linalg.inv(frame.page_to_picture), np.float64),
        polygon_px=item.polygon_px,
        inner=Box(margin, margin, width - margin, height - margin),
        px_per_mm=frame.px_per_mm,
    )
    line = segment_field(region).line
    return line.lattice if line is not None else None


def align_digits(lattice: Lattice, probabilities: FloatArray, written: str) -> tuple[float, tuple[int, ...]] | None:
    """Likeliest way to lay digits along the pieces of a line, by dynamic programming.

    Args:
        lattice: pieces and candidates.
        probabilities: (N, 11) a row for every candidate.
        written: the digits, left to right.

    Returns:
        Logarithm of the probability and the candidate of each digit; None when there are too few pieces.
    """
    starting: dict[int, list[tuple[int, DigitCrop]]] = {}
    for row, crop in enumerate(lattice.candidates):
        starting.setdefault(crop.first, []).append((row, crop))
    # best[piece][done]: likeliest way to have used the pieces before `piece` for the first `done` digits.
    best: list[dict[int, tuple[float, tuple[int, ...]]]] = [{} for _ in range(len(lattice.primitives) + 1)]
    best[0][0] = (0.0, ())

    def offer(piece: int, done: int, score: float, path: tuple[int, ...]) -> None:
        if done not in best[piece] or best[piece][done][0] < score:
            best[piece][done] = (score, path)

    for piece in range(len(lattice.primitives)):
        for done, (score, path) in best[piece].items():
            offer(piece + 1, done, score + (0.0 if lattice.is_mark(piece) else SKIP), path)
            if done == len(written):
                continue
            for row, crop in starting.get(piece, []):
                gain = math.log(max(float(probabilities[row, int(written[done])]), math.exp(SKIP)))
                offer(crop.last, done + 1, score + gain, (*path, row))
    return best[-1].get(len(written))
