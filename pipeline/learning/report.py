"""What a round of retraining came to, for people: a page with curves and the cases that changed, and a short text."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from pipeline.document import FieldReading
from pipeline.evaluating.evaluation_report import Plot, write_page
from pipeline.learning.field_comparison import FieldPair, tallies
from pipeline.learning.gathering import Gathered, Suspect
from pipeline.learning.retraining import RetrainingReport, Trial, Verdict
from pipeline.storage.names import display_name
from pipeline.storage.retraining_pages import RETRAINING_PAGE
from pipeline.storage.review_item import ReviewItem
from pipeline.storage.review_queue import ReviewQueue
from pipeline.training_sample import digits_of_samples
from recognizer.comparison import Comparison
from recognizer.evaluation_plots import draw_lines, name_of
from recognizer.readings import InkImage

CORRECTIONS = "corrections not seen"
"""By the network that reads them: the challenger, or a stand-in for it."""
NAMED_ITEMS = 10
"""Of suspected labels, in the short text."""
SHOWN = 60
"""Cases of one sort on the page; the rest is counted."""
FIELD_HEIGHT, DIGIT_HEIGHT = 72, 56
"""Pixels that pictures are shown at, at most."""


def write_retraining_page(folder: Path, report: RetrainingReport, queue: ReviewQueue) -> Path:
    """Write `retraining.html`, which needs no other file, and its plots as PNG beside it.

    It shows what stands on forms. So it names the documents it was made of, which is how `purge` finds it.

    Args:
        folder: of this round.
        report: what it came to.
        queue: has the pictures of the fields.

    Raises:
        OutputError: the folder cannot be written to.
    """
    gathered, trial = report.gathered, report.trial
    samples = (*gathered.training, *gathered.held_out, *(suspect.sample for suspect in gathered.suspects))
    context: dict[str, Any] = {
        "report": report,
        "gathered": gathered,
        "trial": trial,
        "verdict": report.verdict.value,
        "is_good": report.verdict in (Verdict.PROMOTED, Verdict.PASSED),
        "source_ids": sorted({sample.source_id for sample in samples}),
        "documents": len({sample.form for sample in samples}),
        "reviewers": len({sample.reviewer for sample in samples}),
        "suspects": [_suspect(suspect, gathered) for suspect in gathered.suspects[:SHOWN]],
        "rows": [] if trial is None else _rows(trial),
        "field_rows": [] if trial is None else _field_rows(trial),
        "fields": [],
        "digits": [],
        "hidden": 0,
    }
    if trial is not None:
        changed = sorted((pair for pair in trial.fields if pair.is_changed), key=_by_weight)
        context["fields"] = [_field(pair, queue) for pair in changed[:SHOWN]]
        context["hidden"] = max(0, len(changed) - SHOWN)
        context["digits"] = [
            (name, _changed_digits(comparison, inks))
            for name, comparison, inks in (
                (CORRECTIONS, trial.corrections, digits_of_samples(trial.judged)[0]),
                (trial.benchmark_name, trial.benchmark, trial.benchmark_digits[0]),
            )
        ]
    return write_page(folder, RETRAINING_PAGE, [] if trial is None else _plots(trial), context)


def _plots(trial: Trial) -> list[Plot]:
    curve = trial.tuned.curve
    wrong = {name: [(point.step, 100 * (1 - point.right[name])) for point in curve] for name in curve[0].right}
    loss = {"training": [(point.step, point.loss) for point in curve if point.loss is not None]}
    return [
        Plot(
            "retraining_errors",
            "Digits read wrong",
            "while the challenger learnt, of corrections it never saw and of a part of the benchmark",
            lambda look: draw_lines(wrong, "step", "read wrong, %", look),
        ),
        Plot(
            "retraining_loss",
            "Loss",
            "of the batches it learnt from: corrected digits and known ones",
            lambda look: draw_lines(loss, "step", "cross entropy", look),
        ),
    ]


# --- rows and cases ------------------------------------------------------------------------------


def _rows(trial: Trial) -> list[dict[str, Any]]:
    return [
        {
            "name": name,
            "n": one.n,
            "before": one.champion_right,
            "after": one.challenger_right,
            "losses": one.log_losses,
            "calibration": one.calibration_errors,
        }
        for name, one in ((CORRECTIONS, trial.corrections), (trial.benchmark_name, trial.benchmark))
    ]


def _field_rows(trial: Trial) -> list[tuple[str, object]]:
    return list(zip(("before", "after"), tallies(trial.fields), strict=True))


def _by_weight(pair: FieldPair) -> tuple[int, float]:
    """What went wrong first, then what was cured, then what merely became surer or less sure."""
    before, after = pair.is_right(pair.champion), pair.is_right(pair.challenger)
    return (0 if before and not after else 1 if after and not before else 2), -pair.challenger.confidence


def _field(pair: FieldPair, queue: ReviewQueue) -> dict[str, Any]:
    picture = queue.crop(pair.item.id)
    return {
        "picture": None if picture is None else _inline(picture),
        "keyed": pair.item.human_value,
        "before": _reading(pair, pair.champion),
        "after": _reading(pair, pair.challenger),
        "place": _place(pair.item),
    }


def _reading(pair: FieldPair, reading: FieldReading) -> dict[str, Any]:
    return {
        "value": reading.value,
        "is_right": pair.is_right(reading),
        "confidence": reading.confidence,
        "decision": reading.decision.value,
    }


def _changed_digits(comparison: Comparison, inks: Sequence[InkImage]) -> dict[str, Any]:
    before, after = comparison.champion.argmax(axis=1), comparison.challenger.argmax(axis=1)
    changed = np.flatnonzero(before != after)
    worst_first = changed[np.argsort(comparison.challenger_is_right[changed], kind="stable")]
    return {
        "cured": int((~comparison.champion_is_right & comparison.challenger_is_right).sum()),
        "broken": int((comparison.champion_is_right & ~comparison.challenger_is_right).sum()),
        "cases": [
            {
                "picture": _inline(_on_paper(inks[row])),
                "label": int(comparison.labels[row]),
                "before": name_of(int(before[row])),
                "after": name_of(int(after[row])),
                "is_right": bool(comparison.challenger_is_right[row]),
            }
            for row in worst_first[:SHOWN]
        ],
    }


def _suspect(suspect: Suspect, gathered: Gathered) -> dict[str, Any]:
    sample = suspect.sample
    return {
        "picture": _inline(_on_paper(sample.ink)),
        "keyed": sample.digit,
        "read_as": suspect.read_as,
        "confidence": suspect.confidence,
        "reviewer": sample.reviewer,
        "position": sample.position + 1,
        "place": _place(gathered.items[sample.item_id]),
        "item": sample.item_id,
    }


def _place(item: ReviewItem) -> str:
    number = f" #{item.document}" if item.document > 1 else ""
    return f"{display_name(Path(item.source_names[0]).name)}{number}: {item.spec.name}"


def _on_paper(ink: InkImage) -> InkImage:
    """Dark on light, with a margin, at the height it is shown at."""
    padded = np.pad(255 - ink, 4, constant_values=255)
    scale = DIGIT_HEIGHT / padded.shape[0]
    size = max(1, round(padded.shape[1] * scale)), DIGIT_HEIGHT
    return np.asarray(cv2.resize(padded, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR))


def _inline(picture: InkImage) -> str:
    if picture.shape[0] > 2 * FIELD_HEIGHT:
        scale = 2 * FIELD_HEIGHT / picture.shape[0]
        picture = np.asarray(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return base64.b64encode(cv2.imencode(".png", picture)[1].tobytes()).decode()


# --- the short text ------------------------------------------------------------------------------


def report_text(report: RetrainingReport) -> str:
    """The report in Markdown, for a terminal as well as for Prefect; it shows nothing that stands on a form."""
    gathered, trial = report.gathered, report.trial
    title = trial.challenger if trial else "No challenger"
    lines = [
        f"# Retraining: {report.verdict}",
        "",
        f"{title} against {report.champion}: {report.reason}.",
        "",
        f"- settled fields: {gathered.settled}, of which {gathered.aligned} gave labelled digits",
        f"- digits: {len(gathered.training)} trained on, {len(gathered.held_out)} of documents that never train"
        f" (training set {gathered.version[:12]})",
    ]
    if gathered.suspects:
        items = list(dict.fromkeys(suspect.sample.item_id for suspect in gathered.suspects))
        more = f" and {len(items) - NAMED_ITEMS} more" if len(items) > NAMED_ITEMS else ""
        named = ", ".join(items[:NAMED_ITEMS])
        lines.append(f"- labels that look wrong: {len(gathered.suspects)}; their items: {named}{more}")
    if trial:
        lines += ["", "| read right | before | after | digits |", "| --- | --- | --- | --- |"]
        lines.append(_comparison_row(CORRECTIONS, trial.corrections))
        lines.append(_comparison_row(trial.benchmark_name, trial.benchmark))
        lines += ["", *(f"- {'yes' if c.is_passed else '**no**'}, {c.name}: {c.finding}" for c in trial.checks)]
    return "\n".join(lines) + "\n"


def _comparison_row(name: str, comparison: Comparison) -> str:
    before, after = comparison.champion_right / comparison.n, comparison.challenger_right / comparison.n
    return f"| {name} | {before:.2%} | {after:.2%} | {comparison.n} |"
