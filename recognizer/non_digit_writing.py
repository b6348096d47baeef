"""Writing that is not one digit: parts of digits, several, spoilt ones, letters and signs of no script."""

from __future__ import annotations

import cv2
import numpy as np

from recognizer.augment import ImageStack
from recognizer.letters import LETTER_PATHS
from recognizer.non_digit_pieces import (
    SIDE_PX,
    any_digit,
    canvas,
    draw_line,
    draw_text,
    is_like_one,
    random_curve,
    random_pen_px,
    touching_digits,
)
from recognizer.pen import draw_strokes, letter_strokes, random_hand
from recognizer.readings import InkImage


def fragment(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Less than half of a digit, cut at any angle. What could be a whole 0 or 1 is drawn anew."""
    for _ in range(8):
        ink = any_digit(rng, digits)
        y, x = np.mgrid[: ink.shape[0], : ink.shape[1]]
        angle = rng.uniform(0, 2 * np.pi)
        depth = x * np.cos(angle) + y * np.sin(angle)
        weight = ink.astype(np.float64)
        order = np.argsort(depth, axis=None)
        share = np.cumsum(weight.ravel()[order]) / max(weight.sum(), 1)
        cut = depth.ravel()[order][np.searchsorted(share, rng.uniform(0.2, 0.45))]
        piece = np.where(depth <= cut, ink, 0).astype(np.uint8)
        holes, _ = cv2.connectedComponents((np.pad(piece, 1) < 60).astype(np.uint8), connectivity=4)
        if not is_like_one(piece) and holes == 2:
            return piece
    return canvas()


def pair(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Two digits that touch."""
    return touching_digits(rng, digits, 2)


def digit_and_half(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """A digit with a large part of the next: a box cut at the wrong place."""
    ink = touching_digits(rng, digits, 2)
    keep = int(ink.shape[1] * rng.uniform(0.7, 0.9))
    return np.ascontiguousarray(ink[:, :keep] if rng.random() < 0.5 else ink[:, -keep:])


_PEN_CAPITALS = tuple(letter for letter in LETTER_PATHS if letter.isupper())
_PEN_LETTERS = tuple(letter for letter in LETTER_PATHS if letter.islower())
_LETTERS = "ACDEFGHJKMNPQRTUVWXYadefhkmnprtuvwxy"
"""Without those that are drawn like a digit: O o I l i j Z z S s B b g q c L."""


def letter(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """One letter."""
    return draw_text(_LETTERS[rng.integers(len(_LETTERS))], rng)


def pen_capital(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """One capital by a hand of our pen."""
    return _by_pen(_PEN_CAPITALS, rng)


def pen_letter(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """One small letter by a hand of our pen."""
    return _by_pen(_PEN_LETTERS, rng)


def _by_pen(alphabet: tuple[str, ...], rng: np.random.Generator) -> InkImage:
    hand = random_hand(rng)
    strokes = letter_strokes(alphabet[rng.integers(len(alphabet))], hand, rng)
    return draw_strokes(strokes, 40, 40 * hand.pen_width, hand.touch, rng)


def letters(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Two or three letters."""
    alphabet = _LETTERS + "oilcsbg"
    count = int(rng.integers(2, 4))
    return draw_text("".join(alphabet[place] for place in rng.integers(len(alphabet), size=count)), rng)


def symbol(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """A printed sign."""
    return draw_text("%&@*+?<>{}~^"[rng.integers(12)], rng)


def scribble(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """One long smooth line, to and fro."""
    ink = canvas()
    cv2.polylines(ink, [random_curve(rng, int(rng.integers(6, 12)))], False, 255, random_pen_px(rng), cv2.LINE_AA)
    return ink


def glyph(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """A sign of no script: three to five lines and arcs."""
    ink, pen = canvas(), random_pen_px(rng)
    for _ in range(int(rng.integers(3, 6))):
        if rng.random() < 0.5:
            cv2.polylines(ink, [random_curve(rng, 2)], False, 255, pen, cv2.LINE_AA)
        else:
            x, y, across, down = (int(v) for v in rng.integers((14, 14, 5, 5), (50, 50, 22, 22)))
            start = float(rng.uniform(0, 360))
            end = start + float(rng.uniform(60, 360))
            cv2.ellipse(ink, (x, y), (across, down), float(rng.uniform(0, 90)), start, end, 255, pen, cv2.LINE_AA)
    return ink


def scratched(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """A digit that was struck out by a zigzag, by several lines or by a scribble."""
    ink = canvas()
    digit = any_digit(rng, digits)[:56, :56]
    top, left = (SIDE_PX - digit.shape[0]) // 2, (SIDE_PX - digit.shape[1]) // 2
    ink[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
    pen = int(rng.integers(2, 6))
    if rng.random() < 0.5:
        turns = int(rng.integers(5, 12))
        y = np.linspace(rng.uniform(6, 20), rng.uniform(44, 58), turns) + rng.normal(0, 3, turns)
        x = np.where(np.arange(turns) % 2 == 0, rng.uniform(2, 16), rng.uniform(48, 62)) + rng.normal(0, 3, turns)
        points = np.stack([x, y] if rng.random() < 0.6 else [y, x], axis=1).round().astype(np.int32)
        cv2.polylines(ink, [points], False, 255, pen, cv2.LINE_AA)
    else:
        for _ in range(int(rng.integers(2, 6))):
            ends = rng.uniform((2, 8, 46, 8), (18, 56, 62, 56))
            draw_line(ink, (ends[0], ends[1]), (ends[2], ends[3]), pen)
    return ink


def overwritten(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """One digit over another, as people correct themselves; both must show."""
    layers = []
    for _ in range(2):
        layer, digit = canvas(), any_digit(rng, digits)[:56, :56]
        top = int(rng.integers(0, 1 + SIDE_PX - digit.shape[0]))
        left = int(np.clip((SIDE_PX - digit.shape[1]) // 2 + rng.integers(-8, 9), 0, SIDE_PX - digit.shape[1]))
        layer[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
        layers.append(layer)
    ink = np.maximum(*layers)
    if ink.sum(dtype=np.int64) < 1.4 * max(layer.sum(dtype=np.int64) for layer in layers):
        return overwritten(rng, digits)
    return ink
