"""What dirties an empty field, and what people write in digit fields that is no digit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np

from benchmarks.drawn.glyphs import DigitSource, lay_digit, scale_digit, tight_digit
from benchmarks.drawn.states import PX_PER_MM, Sheet, stroke, write
from pipeline.document import Box
from recognizer.not_a_digit import HELD_OUT_KINDS

Stain = Callable[[Sheet, DigitSource, np.random.Generator], None]

LETTERS = "ACEFHKMNPRTVWXYadefhkmnprtwxy"
"""Letters that look like no digit."""
_FACES = (cv2.FONT_HERSHEY_SCRIPT_SIMPLEX, cv2.FONT_HERSHEY_SCRIPT_COMPLEX, cv2.FONT_HERSHEY_SIMPLEX)


# --- nothing written -----------------------------------------------------------------------------


def clean(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """Nothing at all."""


def specks(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """Dust of the scanner's glass, up to 0.3 mm across."""
    for _ in range(int(rng.integers(3, 25))):
        x, y = (float(rng.uniform(0, side)) for side in sheet.paper.shape[::-1])
        radius = rng.uniform(0.05, 0.15) * PX_PER_MM
        cv2.circle(sheet.paper, (round(x * 8), round(y * 8)), round(radius * 8), rng.uniform(0, 170), -1, shift=3)


def reverse_side(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """Writing on the back that shines through thin paper: mirrored, blurred, 4 to 16 gray levels deep."""
    ink = sheet.ink.copy()
    write(sheet, source, rng)
    ghost = cv2.GaussianBlur(sheet.ink[:, ::-1], (0, 0), rng.uniform(1.5, 4))
    sheet.ink[:] = ink
    sheet.written.clear()
    sheet.paper -= np.float32(rng.uniform(4, 16)) * ghost


def shadow(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """Uneven light, a quarter darker at one end."""
    ramp = np.linspace(1, rng.uniform(0.7, 0.95), sheet.paper.shape[1], dtype=np.float32)
    sheet.paper *= ramp if rng.random() < 0.5 else ramp[::-1]


def fold(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """A crease across the field, a soft gray line."""
    line = np.zeros_like(sheet.paper)
    x = rng.uniform(0, sheet.paper.shape[1], 2)
    cv2.line(line, (round(x[0]), 0), (round(x[1]), sheet.paper.shape[0]), 1.0, int(rng.integers(2, 8)), cv2.LINE_AA)
    sheet.paper -= np.float32(rng.uniform(5, 25)) * cv2.GaussianBlur(line, (0, 0), rng.uniform(1.5, 4))


def fingerprint(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """A gray cloud of soft edge."""
    cloud = np.zeros_like(sheet.paper)
    centre = (round(rng.uniform(0, cloud.shape[1])), round(rng.uniform(0, cloud.shape[0])))
    axes = (round(rng.uniform(30, 90)), round(rng.uniform(20, 60)))
    cv2.ellipse(cloud, centre, axes, rng.uniform(0, 180), 0, 360, 1.0, -1)
    sheet.paper -= np.float32(rng.uniform(6, 30)) * cv2.GaussianBlur(cloud, (0, 0), rng.uniform(8, 20))


def paper_grain(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """Recycled paper: coarse noise."""
    noise = rng.normal(0, 1, sheet.paper.shape).astype(np.float32)
    sheet.paper += cv2.GaussianBlur(noise, (0, 0), rng.uniform(1, 3)) * np.float32(rng.uniform(4, 12))


BLANKS: Mapping[str, Stain] = {
    f.__name__: f for f in (clean, specks, reverse_side, shadow, fold, fingerprint, paper_grain)
}


# --- no digits -----------------------------------------------------------------------------------


def one_letter(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """Digits, and one letter in the place of one of them."""
    write(sheet, source, rng)
    _replace_one(sheet, _letter(rng), rng)


def word(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """Letters only."""
    write(sheet, source, rng)
    places = list(sheet.written)
    sheet.ink[:] = 0
    for box in places:
        _lay(sheet, _letter(rng), box, rng)


def odd_mark(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """Digits, and one sign of a kind no network was trained on: tick, star, arrow, currency, barcode."""
    write(sheet, source, rng)
    kinds = list(HELD_OUT_KINDS.values())
    _replace_one(sheet, kinds[rng.integers(len(kinds))](rng, np.zeros((1, 28, 28), np.uint8)), rng)


def tick(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """One tick over the empty field."""
    box, x = sheet.field, rng.uniform(0.2, 0.7)
    corner = np.array([box.left + x * box.width, box.bottom - 0.2 * box.height])
    shape = np.array([[-0.35, -0.35], [0.0, 0.0], [0.8, -0.9]]) * box.height * rng.uniform(0.6, 0.9)
    stroke(sheet, corner + shape)


def dash(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """A line through the empty field: nothing to declare."""
    box = sheet.field
    y = (box.top + box.bottom) / 2 + rng.normal(0, 4)
    stroke(sheet, np.array([[box.left + 0.1 * box.width, y], [box.right - 0.1 * box.width, y + rng.normal(0, 6)]]))


def smear(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """Digits wiped sideways before they were dry."""
    write(sheet, source, rng)
    length = int(rng.integers(25, 60))
    kernel = np.linspace(1, 0.2, length, dtype=np.float32)[None]
    wiped = cv2.filter2D(sheet.ink, -1, kernel / kernel.sum() * rng.uniform(2.0, 4.0), anchor=(length - 1, 0))
    np.maximum(sheet.ink, np.clip(wiped, 0, 1), out=sheet.ink)


def blot(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """Digits, and an ink blot over one of them."""
    write(sheet, source, rng)
    box = sheet.written[rng.integers(len(sheet.written))]
    angles = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    radius = rng.uniform(0.35, 0.6) * box.height * (1 + 0.2 * rng.normal(0, 1, 20))
    middle = np.array(box.middle)
    points = middle + radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    cv2.fillPoly(sheet.ink, [np.round(points).astype(np.int32)], 1.0, cv2.LINE_AA)


def signature(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
    """A name in one run of the pen."""
    box = sheet.field
    count = int(rng.integers(14, 26))
    xs = np.linspace(box.left + 8, box.right - 8, count) + rng.normal(0, 0.15 * box.height, count)
    ys = (box.top + box.bottom) / 2 + rng.choice([-1, 1], count) * rng.uniform(0.05, 0.45, count) * box.height
    fine = np.linspace(0, count - 1, 12 * count)
    smooth = np.stack([np.interp(fine, np.arange(count), side) for side in (xs, ys)], axis=1)
    kernel = np.hanning(15) / np.hanning(15).sum()
    stroke(sheet, np.stack([np.convolve(side, kernel, "valid") for side in smooth.T], axis=1))


NON_DIGITS: Mapping[str, Stain] = {
    f.__name__: f for f in (one_letter, word, odd_mark, tick, dash, smear, blot, signature)
}


def _letter(rng: np.random.Generator) -> np.ndarray:
    canvas = np.zeros((140, 160), np.uint8)
    char = LETTERS[rng.integers(len(LETTERS))]
    face = _FACES[rng.integers(len(_FACES))]
    cv2.putText(canvas, char, (30, 100), face, 3.0, 255, int(rng.integers(4, 9)), cv2.LINE_AA)
    shear = np.array([[1, rng.uniform(-0.3, 0.1), 20], [rng.uniform(-0.1, 0.1), 1, 0]])
    return np.asarray(cv2.warpAffine(canvas, shear, (200, 150)), np.uint8)


def _replace_one(sheet: Sheet, picture: np.ndarray, rng: np.random.Generator) -> None:
    """Wipe one digit out and lay another picture in its place."""
    box = sheet.written[rng.integers(len(sheet.written))]
    sheet.ink[max(0, box.top) : box.bottom, max(0, box.left) : box.right] = 0
    _lay(sheet, picture, box, rng)


def _lay(sheet: Sheet, picture: np.ndarray, box: Box, rng: np.random.Generator) -> None:
    tight = tight_digit(picture)
    room = sheet.cells[0].width * 0.85 if sheet.is_comb else 1.2 * box.height
    drawn = scale_digit(tight, min(box.height / tight.shape[0], room / tight.shape[1]), rng)
    lay_digit(sheet.ink, drawn, round((box.left + box.right - drawn.shape[1]) / 2), box.bottom - drawn.shape[0])
