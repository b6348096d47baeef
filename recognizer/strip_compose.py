"""Composes training strips: a random digit string in one hand, on paper that hinders.

Strings are uniformly random, so the network cannot learn which strings are likely, only what digits look like.
Whatever is no digit (points, dashes, currency signs, captions, rules, ticks, patterns) carries no label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from recognizer.readings import GrayImage, InkImage
from recognizer.strip_glyphs import GlyphBank, HandGlyphs
from recognizer.strip_marks import MarkPen, draw_ending, draw_opening
from recognizer.strip_paper import PaperStock
from recognizer.strip_writing import CANVAS_HEIGHT, OVERSAMPLING, Writing, WritingStyle

_DRAWN_HAND_SHARE = 0.42
_SHEET_HAND_SHARE = 0.08
_MIXED_HAND_SHARE = 0.5
"""Share of written strips that take some of the ten digits from a drawn hand: American digits with European ones."""


@dataclass(frozen=True, slots=True)
class ComposedStrip:
    """A strip and the truth about it.

    Attributes:
        gray: (32, W) uint8, dark on light.
        digits: labels, left to right; at least one.
        centres: column of each digit's middle, pixels of `gray`.
        half_widths: half of each digit's ink width, pixels.
    """

    gray: GrayImage
    digits: tuple[int, ...]
    centres: tuple[float, ...]
    half_widths: tuple[float, ...]


class StripComposer:
    """Draws strips endlessly from a bank of glyphs; the same seed gives the same strips."""

    def __init__(self, bank: GlyphBank, seed: int) -> None:
        self._bank = bank
        self._random = np.random.default_rng(seed)
        self._paper = PaperStock(np.random.default_rng(seed + 1))

    def compose(self, width: int, most_digits: int) -> ComposedStrip:
        """Compose a strip at most `width` pixels wide with one to `most_digits` digits."""
        while True:
            strip = self._compose_once(width, int(self._random.integers(1, most_digits + 1)))
            if strip is not None:
                return strip

    def _compose_once(self, width: int, length: int) -> ComposedStrip | None:
        random = self._random
        style = self._style(width, length)
        writing = Writing(width * OVERSAMPLING, style, random, self._glyph_source())
        x = random.uniform(1, 8) if random.random() < 0.5 else random.uniform(2, 0.3 * width) * OVERSAMPLING
        writing.x = float(x)
        if random.random() < 0.25:
            writing.x = self._paper.print_caption(writing.canvas, writing.x, style.baseline, style.digit_height)
        if style.pitch is None and random.random() < 0.1:
            writing.x = draw_opening(writing.canvas, writing.x, style.baseline, style.digit_height, style.pen, random)
        writing.write(length)
        if not writing.digits:
            return None
        ink_end = writing.end
        if style.pitch is None and random.random() < 0.6:
            ink_end = draw_ending(
                writing.canvas, writing.ending_start(), style.baseline, style.digit_height, style.pen, random
            )
        margin = random.uniform(0, 6) if random.random() < 0.6 else random.uniform(4, 0.4 * width)
        kept = min(width, int(np.ceil(ink_end / OVERSAMPLING + margin)))
        if random.random() < 0.2:
            kept = width
        gray = self._paper.develop(
            writing.canvas[:, : kept * OVERSAMPLING],
            baseline=style.baseline,
            digit_height=style.digit_height,
            edges=writing.cell_edges(),
        )
        return ComposedStrip(
            gray,
            tuple(writing.digits),
            tuple(centre / OVERSAMPLING for centre in writing.centres),
            tuple(half / OVERSAMPLING for half in writing.half_widths),
        )

    def _glyph_source(self) -> Sequence[Sequence[InkImage]]:
        """Ten lists of glyphs, one a digit: one hand, perhaps with some digits in a second one."""
        random, bank = self._random, self._bank
        kind = random.random()
        if bank.drawn and kind < _DRAWN_HAND_SHARE:
            return _any(bank.drawn, random).by_digit
        pool = bank.sheets if bank.sheets and kind < _DRAWN_HAND_SHARE + _SHEET_HAND_SHARE else bank.written
        hand = _any(pool, random)
        mixed = bool(bank.drawn) and random.random() < _MIXED_HAND_SHARE
        second = _any(bank.drawn, random) if mixed else None
        source = []
        for digit in range(10):
            owner = second if second is not None and random.random() < 0.4 else hand
            while not owner.has(digit):
                owner = _any(pool, random)
            source.append(owner.by_digit[digit])
        return source

    def _style(self, width: int, length: int) -> WritingStyle:
        random = self._random
        uniform = random.uniform
        height = uniform(13, 28) * OVERSAMPLING
        if random.random() < 0.5:  # long strings only fit when written small
            height = min(height, max(13 * OVERSAMPLING, 1.5 * width * OVERSAMPLING / length))
        baseline = 0.5 * (CANVAS_HEIGHT + height) + uniform(-5, 5) * OVERSAMPLING
        pitch = height * uniform(0.75, 1.7) if random.random() < 0.08 else None
        threshold = uniform(0.18, 0.62)
        stroke = np.clip((np.arange(256) / 255 - threshold) / uniform(0.15, 0.3), 0, 1)
        pen_px = max(1, round(height * uniform(0.05, 0.12) * (1.3 - threshold)))
        return WritingStyle(
            digit_height=height,
            baseline=float(np.clip(baseline, 0.9 * height, CANVAS_HEIGHT + 2 * OVERSAMPLING)),
            slope=float(np.clip(random.normal(0, 0.03), -8 / width, 8 / width)),
            shear=uniform(-0.15, 0.45) if random.random() < 0.7 else 0.0,
            turn=random.normal(0, 0.05),
            aspect=uniform(0.75, 1.45),
            gap=uniform(-0.08, 0.3) if random.random() < 0.75 else uniform(0.2, 0.7),
            gap_spread=uniform(0.02, 0.12),
            jitter=uniform(0.0, 0.06),
            zero_size=uniform(0.42, 1.0) if random.random() < 0.7 else 1.0,
            zeros_raised=bool(random.random() < 0.5),
            zero_share=uniform(0.1, 0.45) if random.random() < 0.45 else 0.1,
            joins_zeros=bool(random.random() < 0.35),
            stroke=(stroke * 255).astype(np.uint8),
            pen=MarkPen(pen_px),
            pitch=pitch,
            grouping=0.25 if random.random() < 0.5 else 0.04,
        )


def _any(hands: Sequence[HandGlyphs], random: np.random.Generator) -> HandGlyphs:
    return hands[int(random.integers(len(hands)))]
