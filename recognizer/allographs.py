"""How people build each digit: skeletons of pen strokes, drawn by us, one line an allograph.

A skeleton is written as points `x,y` in hundredths of the digit's height, x to the right, y down from 0 (top) to 100
(baseline), in the order the pen goes through them. `!` behind a point is a corner (the pen stops and turns), ` / `
lifts the pen. The weights say how common a shape is in North American and in continental European or Latin American
schools; they are our estimate from looking at cheques and forms of both, not counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

SAMPLE_STEP = 0.035
"""Distance between samples along a stroke, digit heights: a circle of full height gets about 90."""

_ROUNDING_SIGMA = 2.2
"""Samples over which the roundest hand smooths a corner; more closes small loops."""


@dataclass(frozen=True, slots=True)
class Allograph:
    """One way to write a digit.

    Attributes:
        name: unique within its digit.
        american, continental: how common it is, relative to the other shapes of the digit.
        path: the skeleton, in the notation of this module.
    """

    name: str
    american: float
    continental: float
    path: str


@dataclass(frozen=True, slots=True)
class Skeleton:
    """A skeleton ready to draw: every sample of the curve is a fixed mix of its control points.

    Attributes:
        points: (n, 2) float64 control points, digit heights.
        curve, polygon, rounded: (m, n) float64 bases: smooth curve through the points, straight lines between them,
            and the curve with its corners rubbed off. `basis @ points` are the (m, 2) samples.
        ends: index behind the last sample of each stroke.
    """

    points: FloatArray
    curve: FloatArray
    polygon: FloatArray
    rounded: FloatArray
    ends: tuple[int, ...]


ALLOGRAPHS: dict[int, tuple[Allograph, ...]] = {
    0: (
        Allograph("round", 30, 30, "40,1 20,7 4,36 7,76 30,99 56,90 67,54 59,16 41,1 26,4"),
        Allograph("narrow", 20, 12, "32,1 14,10 4,44 8,82 24,99 40,88 47,50 41,12 30,1 20,6"),
        Allograph("open", 10, 14, "30,6 10,22 3,56 14,90 36,99 60,78 64,40 54,12 40,4"),
        Allograph("overlapping", 12, 14, "50,9 30,2 8,22 3,60 18,95 46,95 66,62 61,22 42,4 18,-1 10,8"),
        Allograph("looped", 3, 8, "34,6 12,24 3,58 17,95 45,96 64,64 58,22 40,7 30,15 42,22 66,12"),
        Allograph("side_started", 10, 8, "8,34 5,70 24,98 50,92 65,56 58,14 36,1 16,14 6,42"),
        Allograph("clockwise", 6, 6, "22,12 44,2 64,24 66,66 46,97 20,95 4,62 9,24 30,8"),
        Allograph("tailed_in", 5, 6, "42,3 18,10 4,44 10,86 36,99 60,82 66,44 54,12 36,6 34,20"),
    ),
    1: (
        Allograph("plain", 60, 14, "28,0 26,34 24,68 22,100"),
        Allograph("bowed", 12, 5, "24,0 27,34 26,68 20,100"),
        Allograph("short_flag", 12, 24, "6,26 20,14 34,0! 33,50 31,100"),
        Allograph("long_flag", 4, 30, "0,50 20,26 38,0! 36,50 34,100"),
        Allograph("sweeping_flag", 2, 14, "0,64 20,44 34,20 44,0! 41,50 38,100"),
        Allograph("roof", 1, 5, "0,92 16,52 34,0! 38,50 37,100"),
        Allograph("footed", 5, 5, "8,20 20,12 31,0! 31,50 30,98 / 4,100 30,98 56,99"),
        Allograph("serifed", 2, 3, "12,10 30,0! 29,50 28,98 / 10,99 46,98"),
        Allograph("footed_plain", 2, 2, "28,0 28,50 27,98 / 6,100 50,98"),
        Allograph("hooked", 3, 4, "28,0 25,44 24,82 31,98 46,90"),
        Allograph("curled_flag", 1, 4, "2,34 4,44 16,36 36,0! 33,50 28,100"),
    ),
    2: (
        Allograph("plain", 30, 26, "5,24 14,6 36,0 55,12 54,36 32,68 3,98! 32,97 66,96"),
        Allograph("waved", 18, 20, "5,22 18,4 42,0 58,16 52,42 28,74 3,97! 18,90 42,99 68,90"),
        Allograph("looped", 26, 12, "6,20 22,3 46,2 58,20 50,48 28,80 10,95 1,86 12,77 36,90 70,96"),
        Allograph("small_looped", 10, 8, "8,16 26,2 50,4 56,26 40,58 14,92 5,93 12,85 34,92 66,94"),
        Allograph("swan", 4, 14, "22,30 9,26 9,9 28,0 51,7 54,30 35,64 4,98! 36,94 72,97"),
        Allograph("swan_looped", 2, 10, "27,40 9,38 7,12 30,0 55,10 54,40 31,74 9,97 0,88 14,80 36,92 72,97"),
        Allograph("angular", 6, 8, "3,10 30,4 60,3! 32,50 2,98! 32,97 64,96"),
        Allograph("arched", 6, 6, "2,34 8,10 30,0 54,10 56,38 34,72 6,97! 34,95 72,99"),
    ),
    3: (
        Allograph("round", 34, 28, "6,14 26,0 52,8 54,30 27,46! 56,54 64,78 36,100 3,90"),
        Allograph("flowing", 24, 20, "7,12 32,0 55,14 46,38 24,46 50,54 62,78 38,100 3,92"),
        Allograph("flat", 8, 16, "4,3 30,2 58,2! 40,22 26,41! 54,48 64,76 36,100 2,90"),
        Allograph("looped", 8, 8, "7,12 32,0 55,12 46,36 25,48 20,41 32,42 60,60 58,90 28,101 2,88"),
        Allograph("curled_in", 8, 8, "10,24 8,8 32,0 54,14 45,40 25,46! 54,52 64,78 40,100 12,96 6,82"),
        Allograph("small_headed", 8, 8, "12,12 30,0 48,10 44,28 24,37! 56,46 64,76 34,100 0,88"),
        Allograph("big_headed", 8, 8, "2,14 26,0 58,10 58,38 26,54! 52,60 56,82 32,100 6,92"),
    ),
    4: (
        Allograph("open", 34, 20, "15,2 9,30 4,57! 34,57 66,53 / 52,6 49,50 45,100"),
        Allograph("open_square", 10, 8, "8,2 8,26 6,50! 30,52 60,50 / 54,0 53,50 52,100"),
        Allograph("closed", 12, 14, "46,0 22,36 1,68! 34,68 70,66 / 46,1 46,50 44,100"),
        Allograph("closed_one_stroke", 8, 10, "44,100 46,50 48,1! 24,36 1,68! 34,68 70,66"),
        Allograph("crossed_low", 6, 14, "38,0 20,34 2,66! 32,64 68,61 / 52,38 48,70 43,100"),
        Allograph("h_like", 2, 10, "26,0 14,34 3,66 24,53 46,50 51,70 45,100"),
        Allograph("h_like_open", 1, 7, "30,0 16,34 5,60 22,52 44,53 50,64 / 54,36 48,66 40,100"),
        Allograph("y_like", 10, 8, "6,3 3,34 20,50 46,40 57,3! 53,50 46,100"),
        Allograph("rounded", 10, 8, "10,2 3,34 18,51 52,43 / 57,1 51,50 43,100"),
        Allograph("lightning", 4, 8, "36,0 20,32 2,60! 30,58 64,54 / 48,30 42,64 34,100"),
    ),
    5: (
        Allograph("two_stroke", 34, 28, "14,3 12,22 9,43! 34,36 58,50 58,82 30,100 2,90 / 13,3 36,3 62,0"),
        Allograph("gapped_bar", 10, 14, "16,8 13,26 9,45! 36,40 58,56 55,85 28,100 1,92 / 22,4 44,3 68,0"),
        Allograph("one_stroke", 22, 14, "60,2 36,3 15,4! 12,22 9,43! 34,36 58,52 58,82 32,100 2,92"),
        Allograph("s_like", 14, 8, "56,4 32,3 13,18 24,42 50,56 53,82 26,100 2,91"),
        Allograph("hooked", 4, 12, "26,6 24,28 28,48 40,70 32,94 14,100 0,90 / 25,5 46,4 70,0"),
        Allograph("root_like", 1, 5, "4,36 9,66 15,98! 22,56 32,6! 50,4 78,1"),
        Allograph("straight_backed", 3, 8, "24,4 24,34 23,62 30,84 20,99 1,92 / 22,4 46,4 72,0"),
        Allograph("flat_bellied", 6, 6, "10,4 10,24 8,42! 42,42 60,58 56,86 34,98 0,98 / 10,4 34,4 60,3"),
        Allograph("curled_in", 5, 5, "12,3 11,22 9,44! 32,36 58,48 60,80 34,100 8,94 8,80 / 12,3 34,2 58,1"),
    ),
    6: (
        Allograph("closed", 34, 28, "46,1 22,26 5,62 13,95 38,99 53,77 38,58 14,66 7,78"),
        Allograph("open", 10, 10, "42,0 20,28 5,66 15,96 38,98 51,78 39,62 22,68"),
        Allograph("looped", 10, 12, "50,2 20,24 4,60 12,94 38,100 56,80 42,58 18,66 20,84 34,86"),
        Allograph("straight_stem", 14, 14, "38,0 24,32 9,66 16,96 42,98 52,76 34,58 11,74"),
        Allograph("curled", 8, 14, "57,13 44,1 20,17 4,58 13,95 42,99 57,76 38,56 8,70"),
        Allograph("b_like", 8, 8, "12,0 7,36 5,74 18,98 44,94 50,70 30,58 7,74"),
        Allograph("leaning_back", 6, 8, "64,1 36,18 10,52 8,88 34,100 54,82 42,60 12,72"),
        Allograph("high_bowl", 6, 6, "44,0 18,24 3,60 16,97 46,97 60,68 40,44 9,58"),
    ),
    7: (
        Allograph("plain", 50, 10, "2,6 30,4 60,2! 42,46 28,100"),
        Allograph("crossed", 6, 28, "2,6 30,4 60,2! 42,46 28,100 / 13,52 36,49 62,47"),
        Allograph("serifed", 10, 5, "4,20 2,5! 32,5 60,3! 42,48 30,100"),
        Allograph("serifed_crossed", 2, 12, "4,20 2,5! 32,5 60,3! 42,48 30,100 / 12,52 58,48"),
        Allograph("curved", 14, 5, "2,4 30,4 56,3 54,22 38,56 30,100"),
        Allograph("curved_crossed", 2, 12, "2,4 30,4 56,3 54,22 38,56 30,100 / 14,54 64,48"),
        Allograph("waved", 4, 5, "1,14 12,2 34,9 62,1! 42,46 34,100"),
        Allograph("waved_crossed", 2, 12, "1,16 10,3 34,10 64,2! 44,46 34,100 / 14,56 64,46"),
        Allograph("straight_crossed", 1, 6, "4,2 32,3 60,2! 52,40 46,100 / 26,50 74,47"),
        Allograph("footed_crossed", 0.5, 2, "4,4 32,4 58,2! 42,48 32,97 / 14,52 56,48 / 16,99 48,97"),
    ),
    8: (
        Allograph("from_top", 40, 32, "52,12 32,0 11,14 26,42 56,70 38,99 10,86 22,54 50,28 50,9"),
        Allograph("from_top_open", 14, 14, "56,10 32,0 11,18 30,46 54,74 34,100 8,82 28,50 62,6"),
        Allograph("two_circles", 10, 14, "32,1 13,13 19,38 42,42 51,18 33,1 / 32,44 7,64 14,95 46,98 58,70 33,44"),
        Allograph("from_middle", 10, 12, "30,46 10,26 24,1 50,10 46,36 18,58 8,86 34,101 56,80 30,46"),
        Allograph("from_left", 8, 8, "12,16 32,0 52,14 40,40 10,70 26,99 54,86 42,56 14,30 13,12"),
        Allograph("ribbon", 1, 6, "62,0 44,34 26,70 26,97 42,98 42,72 24,38 2,3"),
        Allograph("phi", 1, 5, "52,6 24,0 8,20 28,44 48,72 36,100 14,90 24,60 46,30 74,-2"),
        Allograph("small_headed", 6, 5, "46,10 32,0 18,12 28,34 58,68 36,100 6,80 24,44 44,20 44,8"),
        Allograph("b_like", 1, 3, "8,6 9,50 8,97! 40,98 58,80 42,54 12,48! 40,42 50,20 34,3 3,8"),
    ),
    9: (
        Allograph("straight", 34, 20, "54,12 32,0 8,18 14,45 38,42 54,13! 52,54 48,100"),
        Allograph("leaning", 12, 10, "50,10 30,0 8,16 12,40 34,42 52,12! 44,54 28,100"),
        Allograph("curled", 14, 24, "54,13 32,0 7,18 14,46 40,42 55,14! 57,52 44,90 22,100 3,90"),
        Allograph("g_like", 4, 12, "53,12 30,0 6,20 16,46 42,40 55,14 57,60 40,97 16,98 6,86 22,76"),
        Allograph("open", 8, 8, "42,4 18,4 5,24 17,44 40,36 55,4! 53,52 47,100"),
        Allograph("p_like", 0.5, 6, "12,100 15,56 22,7! 48,0 66,14 54,38 18,46"),
        Allograph("phi_like", 0.5, 6, "34,46 9,36 12,8 38,0 55,18 36,45 30,72 27,100"),
        Allograph("two_stroke", 8, 8, "32,2 10,12 9,36 32,44 50,26 44,6 30,2 / 54,2 54,50 50,100"),
        Allograph("looped_stem", 8, 8, "56,22 46,2 18,4 5,26 20,48 46,34 56,6 54,54 46,100"),
        Allograph("hooked", 6, 8, "54,13 32,0 8,18 14,45 38,42 54,13! 52,60 52,88 64,96"),
    ),
}
"""Shapes by digit that people are known to write, with how common they are."""

RARE_ALLOGRAPHS: dict[int, tuple[Allograph, ...]] = {
    2: (
        Allograph("curled_looped", 0, 0, "16,30 6,18 14,2 38,0 56,16 46,46 24,84 8,99 0,88 12,76 38,90 72,90"),
        Allograph("round_headed", 0, 0, "36,46 12,40 5,18 26,0 52,12 50,40 26,72 4,96! 30,94 66,98"),
        Allograph("round_headed_looped", 0, 0, "36,46 12,40 5,18 26,0 52,12 50,42 24,78 6,96 2,84 16,78 40,92 72,94"),
        Allograph("closed_headed", 0, 0, "26,52 7,32 18,4 44,4 54,26 38,58 10,92 2,88 18,80 44,96 72,92"),
    ),
    4: (
        Allograph("h_like_tall", 0, 0, "20,0 12,38 4,72 22,57 42,53 46,74 42,100"),
        Allograph("h_like_square", 0, 0, "24,0 12,30 2,56! 26,52 50,50! 49,72 46,100"),
    ),
    5: (
        Allograph("root_like_tall", 0, 0, "0,62 10,98! 26,50 38,3! 62,3 96,0"),
        Allograph("j_like", 0, 0, "34,4 32,40 28,82 14,99 0,88 / 33,4 60,3 88,0"),
        Allograph("j_like_joined", 0, 0, "84,0 56,3 30,5! 33,44 30,82 16,99 0,90"),
    ),
    7: (
        Allograph("t_like", 0, 0, "26,12 34,3 44,0! 42,50 38,100 / 8,48 38,46 70,42"),
        Allograph("low_crossed", 0, 0, "2,8 30,5 60,2! 46,44 34,100 / 12,68 38,64 62,62"),
        Allograph("hooked_crossed", 0, 0, "4,26 8,9 32,9 54,0! 48,48 42,100 / 18,54 44,50 72,44"),
    ),
    9: (
        Allograph("p_like_upright", 0, 0, "10,100 13,52 17,6! 42,0 60,16 48,40 15,47"),
        Allograph("p_like_leaning", 0, 0, "2,100 18,54 34,8! 58,2 68,20 52,42 22,47"),
        Allograph("p_like_two_stroke", 0, 0, "18,6 14,52 9,100 / 15,12 44,0 60,18 46,42 15,50"),
        Allograph("ladle", 0, 0, "34,47 9,40 6,14 28,0 52,12 50,36 33,47! 35,74 34,100"),
        Allograph("ladle_swung", 0, 0, "36,48 10,40 7,13 29,0 53,12 49,38 34,48! 46,74 56,98"),
        Allograph("alpha_like", 0, 0, "62,38 28,47 7,26 26,0 48,10 44,38 30,66 27,100"),
        Allograph("ribbon", 0, 0, "46,58 18,44 6,20 28,0 53,14 46,40 24,60 20,82 30,100"),
        Allograph("hatted", 0, 0, "72,2 54,8 28,2 8,16 14,38 36,40 52,20! 48,60 36,100"),
        Allograph("hatted_wide", 0, 0, "84,0 52,7 22,5 8,22 20,41 42,36 54,12! 50,58 30,100"),
        Allograph("hatted_bowed", 0, 0, "62,6 40,0 14,8 10,30 30,42 46,30 52,14! 52,44 54,72 40,100"),
        Allograph("e_like", 0, 0, "8,42 44,36 52,12 30,0 10,22 8,66 24,98 52,88"),
    ),
}
"""Shapes too rare to give a share, which still decide whole numbers: only an eccentric hand writes them."""


def allograph(digit: int, name: str) -> Allograph:
    """The shape of this name. Raises KeyError when the digit has none so called."""
    shapes = every_allograph(digit)
    for shape in shapes:
        if shape.name == name:
            return shape
    raise KeyError(f"digit {digit} has no allograph {name!r}; it has {[a.name for a in shapes]}")


def every_allograph(digit: int) -> tuple[Allograph, ...]:
    """All shapes of a digit, the rare ones last."""
    return ALLOGRAPHS[digit] + RARE_ALLOGRAPHS.get(digit, ())


def smooth_curve(points: FloatArray) -> FloatArray:
    """(m, 2) samples of the smooth curve through (n, 2) points, `SAMPLE_STEP` apart; n at least 2."""
    curve, _ = _run_bases(points)
    result: FloatArray = curve @ points
    return result


@cache
def skeleton(path: str) -> Skeleton:
    """Prepare a path for drawing; the same path is prepared once."""
    points: list[tuple[float, float]] = []
    runs: list[tuple[int, int]] = []  # smooth runs of control points, first and last index
    run_ends_stroke: list[bool] = []
    for stroke in path.split(" / "):
        words = stroke.split()
        start = len(points)
        for offset, word in enumerate(words):
            x, y = word.rstrip("!").split(",")
            points.append((float(x) / 100, float(y) / 100))
            is_last = offset == len(words) - 1
            if word.endswith("!") or is_last:
                runs.append((start, len(points) - 1))
                run_ends_stroke.append(is_last)
                start = len(points) - 1
    return _prepare(np.array(points), runs, run_ends_stroke)


def _prepare(points: FloatArray, runs: list[tuple[int, int]], run_ends_stroke: list[bool]) -> Skeleton:
    count = len(points)
    curves: list[FloatArray] = []
    polygons: list[FloatArray] = []
    rounded: list[FloatArray] = []
    ends: list[int] = []
    stroke_curve: list[FloatArray] = []
    stroke_polygon: list[FloatArray] = []
    for (first, last), ends_stroke in zip(runs, run_ends_stroke, strict=True):
        curve, polygon = _run_bases(points[first : last + 1])
        skip = 1 if stroke_curve else 0  # a corner is the last sample of one run and the first of the next
        for basis, into in ((curve, stroke_curve), (polygon, stroke_polygon)):
            wide = np.zeros((len(basis) - skip, count))
            wide[:, first : last + 1] = basis[skip:]
            into.append(wide)
        if ends_stroke:
            whole = np.concatenate(stroke_curve)
            curves.append(whole)
            polygons.append(np.concatenate(stroke_polygon))
            rounded.append(_smoothing(len(whole)) @ whole)
            ends.append(sum(map(len, curves)))
            stroke_curve, stroke_polygon = [], []
    return Skeleton(points, np.concatenate(curves), np.concatenate(polygons), np.concatenate(rounded), tuple(ends))


def _run_bases(points: FloatArray) -> tuple[FloatArray, FloatArray]:
    """(m, n) bases of the natural cubic spline and of the polygon through n points, sampled evenly along the curve."""
    chords = np.maximum(np.hypot(*np.diff(points, axis=0).T), 1e-3)
    knots = np.concatenate([[0.0], np.cumsum(np.sqrt(chords))])  # centripetal: no cusps where points lie close
    fine = np.linspace(0.0, knots[-1], 24 * len(points))
    path = _spline_basis(knots, fine) @ points
    lengths = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(path, axis=0).T))])
    samples = max(4, round(lengths[-1] / SAMPLE_STEP))
    at = np.interp(np.linspace(0.0, lengths[-1], samples), lengths, fine)
    identity = np.eye(len(points))
    polygon = np.stack([np.interp(at, knots, column) for column in identity], axis=1)
    return _spline_basis(knots, at), polygon


def _spline_basis(knots: FloatArray, at: FloatArray) -> FloatArray:
    """(m, n) values at `at` of the natural cubic splines that are 1 at one knot and 0 at the others."""
    count = len(knots)
    steps = np.diff(knots)
    system = np.eye(count)
    right = np.zeros((count, count))
    for i in range(1, count - 1):
        before, after = steps[i - 1], steps[i]
        system[i, i - 1 : i + 2] = before, 2 * (before + after), after
        right[i, i - 1 : i + 2] = 6 / before, -6 / before - 6 / after, 6 / after
    bends = np.linalg.solve(system, right)
    values = np.eye(count)
    piece = np.clip(np.searchsorted(knots, at, side="right") - 1, 0, count - 2)
    step = steps[piece][:, None]
    to_next = (knots[piece + 1] - at)[:, None]
    from_last = (at - knots[piece])[:, None]
    low, high = bends[piece], bends[piece + 1]
    result: FloatArray = (
        (low * to_next**3 + high * from_last**3) / (6 * step)
        + (values[piece] / step - low * step / 6) * to_next
        + (values[piece + 1] / step - high * step / 6) * from_last
    )
    return result


def _smoothing(count: int) -> FloatArray:
    """(m, m) weights that smooth samples along a stroke and leave its two ends where they are."""
    index = np.arange(count)
    reach = np.minimum(index, count - 1 - index)[:, None] / 3
    sigma = np.minimum(_ROUNDING_SIGMA, np.maximum(reach, 1e-3))
    weights = np.exp(-0.5 * ((index[None, :] - index[:, None]) / sigma) ** 2)
    result: FloatArray = weights / weights.sum(axis=1, keepdims=True)
    return result
