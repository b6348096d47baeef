"""An evaluation as people and machines take it: figures for JSON, pictures, and one page with both."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined

from pipeline.errors import OutputError
from pipeline.storage.atomic import write_atomically
from pipeline.storage.names import display_name
from recognizer.bundle import Bundle
from recognizer.digit_evaluation import DigitEvaluation, evaluate_digits, evaluation_to_json, worst_errors
from recognizer.digit_files import LabelledDigits
from recognizer.evaluation_plots import (
    DARK,
    LIGHT,
    Look,
    draw_confusion,
    draw_reliability,
    draw_risk_coverage,
    draw_sheet,
)
from recognizer.reader import FieldRecognizer
from recognizer.readings import NOT_A_DIGIT

WORST = 16
SHEET = 16
"""Four rows of four, as in the tutorials."""
PAGE = "evaluation.html"


@dataclass(frozen=True)
class Measured:
    """Labelled digits and how a model read them."""

    labelled: LabelledDigits
    evaluation: DigitEvaluation
    bundle: Bundle


def measure_digits(recognizer: FieldRecognizer, labelled: LabelledDigits) -> Measured:
    """Read labelled digits and count."""
    probabilities = recognizer.read_normalized(labelled.digits.images).probabilities
    return Measured(labelled, evaluate_digits(probabilities, labelled.digits.labels), recognizer.bundle)


def figures_of(measured: Measured) -> dict[str, Any]:
    """Plain data of a measurement: the model, the figures, the surest errors."""
    evaluation, labels = measured.evaluation, measured.labelled.digits.labels
    bundle = measured.bundle
    return {
        "model": {"name": bundle.name, "version": bundle.version, "sha256": bundle.sha256},
        **evaluation_to_json(evaluation),
        "worst": [
            {
                "place": display_name(measured.labelled.places[row]),
                "label": int(labels[row]),
                "read_as": None if evaluation.read_as[row] == NOT_A_DIGIT else int(evaluation.read_as[row]),
                "confidence": float(evaluation.confidence[row]),
            }
            for row in worst_errors(evaluation, labels, WORST)
        ],
    }


@dataclass(frozen=True, slots=True)
class Plot:
    """A picture of a report: name of its file, heading, what it shows, and how to draw it in a look."""

    name: str
    title: str
    caption: str
    draw: Callable[[Look], bytes]


def write_report(out: Path, measured: Measured, figures: dict[str, Any]) -> Path:
    """Write `evaluation.html`, which needs no other file, and its pictures as PNG beside it.

    Returns:
        The page.

    Raises:
        OutputError: the folder cannot be written to.
    """
    context = {"figures": figures, "model": figures["model"], "data": {"name": measured.labelled.digits.name}}
    return write_page(out, PAGE, _plots(measured), context)


def write_page(out: Path, name: str, plots: Sequence[Plot], context: Mapping[str, Any]) -> Path:
    """Write a page with its pictures inside, in both looks, and the pictures beside it.

    Args:
        out: folder, made when missing.
        name: of the page and of its template.
        plots: pictures in order.
        context: what else the page shows.

    Raises:
        OutputError: the folder cannot be written to.
    """
    drawn = [(plot, plot.draw(LIGHT), plot.draw(DARK)) for plot in plots]
    pages = Environment(loader=PackageLoader("pipeline", "pages"), autoescape=True, undefined=StrictUndefined)
    page = pages.get_template(name).render(
        **context,
        plots=[
            {"title": plot.title, "caption": plot.caption, "light": _inline(light), "dark": _inline(dark)}
            for plot, light, dark in drawn
        ],
    )
    try:
        for plot, light, _ in drawn:
            write_atomically(out / f"{plot.name}.png", light)
        write_atomically(out / name, page.encode())
    except OSError as error:
        raise OutputError(f"cannot write the report into {out}: {error.strerror}; name another folder") from error
    return out / name


def _plots(measured: Measured) -> list[Plot]:
    evaluation, digits = measured.evaluation, measured.labelled.digits
    shown = np.unique(np.linspace(0, len(digits) - 1, min(SHEET, len(digits))).astype(np.intp))
    worst = worst_errors(evaluation, digits.labels, WORST)

    def sheet_of(rows: np.ndarray[Any, np.dtype[np.intp]]) -> Callable[[Look], bytes]:
        return lambda look: draw_sheet(digits.images, digits.labels.tolist(), evaluation, rows, look)

    plots = [
        Plot("predictions", "Readings", "digits from all over the set, and how they were read", sheet_of(shown)),
        Plot(
            "confusion",
            "Confusion",
            "a row for each digit, a column for what it was read as; ? is “not one digit”",
            lambda look: draw_confusion(evaluation, look),
        ),
        Plot(
            "reliability",
            "Reliability",
            "points on the line mean what they say; larger points hold more digits",
            lambda look: draw_reliability(evaluation, look),
        ),
        Plot(
            "risk_coverage",
            "Risk and coverage",
            "errors among what is accepted when only the surest digits are; dotted: the budgets",
            lambda look: draw_risk_coverage(evaluation, look),
        ),
    ]
    if len(worst):
        plots.append(Plot("worst_errors", "The surest errors", "worst first", sheet_of(worst)))
    return plots


def _inline(png: bytes) -> str:
    return base64.b64encode(png).decode()
