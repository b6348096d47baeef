"""Best paths through a lattice: which candidates, one after another, are the digits of a line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.document import Box
from pipeline.stages.ink import BoolImage
from pipeline.stages.lattice import Lattice
from recognizer.readings import NOT_A_DIGIT, FloatArray

BEAM_WIDTH = 8
"""Partial readings kept at every primitive."""
LOW_CANDIDATE = 0.5
"""Candidates lower than this, in digit heights, are doubtful digits ..."""
LOW_PENALTY = 4.0
"""... and pay this, natural logarithm; raised small zeros are higher."""
GAP_ALLOWED, GAP_PENALTY = 0.12, 8.0
"""Empty gap inside a digit that costs nothing, in digit heights, and the price of each further height."""
BESIDE_PENALTY = 1.5
"""Price of joining blobs that stand side by side: without it, points vanish in the digits behind them."""
CUT_PENALTY = 3.0
"""Price of two digits in one blob as wide as one; halves of digits look like others."""
ONE_DIGIT, TWO_DIGITS = 0.6, 0.9
"""Widths of blobs, in digit heights, that are mostly one digit, and mostly two."""
SLASH_SPREAD = 0.07
"""Standard deviation of a slash's ink across its stroke, in digit heights; a pen's alone is 0.03, an H's 0.15."""
SMALL_MARK = 0.3
CUT_MARK_COST = 0.7
"""Price of taking a piece that was cut off a blob for a mark, such as a comma hanging on its digit."""
FLOOR = 1e-6


@dataclass(frozen=True, slots=True)
class Step:
    """One piece of a reading: a digit, or a mark between digits.

    Attributes:
        char: `0` to `9`, or one of `. , - /`; empty for ink that is neither.
        probability: of a digit, by the digit network; 1 for marks.
    """

    char: str
    probability: float
    box: Box


@dataclass(frozen=True, slots=True)
class Path:
    """One reading of a line with its score, a natural logarithm; not a calibrated probability."""

    steps: tuple[Step, ...]
    digits: str
    score: float


@dataclass(frozen=True, slots=True)
class _Arc:
    """A candidate taken for a digit.

    Attributes:
        end: primitive after it.
        gains: (10,) what every digit adds to the score.
        likely: the two likeliest digits, and what they add.
    """

    end: int
    gains: NDArray[np.float64]
    likely: tuple[tuple[Step, float], ...]


@dataclass(frozen=True, slots=True)
class _Ways:
    """Ways on from one primitive: candidates that begin with it, and itself for a mark or nothing where it may be."""

    arcs: tuple[_Arc, ...]
    mark: tuple[Step, float] | None


def best_paths(lattice: Lattice, probabilities: FloatArray, count: int = BEAM_WIDTH) -> tuple[Path, ...]:
    """Best readings of a line, likeliest first, different in their digits.

    Args:
        lattice: candidates of the line.
        probabilities: (n, 11) float32, a row for every candidate.
        count: how many to keep.
    """
    beams: list[list[Path]] = [[] for _ in range(len(lattice.primitives) + 1)]
    beams[0] = [Path((), "", 0.0)]
    for place, ways in enumerate(_ways_on(lattice, probabilities)):
        for path in _pruned(beams[place], count):
            for arc in ways.arcs:
                beams[arc.end] += [
                    Path((*path.steps, step), path.digits + step.char, path.score + gain) for step, gain in arc.likely
                ]
            if ways.mark is not None:
                step, gain = ways.mark
                beams[place + 1].append(Path((*path.steps, step), path.digits, path.score + gain))
    return tuple(_pruned(beams[-1], count))


def scores_of(texts: Sequence[str], lattice: Lattice, probabilities: FloatArray) -> dict[str, float]:
    """Scores of the best paths that spell given strings, as in `Path`; without those that no path spells.

    Args:
        texts: digits; also what `best_paths` gave up, since other readings had more of the ink in common with theirs.
        lattice: candidates of the line.
        probabilities: (n, 11) float32, a row for every candidate.
    """
    ways_on = _ways_on(lattice, probabilities)
    found = {}
    for text in texts:
        # best[place][n]: of the ways to spell n digits with the primitives before a place.
        best = np.full((len(lattice.primitives) + 1, len(text) + 1), -np.inf)
        best[0, 0] = 0.0
        digits = [int(char) for char in text]
        for place, ways in enumerate(ways_on):
            if ways.mark is not None:
                np.maximum(best[place + 1], best[place] + ways.mark[1], out=best[place + 1])
            for arc in ways.arcs:
                reached = best[place, :-1] + arc.gains[digits]
                np.maximum(best[arc.end, 1:], reached, out=best[arc.end, 1:])
        if np.isfinite(best[-1, -1]):
            found[text] = float(best[-1, -1])
    return found


def _pruned(paths: list[Path], count: int) -> list[Path]:
    best: dict[str, Path] = {}
    for path in sorted(paths, key=lambda p: -p.score):
        best.setdefault(path.digits, path)
        if len(best) == count:
            break
    return list(best.values())


def _ways_on(lattice: Lattice, probabilities: FloatArray) -> list[_Ways]:
    """Ways on from every primitive."""
    prices = _cut_prices(lattice)
    arcs: list[list[_Arc]] = [[] for _ in lattice.primitives]
    not_digit = [1.0] * len(lattice.primitives)
    for index, (candidate, row) in enumerate(zip(lattice.candidates, probabilities, strict=True)):
        first, span = candidate.first, candidate.last - candidate.first
        # Every piece pays, so that one wide reading and several narrow ones are compared fairly.
        gains = span * np.log(row[:NOT_A_DIGIT].astype(np.float64) + FLOOR) - _penalty(lattice, index) - prices[first]
        likely = tuple(
            (Step(str(digit), float(row[digit]), candidate.box), float(gains[digit]))
            for digit in np.argsort(-row[:NOT_A_DIGIT])[:2].tolist()
        )
        arcs[first].append(_Arc(candidate.last, gains, likely))
        if span == 1:
            not_digit[first] = float(row[NOT_A_DIGIT])
    return [_Ways(tuple(starting), _as_mark(lattice, place, not_digit[place])) for place, starting in enumerate(arcs)]


def _cut_prices(lattice: Lattice) -> list[float]:
    """Price of a digit beginning at each primitive: nothing where a blob begins or is wide enough for two."""
    prices = []
    for previous, primitive in zip((None, *lattice.primitives), lattice.primitives, strict=False):
        if previous is None or previous.blob != primitive.blob:
            prices.append(0.0)
            continue
        mine = [piece.box for piece in lattice.primitives if piece.blob == primitive.blob]
        width = (max(box.right for box in mine) - min(box.left for box in mine)) / lattice.digit_height
        prices.append(CUT_PENALTY * min(1.0, max(0.0, (TWO_DIGITS - width) / (TWO_DIGITS - ONE_DIGIT))))
    return prices


def _penalty(lattice: Lattice, index: int) -> float:
    """What a candidate pays for its shape, whatever digit it is."""
    candidate = lattice.candidates[index]
    penalty = LOW_PENALTY if candidate.box.height < LOW_CANDIDATE * lattice.digit_height else 0.0
    if lattice.gaps[index] > GAP_ALLOWED:
        penalty += 1 + GAP_PENALTY * (lattice.gaps[index] - GAP_ALLOWED)
    if lattice.is_beside[index]:
        penalty += BESIDE_PENALTY
    return penalty


def _as_mark(lattice: Lattice, place: int, not_digit: float) -> tuple[Step, float] | None:
    """A primitive taken for a mark or for nothing, and what that adds to the score; of a cut blob, only low pieces.

    Args:
        not_digit: probability that the primitive alone is no digit.
    """
    primitive = lattice.primitives[place]
    if not primitive.is_whole and not lattice.is_mark(place):
        return None
    height = primitive.box.height / lattice.digit_height
    if height < SMALL_MARK:
        cost = 0.02
    elif lattice.is_mark(place):
        cost = -math.log(max(not_digit, 0.05))
    else:
        cost = -math.log(not_digit + FLOOR) + 0.7
    if not primitive.is_whole:
        cost += CUT_MARK_COST
    return Step(mark_of(lattice, place), 1.0, primitive.box), -cost


def _is_straight(mask: BoolImage, digit_height: float) -> bool:
    """Whether ink is one straight stroke: it spreads hardly at all across its main direction."""
    spread = float(np.linalg.eigvalsh(np.cov(np.nonzero(mask)))[0])
    return spread <= (SLASH_SPREAD * digit_height) ** 2


def mark_of(lattice: Lattice, place: int) -> str:
    """Which mark a primitive that is no digit may be, by its shape and its height over the baseline; "" for none."""
    box, height = lattice.primitives[place].box, lattice.digit_height
    middle = (box.top + box.bottom) / 2
    if box.height > 0.7 * height:
        return "/" if box.width < 0.8 * height and _is_straight(lattice.primitives[place].mask, height) else ""
    if box.width > 1.8 * box.height and box.width > 0.25 * height:
        return "-" if middle > lattice.baseline - 0.85 * height else ""
    if middle < lattice.baseline - 0.35 * height:
        return ""
    return "," if box.bottom > lattice.baseline + 0.12 * height and box.height > 1.2 * box.width else "."
