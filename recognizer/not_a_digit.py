"""What lies in digit fields and is not one digit: drawn to teach the eleventh class, and to measure it.

A vertical rule and a steep slash are left out: after normalisation they are ones, and only a field's grammar can tell.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import cv2
import numpy as np
from numpy.typing import NDArray

from recognizer.augment import ImageStack
from recognizer.normalize import normalize_digits
from recognizer.pen import draw_strokes, mark_strokes, random_hand
from recognizer.readings import InkImage

_SIDE_PX = 64
"""Canvas; a digit drawn on it is about 40 high, as at 200 to 300 dpi."""

Maker = Callable[[np.random.Generator, ImageStack], InkImage]


def draw_non_digits(
    count: int, rng: np.random.Generator, digits: ImageStack, kinds: Mapping[str, Maker] | None = None
) -> ImageStack:
    """Draw images that are not one digit, all kinds equally often.

    Args:
        count: how many.
        rng: source of what varies.
        digits: (N, 28, 28) uint8 digits to take apart and to put together.
        kinds: makers by name; None: those meant for training.

    Returns:
        (count, 28, 28) uint8, normalised.
    """
    makers = list((kinds or TRAINING_KINDS).values())
    chosen = rng.integers(len(makers), size=count)
    return normalize_digits([makers[choice](rng, digits) for choice in chosen])


# --- pieces --------------------------------------------------------------------------------------


def _canvas() -> InkImage:
    return np.zeros((_SIDE_PX, _SIDE_PX), np.uint8)


def _pen_px(rng: np.random.Generator) -> int:
    return int(rng.integers(2, 7))


def _any_digit(rng: np.random.Generator, digits: ImageStack, scale: int = 2) -> InkImage:
    """A digit's own box, enlarged."""
    image = digits[rng.integers(len(digits))]
    left, top, width, height = cv2.boundingRect(image)
    if width == 0:
        return np.full((20 * scale, 3 * scale), 255, np.uint8)
    box = image[top : top + height, left : left + width]
    return np.asarray(cv2.resize(box, None, fx=scale, fy=scale, interpolation=cv2.INTER_LINEAR), np.uint8)


def _curve(rng: np.random.Generator, knots: int) -> NDArray[np.int32]:
    """(n, 2) points of a smooth random curve on the canvas."""
    points = rng.uniform(6, _SIDE_PX - 6, (knots, 2))
    along = np.linspace(0, knots - 1, 20 * knots)
    path = np.stack([np.interp(along, np.arange(knots), points[:, axis]) for axis in (0, 1)])
    window = np.ones(13) / 13
    smooth = [np.convolve(np.pad(row, 6, "edge"), window, "valid") for row in path]
    return np.stack(smooth, axis=1).round().astype(np.int32)


def _line(ink: InkImage, start: tuple[float, float], end: tuple[float, float], pen_px: int) -> None:
    first, last = (round(start[0]), round(start[1])), (round(end[0]), round(end[1]))
    cv2.line(ink, first, last, 255, pen_px, cv2.LINE_AA)


def _is_like_one(ink: InkImage) -> bool:
    """One straight upright or leaning stroke, however thick, which people write for a 1."""
    mass = cv2.moments(ink)
    if mass["m00"] == 0:
        return False
    spread = np.array([[mass["mu20"], mass["mu11"]], [mass["mu11"], mass["mu02"]]]) / mass["m00"]
    minor, major = np.linalg.eigvalsh(spread)
    lies_flat = spread[0, 0] > 3 * spread[1, 1]
    return bool(minor < 0.1 * major and not lies_flat)


_FONTS = (
    cv2.FONT_HERSHEY_SIMPLEX,
    cv2.FONT_HERSHEY_DUPLEX,
    cv2.FONT_HERSHEY_COMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_SIMPLEX,
    cv2.FONT_HERSHEY_SCRIPT_COMPLEX,
)


def _text(text: str, rng: np.random.Generator) -> InkImage:
    font = _FONTS[rng.integers(len(_FONTS))]
    (width, height), _ = cv2.getTextSize(text, font, 1.6, 3)
    ink = np.zeros((height + 50, width + 50), np.uint8)
    cv2.putText(ink, text, (25, height + 22), font, 1.6, 255, int(rng.integers(2, 6)), cv2.LINE_AA)
    lean, turn = rng.uniform(-0.3, 0.3), rng.uniform(-0.15, 0.15)
    matrix = np.array([[1, -lean, lean * height / 2], [turn, 1, -turn * width / 2]])
    return np.asarray(cv2.warpAffine(ink, matrix, (ink.shape[1], ink.shape[0])), np.uint8)


# --- kinds for training --------------------------------------------------------------------------


def _fragment(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Less than half of a digit, cut at any angle. What could be a whole 0 or 1 is drawn anew."""
    for _ in range(8):
        ink = _any_digit(rng, digits)
        y, x = np.mgrid[: ink.shape[0], : ink.shape[1]]
        angle = rng.uniform(0, 2 * np.pi)
        depth = x * np.cos(angle) + y * np.sin(angle)
        weight = ink.astype(np.float64)
        order = np.argsort(depth, axis=None)
        share = np.cumsum(weight.ravel()[order]) / max(weight.sum(), 1)
        cut = depth.ravel()[order][np.searchsorted(share, rng.uniform(0.2, 0.45))]
        piece = np.where(depth <= cut, ink, 0).astype(np.uint8)
        holes, _ = cv2.connectedComponents((np.pad(piece, 1) < 60).astype(np.uint8), connectivity=4)
        if not _is_like_one(piece) and holes == 2:
            return piece
    return _canvas()


def _joined(rng: np.random.Generator, digits: ImageStack, count: int) -> InkImage:
    """Digits side by side, just touching or overlapping."""
    row = _any_digit(rng, digits)
    for _ in range(count - 1):
        other = _any_digit(rng, digits)
        overlap = min(int(rng.integers(-3, 7)), row.shape[1] - 1, other.shape[1] - 1)
        shift = int(rng.integers(0, 7))
        height = max(row.shape[0], other.shape[0]) + shift
        joined = np.zeros((height, row.shape[1] + other.shape[1] - overlap), np.uint8)
        joined[: row.shape[0], : row.shape[1]] = row
        right = joined[shift : shift + other.shape[0], joined.shape[1] - other.shape[1] :]
        np.maximum(right, other, out=right)
        row = joined
    return row


def _pair(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    return _joined(rng, digits, 2)


def _digit_and_half(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """A digit with a large part of the next: a box cut at the wrong place."""
    ink = _joined(rng, digits, 2)
    keep = int(ink.shape[1] * rng.uniform(0.7, 0.9))
    return np.ascontiguousarray(ink[:, :keep] if rng.random() < 0.5 else ink[:, -keep:])


def _border(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Corner, tee, bracket, frame or crossing of printed rules."""
    ink, pen = _canvas(), _pen_px(rng)
    low, high = rng.uniform(4, 18), rng.uniform(46, 60)
    sides = {
        "top": ((low, low), (high, low)),
        "left": ((low, low), (low, high)),
        "bottom": ((low, high), (high, high)),
        "right": ((high, low), (high, high)),
        "across": ((low, 32), (high, 32)),
        "down": ((32, low), (32, high)),
    }
    shapes = (("top", "left"), ("top", "down"), ("top", "left", "bottom"), ("top", "left", "bottom", "right"),
              ("across", "down"), ("top", "bottom"), ("left", "right"), ("left", "across"))  # fmt: skip
    for side in shapes[rng.integers(len(shapes))]:
        _line(ink, *sides[side], pen)
    return np.ascontiguousarray(np.rot90(ink, int(rng.integers(4))))


def _rule(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """A dash or a horizontal rule, often dead straight, perhaps broken, perhaps with a speck."""
    ink = _canvas()
    y = rng.uniform(20, 44)
    rise = 0.0 if rng.random() < 0.4 else rng.uniform(-12, 12)
    _line(ink, (3, y), (60, y + rise), int(rng.integers(1, 8)))
    if rng.random() < 0.3:
        gap = int(rng.integers(8, 50))
        ink[:, gap : gap + int(rng.integers(2, 8))] = 0
    if rng.random() < 0.3:
        cv2.circle(ink, (int(rng.integers(64)), int(rng.integers(64))), int(rng.integers(1, 4)), 255, -1)
    return ink


def _dots(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Points, colons and commas."""
    ink = _canvas()
    for x, y in rng.integers(12, 52, (int(rng.integers(1, 4)), 2)):
        across = int(rng.integers(3, 9))
        axes = (across, round(across * rng.uniform(0.6, 1.6)))
        cv2.ellipse(ink, (int(x), int(y)), axes, float(rng.uniform(0, 180)), 0, 360, 255, -1, cv2.LINE_AA)
        if rng.random() < 0.4:
            _line(ink, (x, y), (x - rng.uniform(2, 10), y + rng.uniform(5, 14)), int(rng.integers(2, 5)))
    return ink


_LETTERS = "ACDEFGHJKMNPQRTUVWXYadefhkmnprtuvwxy"
"""Without those that are drawn like a digit: O o I l i j Z z S s B b g q c L."""


def _letter(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    return _text(_LETTERS[rng.integers(len(_LETTERS))], rng)


def _letters(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    alphabet = _LETTERS + "oilcsbg"
    count = int(rng.integers(2, 4))
    return _text("".join(alphabet[place] for place in rng.integers(len(alphabet), size=count)), rng)


def _symbol(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    return _text("%&@*+?<>{}~^"[rng.integers(12)], rng)


def _scribble(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    ink = _canvas()
    cv2.polylines(ink, [_curve(rng, int(rng.integers(6, 12)))], False, 255, _pen_px(rng), cv2.LINE_AA)
    return ink


def _glyph(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """A sign of no script: three to five lines and arcs."""
    ink, pen = _canvas(), _pen_px(rng)
    for _ in range(int(rng.integers(3, 6))):
        if rng.random() < 0.5:
            cv2.polylines(ink, [_curve(rng, 2)], False, 255, pen, cv2.LINE_AA)
        else:
            x, y, across, down = (int(v) for v in rng.integers((14, 14, 5, 5), (50, 50, 22, 22)))
            start = float(rng.uniform(0, 360))
            end = start + float(rng.uniform(60, 360))
            cv2.ellipse(ink, (x, y), (across, down), float(rng.uniform(0, 90)), start, end, 255, pen, cv2.LINE_AA)
    return ink


def _scratched(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """A digit that was struck out by a zigzag, by several lines or by a scribble."""
    ink = _canvas()
    digit = _any_digit(rng, digits)[:56, :56]
    top, left = (_SIDE_PX - digit.shape[0]) // 2, (_SIDE_PX - digit.shape[1]) // 2
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
            _line(ink, (ends[0], ends[1]), (ends[2], ends[3]), pen)
    return ink


def _overwritten(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """One digit over another, as people correct themselves; both must show."""
    layers = []
    for _ in range(2):
        layer, digit = _canvas(), _any_digit(rng, digits)[:56, :56]
        top = int(rng.integers(0, 1 + _SIDE_PX - digit.shape[0]))
        left = int(np.clip((_SIDE_PX - digit.shape[1]) // 2 + rng.integers(-8, 9), 0, _SIDE_PX - digit.shape[1]))
        layer[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
        layers.append(layer)
    ink = np.maximum(*layers)
    if ink.sum(dtype=np.int64) < 1.4 * max(layer.sum(dtype=np.int64) for layer in layers):
        return _overwritten(rng, digits)
    return ink


def _segments(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Five to eight pieces of printed rules in two directions."""
    ink, pen = _canvas(), int(rng.integers(2, 6))
    for _ in range(int(rng.integers(5, 9))):
        place, start = rng.uniform(4, 60, 2)
        end = np.clip(start + rng.choice((-1, 1)) * rng.uniform(14, 50), 3, 61)
        ends = ((start, place), (end, place)) if rng.random() < 0.5 else ((place, start), (place, end))
        _line(ink, *ends, pen)
    return ink


def _rings(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Two to four rings or arcs, one within the other."""
    ink, pen = _canvas(), int(rng.integers(2, 5))
    flat = rng.uniform(0.6, 1.0)
    for radius in np.linspace(rng.uniform(4, 10), 29, int(rng.integers(2, 5))):
        start = rng.uniform(0, 360)
        axes = (round(radius), round(radius * flat))
        cv2.ellipse(ink, (32, 32), axes, 0, start, start + rng.uniform(200, 360), 255, pen, cv2.LINE_AA)
    return ink


def _blot(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Filled shapes: a ticked-out box, a stamp's edge, a smear."""
    ink = _canvas()
    if rng.random() < 0.2:
        across, down = rng.integers(18, 60, 2)
        ink[2 : 2 + down, 2 : 2 + max(across, down // 2)] = 255
        return ink
    corners = rng.uniform(4, 60, (int(rng.integers(3, 8)), 2)).round().astype(np.int32)
    if rng.random() < 0.7:
        corners = np.asarray(cv2.convexHull(corners), np.int32)
    cv2.fillPoly(ink, [corners], 255, cv2.LINE_AA)
    if _is_like_one(ink):
        return _blot(rng, digits)
    return ink if rng.random() < 0.5 else np.asarray(cv2.GaussianBlur(ink, (0, 0), rng.uniform(1, 6)), np.uint8)


def _noise(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    side = int(rng.integers(16, 64))
    dots = np.where(rng.random((side, side)) < rng.uniform(0.005, 0.2), 255, 0).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(dots, (0, 0), rng.uniform(0.4, 1.5)), np.uint8)


def _blank(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Nothing, or the paper's texture blown up to full contrast."""
    if rng.random() < 0.5:
        return _canvas()
    texture = np.abs(rng.normal(0, 255, (32, 32))).clip(0, 255).astype(np.uint8)
    return np.asarray(cv2.GaussianBlur(texture, (0, 0), rng.uniform(0.3, 3)), np.uint8)


def _ruled_digit(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """A digit in a whole printed frame, so that it is tiny: the box was not removed."""
    ink = _border(rng, digits)
    digit = cv2.resize(_any_digit(rng, digits, 1), None, fx=1.2, fy=1.2)
    top, left = (_SIDE_PX - digit.shape[0]) // 2, (_SIDE_PX - digit.shape[1]) // 2
    inside = ink[top : top + digit.shape[0], left : left + digit.shape[1]]
    np.maximum(inside, digit, out=inside)
    return ink


TRAINING_KINDS: Mapping[str, Maker] = {
    "fragment": _fragment,
    "pair": _pair,
    "digit_and_half": _digit_and_half,
    "border": _border,
    "ruled_digit": _ruled_digit,
    "rule": _rule,
    "dots": _dots,
    "letter": _letter,
    "letters": _letters,
    "symbol": _symbol,
    "scribble": _scribble,
    "glyph": _glyph,
    "scratched": _scratched,
    "overwritten": _overwritten,
    "segments": _segments,
    "rings": _rings,
    "blot": _blot,
    "noise": _noise,
    "blank": _blank,
}


# --- kinds never trained on ----------------------------------------------------------------------


def _pen_mark(mark: str) -> Maker:
    def draw(rng: np.random.Generator, digits: ImageStack) -> InkImage:
        hand = random_hand(rng)
        return draw_strokes(mark_strokes(mark, hand, rng), 40, 40 * hand.pen_width, hand.touch, rng)

    return draw


def _triple(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    return _joined(rng, digits, 3)


def _spiral(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    ink = _canvas()
    turns = rng.uniform(2.2, 4)
    angle = np.linspace(0, 2 * np.pi * turns, 120) * (1 if rng.random() < 0.5 else -1) + rng.uniform(0, 6)
    radius = np.linspace(2, 28, 120)
    points = np.stack([32 + radius * np.cos(angle), 32 + radius * np.sin(angle) * rng.uniform(0.6, 1)], axis=1)
    cv2.polylines(ink, [points.round().astype(np.int32)], False, 255, int(rng.integers(2, 5)), cv2.LINE_AA)
    return ink


def _star(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """A pentagram drawn in one go, or a rosette of four or five strokes."""
    ink, pen = _canvas(), int(rng.integers(2, 5))
    if rng.random() < 0.5:
        angle = np.arange(6) * 4 * np.pi / 5 + rng.uniform(0, 6)
        points = np.stack([32 + 27 * np.cos(angle), 32 + 27 * np.sin(angle)], axis=1) + rng.normal(0, 2, (6, 2))
        cv2.polylines(ink, [points.round().astype(np.int32)], False, 255, pen, cv2.LINE_AA)
        return ink
    count = int(rng.integers(4, 6))
    for angle in np.arange(count) * np.pi / count + rng.normal(0, 0.12, count):
        x, y = 26 * np.cos(angle), 26 * np.sin(angle)
        _line(ink, (32 - x, 32 - y), (32 + x, 32 + y), pen)
    return ink


def _comb(rng: np.random.Generator, digits: ImageStack) -> InkImage:
    """Teeth of a printed comb: a base line with three to five ticks."""
    ink, pen = _canvas(), int(rng.integers(2, 4))
    _line(ink, (2, 50), (62, 50), pen)
    for x in np.linspace(4, 60, int(rng.integers(3, 6))):
        _line(ink, (x, 50), (x, rng.uniform(20, 34)), pen)
    return ink


HELD_OUT_KINDS: Mapping[str, Maker] = {
    "dollar": _pen_mark("$"),
    "hash": _pen_mark("#"),
    "tick": _pen_mark("tick"),
    "equals": _pen_mark("="),
    "comma": _pen_mark(","),
    "pen_scribble": _pen_mark("scribble"),
    "triple": _triple,
    "spiral": _spiral,
    "star": _star,
    "comb": _comb,
}
"""Kinds no network is trained on: what they show is what a network makes of things it has never seen."""
