"""Pictures of an evaluation: confusion, reliability, risk and coverage, and digits with what they were read as."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from recognizer.digit_evaluation import DigitEvaluation
from recognizer.proportions import clopper_pearson
from recognizer.readings import DIGIT_COUNT, NOT_A_DIGIT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_DPI = 110


@dataclass(frozen=True, slots=True)
class Look:
    """Colours of one rendition, those of the pages they are shown on.

    Attributes:
        paper, ink, quiet: background, text, grid lines.
        accent, wrong: what is right, what is wrong.
        heat: matplotlib's name of a colour map that starts at the paper.
    """

    paper: str
    ink: str
    quiet: str
    accent: str
    wrong: str
    heat: str


LIGHT = Look("#ffffff", "#1c1f23", "#d8dce1", "#1f6feb", "#c2410c", "Blues")
DARK = Look("#16181c", "#e6e8eb", "#3a3f46", "#6ea8fe", "#fb923c", "bone")


def name_of(read_as: int) -> str:
    """A class for people: the digit, or a question mark for 'not one digit'."""
    return "?" if read_as == NOT_A_DIGIT else str(read_as)


def draw_confusion(evaluation: DigitEvaluation, look: Look = LIGHT) -> bytes:
    """PNG of the counts, row truth, column read as; shades go by the share of the row."""
    names = [name_of(label) for label in range(DIGIT_COUNT + 1)]
    return draw_counts(evaluation.report.confusion, names, look)


def draw_counts(confusion: NDArray[np.int64], names: Sequence[str], look: Look = LIGHT) -> bytes:
    """PNG of any confusion, row truth, column read as; shades go by the share of the row.

    Args:
        confusion: (R, C) counts; rows are the first R of the classes.
        names: of the C classes.
    """
    size = max(5.0, 0.4 * len(names))
    figure = _figure(size + 0.6, size, look)
    axes = figure.subplots()
    # Square root: errors are few, and would not be seen beside the diagonal.
    axes.imshow(np.sqrt(confusion / np.maximum(confusion.sum(axis=1, keepdims=True), 1)), look.heat, vmin=0, vmax=1)
    for (truth, read_as), count in np.ndenumerate(confusion):
        if count:
            is_strong = truth == read_as
            colour = look.paper if is_strong else look.wrong
            axes.text(read_as, truth, f"{count}", ha="center", va="center", fontsize=7, color=colour)
    axes.set(xlabel="read as", ylabel="truth")
    axes.set_xticks(range(len(names)), names)
    axes.set_yticks(range(len(confusion)), names[: len(confusion)])
    return _png(figure, look, grid=False)


def draw_reliability(evaluation: DigitEvaluation, look: Look = LIGHT) -> bytes:
    """PNG of how often readings of each confidence are right; the area of a point goes by their number."""
    bins = evaluation.reliability
    figure = _figure(5.0, 4.2, look)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], color=look.quiet, linewidth=1)
    sizes = [12 + 240 * np.sqrt(entry.n / evaluation.report.n) for entry in bins]
    confidences, accuracies = [entry.confidence for entry in bins], [entry.accuracy for entry in bins]
    axes.scatter(confidences, accuracies, s=sizes, color=look.accent, alpha=0.8)
    axes.set(xlabel="confidence", ylabel="share right", xlim=(-0.03, 1.03), ylim=(-0.05, 1.05))
    return _png(figure, look)


def draw_risk_coverage(evaluation: DigitEvaluation, look: Look = LIGHT) -> bytes:
    """PNG of the error among the accepted digits against the share accepted, with the budgets."""
    figure = _figure(5.0, 4.2, look)
    axes = figure.subplots()
    axes.plot(100 * evaluation.coverage, 100 * evaluation.risk, color=look.accent, drawstyle="steps-post")
    for point in evaluation.coverage_at:
        axes.axhline(100 * point.max_error, color=look.wrong, linewidth=0.8, linestyle=":")
    axes.set_yscale("symlog", linthresh=0.01)
    axes.set(xlabel="accepted, % of all", ylabel="wrong among the accepted, %", xlim=(0, 101), ylim=(0, None))
    return _png(figure, look)


def draw_error_reject(points: Sequence[tuple[float, int, int]], budgets: Sequence[float], look: Look = LIGHT) -> bytes:
    """PNG of the error among what is accepted against the share that is not, with its interval and the budgets.

    Args:
        points: share not accepted, errors among the accepted, accepted.
        budgets: shares of errors to mark.
    """
    rejected = [100 * share for share, _, _ in points]
    bounds = [clopper_pearson(errors, accepted) for _, errors, accepted in points]
    figure = _figure(5.0, 4.2, look)
    axes = figure.subplots()
    lows, highs = ([100 * bound[side] for bound in bounds] for side in (0, 1))
    axes.fill_between(rejected, lows, highs, color=look.accent, alpha=0.2, linewidth=0)
    axes.plot(rejected, [100 * errors / accepted for _, errors, accepted in points], color=look.accent)
    for budget in budgets:
        axes.axhline(100 * budget, color=look.wrong, linewidth=0.8, linestyle=":")
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set(xlabel="to review, % of all", ylabel="wrong among the accepted, %", xlim=(-1, 101), ylim=(0, 100))
    return _png(figure, look)


def draw_lines(
    series: Mapping[str, Sequence[tuple[float, float]]], x_label: str, y_label: str, look: Look = LIGHT
) -> bytes:
    """PNG of one line for each name, through its points (x, y); with a legend when there are several."""
    figure = _figure(5.0, 4.2, look)
    axes = figure.subplots()
    colours = (look.accent, look.wrong, look.ink)
    for place, (name, points) in enumerate(series.items()):
        xs, ys = [x for x, _ in points], [y for _, y in points]
        axes.plot(xs, ys, color=colours[place % len(colours)], marker="o", markersize=3, label=name)
    axes.set(xlabel=x_label, ylabel=y_label)
    if len(series) > 1:
        axes.legend(fontsize=8, facecolor=look.paper, edgecolor=look.quiet, labelcolor=look.ink)
    return _png(figure, look)


def draw_sheet(
    images: NDArray[np.uint8],
    labels: Sequence[int],
    evaluation: DigitEvaluation,
    rows: NDArray[np.intp],
    look: Look = LIGHT,
    columns: int = 4,
) -> bytes:
    """PNG of digits with what they were read as and how surely; wrong ones name the truth.

    Args:
        images: (N, 28, 28) uint8, all that were evaluated.
        labels: (N,) truth.
        rows: which of them to show.
        columns: digits side by side.
    """
    pictures = [
        Picture(images[row], name_of(int(labels[row])), name_of(int(evaluation.read_as[row])), confidence)
        for row, confidence in zip(rows, evaluation.confidence[rows], strict=True)
    ]
    return draw_pictures(pictures, look, columns)


@dataclass(frozen=True, slots=True)
class Picture:
    """One image (28, 28) uint8, the names of what it is and was read as, and how surely."""

    image: NDArray[np.uint8]
    truth: str
    read_as: str
    confidence: float


def draw_pictures(pictures: Sequence[Picture], look: Look = LIGHT, columns: int = 4) -> bytes:
    """PNG of images with what they were read as and how surely; wrong ones name the truth."""
    down = max(1, -(-len(pictures) // columns))
    figure = _figure(1.45 * columns, 1.6 * down, look)
    grid = figure.subplots(down, columns, squeeze=False).ravel()
    for axes in grid:
        axes.set_axis_off()
    for axes, picture in zip(grid, pictures, strict=False):
        is_right = picture.read_as == picture.truth
        # As on paper in either rendition: what a person compares is the ink.
        axes.imshow(255 - picture.image, "gray", vmin=0, vmax=255)
        remark = f"{picture.read_as}  {100 * picture.confidence:.1f} %"
        remark += "" if is_right else f"\nis a {picture.truth}"
        axes.set_title(remark, fontsize=8, color=look.ink if is_right else look.wrong)
    return _png(figure, look, grid=False)


def _figure(width_in: float, height_in: float, look: Look) -> Figure:
    from matplotlib.figure import Figure  # slow to import; figures of its own, so that no display is asked for

    return Figure(figsize=(width_in, height_in), dpi=_DPI, layout="constrained", facecolor=look.paper)


def _png(figure: Figure, look: Look, grid: bool = True) -> bytes:
    for axes in figure.axes:
        axes.set_facecolor(look.paper)
        axes.tick_params(colors=look.ink, labelsize=8)
        axes.xaxis.label.set_color(look.ink)
        axes.yaxis.label.set_color(look.ink)
        for spine in axes.spines.values():
            spine.set_color(look.quiet)
        if grid:
            axes.grid(color=look.quiet, linewidth=0.5)
            axes.set_axisbelow(True)
    stream = io.BytesIO()
    # Without the version of matplotlib: the same figures give the same file.
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
