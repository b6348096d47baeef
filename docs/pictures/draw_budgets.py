"""Draw the pictures of docs/error-budget.md.

    python docs/pictures/draw_budgets.py

`budget-proof.png`: how many accepted fields prove which budget. `budget-sequence.png`: the thresholds asked about, on
2,000 made-up fields whose confidence is what it says.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

from pipeline.confidence.certify import LEVEL, LabelledReadings, budget_points
from recognizer.evaluation_plots import LIGHT
from recognizer.proportions import clopper_pearson_upper

FOLDER = Path(__file__).parent
BUDGET = 0.01


def draw_proof() -> None:
    """Bound of the error against the number of accepted fields, for a few numbers of errors among them."""
    figure = Figure(figsize=(7, 4), dpi=110, layout="constrained")
    axes = figure.subplots()
    counts = np.unique(np.geomspace(50, 30000, 120).astype(int))
    for errors, colour in zip((0, 2, 10), (LIGHT.accent, LIGHT.ink, LIGHT.wrong), strict=True):
        bounds = [100 * clopper_pearson_upper(errors, int(n), LEVEL) for n in counts]
        axes.plot(counts, bounds, color=colour, label=f"{errors} wrong")
    for budget in (1, 0.1):
        axes.axhline(budget, color=LIGHT.quiet, linewidth=1)
        axes.text(52, budget * 1.06, f"budget {budget:g} %", fontsize=8, color=LIGHT.ink)
    axes.set(xscale="log", yscale="log", xlabel="labelled fields accepted", ylabel="error is at most, % (95 %)")
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter("{x:g}")
    axes.legend(frameon=False, fontsize=9)
    figure.savefig(FOLDER / "budget-proof.png", metadata={"Software": None})


def draw_sequence() -> None:
    """Error among the accepted, its bound, and the threshold that is taken."""
    rng = np.random.default_rng(4)
    doubt = rng.beta(0.25, 2.2, 2000)
    readings = LabelledReadings(1 - doubt, rng.random(2000) > doubt, np.arange(2000))
    (point,) = budget_points(readings, (BUDGET,))
    order = np.argsort(doubt)
    errors, accepted = np.cumsum(~readings.is_right[order]), np.arange(1, 2001)
    places = np.unique(np.geomspace(100, 2000, 80).astype(int)) - 1
    figure = Figure(figsize=(7, 4), dpi=110, layout="constrained")
    axes = figure.subplots()
    axes.plot(accepted[99:], 100 * (errors / accepted)[99:], color=LIGHT.ink, label="wrong among the accepted")
    bounds = [100 * clopper_pearson_upper(int(errors[p]), int(accepted[p]), LEVEL) for p in places]
    axes.plot(accepted[places], bounds, color=LIGHT.accent, label="at most, with 95 % confidence")
    axes.axhline(100 * BUDGET, color=LIGHT.wrong, linewidth=1, linestyle=":")
    axes.axvline(point.accepted, color=LIGHT.accent, linewidth=1, linestyle="--")
    axes.annotate(
        f"threshold {point.threshold:.3f}\n{point.accepted} accepted, {point.errors} wrong",
        (point.accepted, 3.1),
        xytext=(-8, 0),
        textcoords="offset points",
        ha="right",
        fontsize=9,
    )
    axes.set(xlabel="accepted, surest first", ylabel="%", ylim=(0, 4), xlim=(0, 2000))
    axes.legend(frameon=False, fontsize=9, loc="upper left")
    figure.savefig(FOLDER / "budget-sequence.png", metadata={"Software": None})


if __name__ == "__main__":
    draw_proof()
    draw_sequence()
