"""Printed lines in a picture of one field: found, used to level it, and kept apart from its ink."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from pipeline.document import FloatMatrix
from pipeline.stages.ink import BoolImage, label_blobs
from pipeline.stages.plane import inverse, pixels_to_pixels, rotation, shift
from recognizer.readings import GrayImage

WORK_WIDTH, WORK_HEIGHT = 900, 200
"""Larger pictures are reduced to this: fourteen digits still have 40 pixels each."""
MIN_CONTRAST = 8
"""Gray levels below which photographed pencil drowns in the noise of the paper."""
RULE_SHARE, RULE_SHARE_WIDE, WIDE_ASPECT = 0.45, 0.22, 3.2
"""Level runs longer than this share of the width are rules; wide pictures hold longer strings."""
WALL_SHARE = 0.3
"""Walls are at least this share of the picture's height."""
RUN_PX, RUN_SHARE = 24, 0.5
"""Level runs shorter than this, or than this share of the picture's height, are bars of digits and letters."""
BREAK_PX = 3
"""Breaks in a line that are closed."""
THICKEST_SHARE, THICKEST_PX = 0.06, 7
"""Printed lines are thinner than this share of the picture's height, or so many pixels in low ones."""
STRAIGHT_PX = 1.6
"""How far a printed line may wander from a straight one, root mean square, pixels."""
MIN_NEAR = 0.6
"""Share of a line's middles that lie near the straight one."""
MIN_BARE = 0.55
"""Share of a printed line at which nothing but the line is seen; a run through neighbouring digits has less."""
MAX_COVERED, COVER_PX = 0.55, 3
"""Strokes stand on less of a printed line than this share (seen: 0.4 under numbers, 0.65 and more along the feet of a
printed caption's letters), looked at so many pixels beside it."""
MAX_WALL_SLOPE = 0.07
"""Walls of a levelled box lean less; ones and slashes of slanted hands lean more."""
REACH_PX = 4
"""A wall ends within this distance of a rule, or of the picture's edge."""
CORNER_PX = 8
"""A box's side stands this near to the end of the rule over or under it."""
OUTER_SHARE = 0.1
"""In this outer part of the picture an upright line from rule to rule is the side of a box."""
SIGN_SHARE = 0.2
"""The wall behind a sign stands within this share of the picture's width from the left side of its box."""
LEAST_GAPS, UNEVEN = 3, 0.2
"""So many gaps between uprights that differ by less than this share are the cells of a comb."""
LEAST_SIDES, ALIKE_SLOPES = 4, 0.01
"""So many upright lines whose slopes differ by less than this, median of the differences, are the sides of boxes."""
LEVEL_SLOPE = 0.008
"""Pictures that lean less are left as they are."""


@dataclass(frozen=True, slots=True)
class PrintedLine:
    """A straight printed line, `start` + `slope` * (t - `first`) for t from `first` to `last`.

    Of a rule t is x and the place is y; of a wall t is y and the place is x.
    """

    first: int
    last: int
    start: float
    slope: float
    thickness: float

    def at(self, t: float) -> float:
        """Where the line is at t."""
        return self.start + self.slope * (t - self.first)

    @property
    def length(self) -> int:
        return self.last - self.first


@dataclass(frozen=True)
class CleanCrop:
    """A picture of one field, levelled, its ink told from its printed lines.

    Attributes:
        gray: (h, w) uint8, walls painted over, since they look like ones. Rules stay: the feet of digits that stand
            on them would go with them, and the strip network knows guide lines.
        printed: (h, w) uint8, the same with its walls.
        ink: (h, w) bool, what is dark beside the printed lines.
        paper: (h, w) uint8, brightness of the paper under every pixel.
        rules, walls: the lines that were there.
        to_crop: (3, 3), pixels of `gray` to pixels of the picture handed in.
    """

    gray: GrayImage
    printed: GrayImage
    ink: BoolImage
    paper: GrayImage
    rules: tuple[PrintedLine, ...]
    walls: tuple[PrintedLine, ...]
    to_crop: FloatMatrix


def clean_crop(image: GrayImage) -> CleanCrop:
    """Level a picture of a field by its printed lines and tell these from its ink.

    Args:
        image: (h, w) uint8, dark on light, about upright; h and w at least 8.
    """
    height, width = image.shape
    zoom = min(1.0, WORK_WIDTH / width, WORK_HEIGHT / height)
    size = (max(8, round(width * zoom)), max(8, round(height * zoom)))
    gray = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA) if zoom < 1 else image, np.uint8)
    to_crop = pixels_to_pixels(width / size[0], height / size[1])
    ink, paper = ink_and_paper(gray)
    rules = _rules(ink)
    # Boxes that stand apart have no rule through them; their sides tell how the picture leans.
    lean = _lean(rules) if rules else _lean_of_sides(_uprights(ink))
    if abs(lean) > LEVEL_SLOPE:
        middle = shift(size[0] / 2, size[1] / 2)
        level_to_gray = middle @ rotation(float(np.degrees(np.arctan(lean)))) @ inverse(middle)
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        turned = cv2.warpPerspective(gray, level_to_gray, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        gray, to_crop = np.asarray(turned, np.uint8), to_crop @ level_to_gray
        ink, paper = ink_and_paper(gray)
        rules = _rules(ink)
    walls = _walls(_uprights(ink), rules, ink.shape)
    erased_walls = _erasable(np.ascontiguousarray(ink.T), walls).T
    written = ink & ~_erasable(ink, rules) & ~erased_walls
    soft_edges = cv2.dilate(erased_walls.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    painted = np.asarray(np.where(soft_edges, paper, gray), np.uint8)
    return CleanCrop(painted, gray, written, paper, tuple(rules), tuple(walls), to_crop)


def ink_and_paper(gray: GrayImage) -> tuple[BoolImage, GrayImage]:
    """What is darker than the paper round it, (h, w) bool, and that paper, (h, w) uint8."""
    height, width = gray.shape
    side = max(15, min(height, width) // 2) | 1
    paper = cv2.blur(np.maximum(gray, cv2.blur(gray, (side, side))), (side, side))
    depth = cv2.subtract(paper, cv2.GaussianBlur(gray, (0, 0), max(0.6, height / 90)))
    threshold, _ = cv2.threshold(depth, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    return np.asarray(depth > max(threshold, MIN_CONTRAST)), np.asarray(paper, np.uint8)


def _rules(ink: BoolImage) -> list[PrintedLine]:
    height, width = ink.shape
    share = RULE_SHARE_WIDE if width > WIDE_ASPECT * height else RULE_SHARE
    run = min(max(RUN_PX, int(RUN_SHARE * height)), max(12, width // 3))
    return _lines(ink, max(20, int(share * width)), run)


def _uprights(ink: BoolImage) -> list[PrintedLine]:
    shortest = max(12, int(WALL_SHARE * len(ink)))
    return _lines(np.ascontiguousarray(ink.T), shortest, max(10, int(0.7 * shortest)))


def _walls(uprights: Sequence[PrintedLine], rules: Sequence[PrintedLine], shape: tuple[int, ...]) -> list[PrintedLine]:
    """Sides of boxes and of cells among the upright lines.

    Sides end where rules end, or go on to the edge, or stand at the ends of the picture. Between two rules a 1 may run
    from one to the other just as the walls between cells do, but it has no fellows at even distances. In a box the wall
    behind a currency's sign stands near the left side.
    """
    height, width = shape
    level = [line for line in uprights if abs(line.slope) <= MAX_WALL_SLOPE]
    between = [line for line in level if all(_is_end(line, t, rules, height) for t in (line.first, line.last))]
    corners = [
        line for line in between if all(_is_end(line, t, rules, height, CORNER_PX) for t in (line.first, line.last))
    ]
    sign_end = min((wall.at(wall.first) for wall in corners), default=0.0) + SIGN_SHARE * width
    sides = [
        line
        for line in between
        if line in corners
        or not OUTER_SHARE * width < line.at(line.first) < (1 - OUTER_SHARE) * width
        or (corners and line.at(line.first) < sign_end)
    ]
    places = np.array(sorted(line.at((line.first + line.last) / 2) for line in between))
    gaps = np.diff(places)
    is_even = len(gaps) >= LEAST_GAPS and float(np.ptp(gaps)) <= UNEVEN * float(gaps.mean())
    return between if is_even else sides


def _is_end(line: PrintedLine, t: int, rules: Sequence[PrintedLine], height: int, corner: float = float("inf")) -> bool:
    """Whether an upright line ends, at t, at the picture's edge or on a rule, at most `corner` pixels from its end."""
    x = line.at(t)
    return (
        t <= REACH_PX
        or t >= height - REACH_PX
        or any(
            rule.first - REACH_PX <= x <= rule.last + REACH_PX
            and min(x - rule.first, rule.last - x) <= corner
            and abs(rule.at(x) - t) <= REACH_PX + rule.thickness
            for rule in rules
        )
    )


def _lines(ink: BoolImage, shortest: int, run: int) -> list[PrintedLine]:
    """Straight thin level lines of at least `shortest` pixels, made of runs of `run` pixels."""
    # One pixel up and down lets a slightly leaning line go on in the next row.
    joined = cv2.dilate(ink.astype(np.uint8), np.ones((3, 1), np.uint8))
    joined = cv2.morphologyEx(joined, cv2.MORPH_CLOSE, np.ones((1, BREAK_PX + 1), np.uint8))
    runs = cv2.morphologyEx(joined, cv2.MORPH_OPEN, np.ones((1, run), np.uint8))
    labels, stats, _ = label_blobs(runs > 0)
    thickest = max(THICKEST_PX, THICKEST_SHARE * len(ink))
    found = []
    for label in range(1, len(stats)):
        left, top, width, height, area = (int(v) for v in stats[label])
        if width < shortest or area > 2.2 * thickest * width:
            continue
        window = labels[top : top + height, left : left + width] == label
        line = _fitted(window & ink[top : top + height, left : left + width], left, top, thickest)
        if line is not None and _share_covered(ink, line) <= MAX_COVERED:
            found.append(line)
    return found


def _share_covered(ink: BoolImage, line: PrintedLine) -> float:
    """Share of a level line's columns at which ink stands on it or hangs from it."""
    columns = np.arange(max(0, line.first), min(ink.shape[1], line.last))
    middle = line.start + line.slope * (columns - line.first)
    reach = line.thickness / 2 + COVER_PX
    above, below = (np.rint(middle + way * reach).astype(np.intp) for way in (-1, 1))
    return float((_inked(ink, above, columns) | _inked(ink, below, columns)).mean())


def _fitted(window: BoolImage, left: int, top: int, thickest: float) -> PrintedLine | None:
    """The straight line through the ink of a chain of runs; None when it is bent or thick."""
    thickness = window.sum(axis=0)
    middles = (window * np.arange(len(window))[:, None]).sum(axis=0) / np.maximum(1, thickness)
    # Where strokes cross or follow the line it looks thick; the line itself is its thin part.
    usual = float(np.median(thickness))
    x = np.flatnonzero((thickness > 0) & (thickness <= usual + 1))
    if usual > thickest or len(x) < max(8, MIN_BARE * window.shape[1]):
        return None
    slope, start = np.polyfit(x, middles[x], 1)
    residual = np.abs(middles[x] - (slope * x + start))
    near = x[residual <= max(2.0, 2 * float(np.median(residual)))]
    if len(near) < MIN_NEAR * len(x):
        return None
    slope, start = np.polyfit(near, middles[near], 1)
    if float(np.sqrt(np.mean((middles[near] - (slope * near + start)) ** 2))) > STRAIGHT_PX:
        return None
    return PrintedLine(left, left + window.shape[1], top + float(start), float(slope), max(1.0, usual))


def _lean(rules: Sequence[PrintedLine]) -> float:
    """Slope of the rules, each counting by its length; 0 without any."""
    half, passed = sum(rule.length for rule in rules) / 2, 0
    for rule in sorted(rules, key=lambda rule: rule.slope):
        passed += rule.length
        if passed >= half:
            return rule.slope
    return 0.0


def _lean_of_sides(uprights: Sequence[PrintedLine]) -> float:
    """Slope of rows across many upright lines that lean alike; 0 where these are few or lean each its own way."""
    if len(uprights) < LEAST_SIDES:
        return 0.0
    slopes = np.array([line.slope for line in uprights])
    typical = float(np.median(slopes))
    return -typical if float(np.median(np.abs(slopes - typical))) < ALIKE_SLOPES else 0.0


def _erasable(ink: BoolImage, lines: Sequence[PrintedLine]) -> BoolImage:
    """Ink of level lines, but for where a stroke passes through."""
    erased = np.zeros_like(ink)
    height = len(ink)
    for line in lines:
        columns = np.arange(max(0, line.first - 1), min(ink.shape[1], line.last + 1))
        middle = line.start + line.slope * (columns - line.first)
        reach = line.thickness / 2 + 1
        upper, lower = np.rint(middle - reach).astype(np.intp), np.rint(middle + reach).astype(np.intp)
        sides = [_inked(ink, rows, columns) for rows in (upper - 1, upper - 2, lower + 1, lower + 2)]
        is_crossed = np.logical_and.reduce(sides)
        for offset in range(int(2 * reach) + 2):
            rows = upper + offset
            keep = (rows <= lower) & (rows >= 0) & (rows < height) & ~is_crossed
            erased[rows[keep], columns[keep]] = True
    return erased & ink


def _inked(ink: BoolImage, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> BoolImage:
    """Whether there is ink at each place; none beyond the edges."""
    is_inside = (rows >= 0) & (rows < len(ink))
    return np.asarray(is_inside & ink[rows.clip(0, len(ink) - 1), columns])
