"""An imagined writer: which shapes, how slanted, how wide, with which pen. Drawn at random, nobody's."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from recognizer.allographs import ALLOGRAPHS, every_allograph
from recognizer.ink import Tool, Touch


@dataclass(frozen=True, slots=True)
class Hand:
    """One writer. Lengths are in digit heights.

    Attributes:
        styles, second_styles: name of the usual and the occasional allograph of each digit, ten each.
        constancy: share of digits written in the usual style.
        habit: seed of the writer's own bends of every shape.
        slant: shift of the top to the right.
        width: factor on the width of every digit.
        waist: how far the middle of a digit sits below (positive) or above its usual place.
        angularity: 1 straight lines between turning points, 0 curves, -1 corners rubbed off.
        size: height of the writer's digits against the room the form gives, 1 = as the form's designer meant.
        zero_size: height of a zero against other digits; many write them smaller in amounts.
        spacing: gap between digits, negative when they overlap.
        wander: spread of the baseline from digit to digit.
        carelessness: spread of the control points from digit to digit.
        wobble: size of the tremor along a stroke.
        connectedness: chance that the pen is not lifted between two strokes, or between two digits.
        pen_width: width of the stroke.
        touch: how the pen is pressed.
    """

    styles: tuple[str, ...]
    second_styles: tuple[str, ...]
    constancy: float
    habit: int
    slant: float
    width: float
    waist: float
    angularity: float
    size: float
    zero_size: float
    spacing: float
    wander: float
    carelessness: float
    wobble: float
    connectedness: float
    pen_width: float
    touch: Touch


def random_hand(rng: np.random.Generator, *, eccentricity: float = 0.0) -> Hand:
    """Imagine a writer: a school decides which shapes are likely, the rest varies freely.

    Spreads were set by looking at sheets of drawn digits beside MNIST's and beside amounts on cheques.

    Args:
        rng: where chance comes from.
        eccentricity: share of digits whose usual shape is any at all, rare ones included, each as likely as the next.
    """
    american = float(rng.beta(0.7, 0.7))  # most writers lean to one school, some mix
    first, second = zip(*(_two_styles(digit, american, eccentricity, rng) for digit in range(10)), strict=True)
    tool = (Tool.BALL, Tool.GEL, Tool.FELT, Tool.PENCIL)[int(rng.choice(4, p=[0.5, 0.25, 0.12, 0.13]))]
    pen = {Tool.BALL: 0.072, Tool.GEL: 0.09, Tool.FELT: 0.14, Tool.PENCIL: 0.075}[tool]
    darkness = {Tool.BALL: (0.75, 1.0), Tool.GEL: (0.9, 1.0), Tool.FELT: (0.85, 1.0), Tool.PENCIL: (0.5, 0.85)}[tool]
    return Hand(
        styles=first,
        second_styles=second,
        constancy=float(rng.uniform(0.75, 1.0)),
        habit=int(rng.integers(2**31)),
        slant=float(np.clip(rng.normal(0.12, 0.17), -0.35, 0.6)),
        width=float(np.clip(rng.lognormal(-0.04, 0.16), 0.6, 1.4)),
        waist=float(rng.normal(0, 0.05)),
        angularity=float(np.clip(rng.normal(-0.15, 0.35), -1.0, 0.5)),
        size=float(np.clip(rng.normal(1.0, 0.12), 0.65, 1.3)),
        zero_size=float(rng.uniform(0.62, 1.0)) if rng.random() < 0.5 else 1.0,
        spacing=float(np.clip(rng.normal(0.16, 0.12), -0.12, 0.6)),
        wander=float(abs(rng.normal(0, 0.03))),
        carelessness=float(np.clip(rng.lognormal(-3.8, 0.4), 0.008, 0.05)),
        wobble=float(rng.choice([0.0, 1.0]) * abs(rng.normal(0, 0.004))),
        connectedness=float(rng.beta(0.6, 3.0)),
        pen_width=float(np.clip(pen * rng.lognormal(0, 0.22), 0.035, 0.2)),
        touch=Touch(
            tool=tool,
            darkness=float(rng.uniform(*darkness)),
            contrast=float(np.clip(rng.normal(0.18, 0.14), 0, 0.6)),
            nib_rad=float(rng.normal(np.pi / 2 - 0.2, 0.4)),  # downstrokes are pressed
            unsteadiness=float(rng.uniform(0.02, 0.12)),
            taper=float(rng.uniform(0, 0.55)),
            softness=float(rng.uniform(0.3, 0.6)),
        ),
    )


def _two_styles(digit: int, american: float, eccentricity: float, rng: np.random.Generator) -> tuple[str, str]:
    shapes = ALLOGRAPHS[digit]
    weights = np.array([american * a.american + (1 - american) * a.continental for a in shapes])
    first, second = rng.choice(len(shapes), 2, p=weights / weights.sum())
    usual = shapes[int(first)]
    if eccentricity and rng.random() < eccentricity:
        every = every_allograph(digit)
        usual = every[int(rng.integers(len(every)))]
    return usual.name, shapes[int(second)].name
