"""What lies in digit fields and is not one digit: kinds that teach the eleventh class, and kinds that measure it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from recognizer import non_digit_held_out as held_out
from recognizer import non_digit_printing as printing
from recognizer import non_digit_writing as writing
from recognizer.augment import ImageStack
from recognizer.non_digit_pieces import Maker
from recognizer.normalize import normalize_digits

TRAINING_KINDS: Mapping[str, Maker] = {
    "fragment": writing.fragment,
    "pair": writing.pair,
    "digit_and_half": writing.digit_and_half,
    "border": printing.border,
    "ruled_digit": printing.ruled_digit,
    "rule": printing.rule,
    "dots": printing.dots,
    "letter": writing.letter,
    "letters": writing.letters,
    "pen_capital": writing.pen_capital,
    "pen_letter": writing.pen_letter,
    "symbol": writing.symbol,
    "scribble": writing.scribble,
    "glyph": writing.glyph,
    "scratched": writing.scratched,
    "overwritten": writing.overwritten,
    "segments": printing.segments,
    "rings": printing.rings,
    "blot": printing.blot,
    "noise": printing.noise,
    "blank": printing.blank,
}
"""What networks are trained on; a run follows from its seed and from this order."""

HELD_OUT_KINDS: Mapping[str, Maker] = {
    "dollar": held_out.pen_mark("$"),
    "pound": held_out.pen_mark("£"),
    "hash": held_out.pen_mark("#"),
    "tick": held_out.pen_mark("tick"),
    "equals": held_out.pen_mark("="),
    "star": held_out.star,
    "arrow": held_out.arrow,
    "crossed_box": held_out.crossed_box,
    "registration_mark": held_out.registration_mark,
    "barcode": held_out.barcode,
    "flourish": held_out.flourish,
}
"""Kinds no network is trained on: what they show is what a network makes of things it has never seen.

Combs, spirals, commas, three joined digits and pen scribbles are not among them: segments, rings, dots, pairs and
scribbles, which are trained on, look much like those.
"""


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
