"""Everything that is said about read fields beside their truth. Pure counting, every share with its n."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.document import Decision
from pipeline.evaluating.labelled_fields import LabelledField, LabelledResults, labelled_readings
from pipeline.values.grammar import digits_of
from recognizer.evaluation import expected_calibration_error
from recognizer.proportions import clopper_pearson
from recognizer.readings import DIGIT_COUNT

WORST = 16
CURVE_POINTS = 100
MISSED = DIGIT_COUNT
"""Column of the confusion for digits that were not read at all."""


@dataclass(frozen=True, slots=True)
class Tally:
    """What became of some fields: `fields` = `read` + `review`.

    Attributes:
        read: without a person, accepted or left blank.
        wrong: of those, with a value that is not the true one: substitutions.
        exact: of all, the value is the true one, whatever was decided.
    """

    fields: int
    read: int
    wrong: int
    exact: int

    @property
    def review(self) -> int:
        return self.fields - self.read


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Accepting from `threshold` on: how many of all fields would be taken, and how many of those are wrong."""

    threshold: float
    accepted: int
    errors: int


@dataclass(frozen=True)
class FieldEvaluation:
    """Labelled fields and how they were read.

    Attributes:
        total: all fields.
        by_field, by_kind, by_template: by `template / field`, kind and template.
        documents, straight_through, straight_through_right: forms; those that passed without a person; of those, the
            ones without a wrong field.
        curve: errors against acceptance, by falling threshold; fields that no confidence lets pass are never accepted.
        ece: calibration error of the fields that some confidence lets pass.
        confusion: (10, 11) int64, row digit as written, column as read, the last for digits that were not read.
        extra: (10,) int64, digits that were read and not written.
        errors: wrong fields, substitutions first, surest first.
    """

    total: Tally
    by_field: dict[str, Tally]
    by_kind: dict[str, Tally]
    by_template: dict[str, Tally]
    documents: int
    straight_through: int
    straight_through_right: int
    curve: tuple[CurvePoint, ...]
    ece: float
    confusion: NDArray[np.int64]
    extra: NDArray[np.int64]
    errors: tuple[LabelledField, ...]


def evaluate_fields(labelled: LabelledResults) -> FieldEvaluation:
    """Count how fields were read."""
    fields = labelled.fields
    acceptable = labelled_readings([field for field in fields if field.is_acceptable])
    faulty = {(field.file, field.document) for field in fields if field.is_read and not field.is_right}
    passed = [place for place, is_through in labelled.straight_through.items() if is_through]
    confusion, extra = _confusion(fields)
    wrong = [field for field in fields if not field.is_right]
    return FieldEvaluation(
        total=_tally(fields),
        by_field=_tallies(fields, lambda field: f"{field.template} / {field.reading.name}"),
        by_kind=_tallies(fields, lambda field: field.reading.kind.value),
        by_template=_tallies(fields, lambda field: field.template),
        documents=len(labelled.straight_through),
        straight_through=len(passed),
        straight_through_right=sum(place not in faulty for place in passed),
        curve=_curve(acceptable.confidence, acceptable.is_right),
        ece=expected_calibration_error(acceptable.confidence, acceptable.is_right),
        confusion=confusion,
        extra=extra,
        errors=tuple(sorted(wrong, key=lambda field: (not field.is_read, -field.reading.confidence))),
    )


def _tallies(fields: Iterable[LabelledField], name: Callable[[LabelledField], str]) -> dict[str, Tally]:
    groups: dict[str, list[LabelledField]] = {}
    for field in fields:
        groups.setdefault(name(field), []).append(field)
    return {name: _tally(group) for name, group in sorted(groups.items())}


def _tally(fields: Sequence[LabelledField]) -> Tally:
    read = [field for field in fields if field.is_read]
    return Tally(
        fields=len(fields),
        read=len(read),
        wrong=sum(not field.is_right for field in read),
        exact=sum(field.is_right for field in fields),
    )


def _curve(confidence: NDArray[np.float64], is_right: NDArray[np.bool_]) -> tuple[CurvePoint, ...]:
    """Points at which a threshold can separate, thinned evenly; the last takes every field."""
    order = np.argsort(-confidence, kind="stable")
    falling, errors = confidence[order], np.cumsum(~is_right[order])
    ends = np.flatnonzero(np.diff(falling, append=-1.0) != 0)
    shown = ends[np.unique(np.linspace(0, len(ends) - 1, CURVE_POINTS).round().astype(int))] if len(ends) else ends
    return tuple(CurvePoint(float(falling[end]), int(end) + 1, int(errors[end])) for end in shown)


# --- digits --------------------------------------------------------------------------------------


def _confusion(fields: Iterable[LabelledField]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Digits as written against digits as read, of filled fields that gave a value."""
    confusion = np.zeros((DIGIT_COUNT, DIGIT_COUNT + 1), np.int64)
    extra = np.zeros(DIGIT_COUNT, np.int64)
    for field in fields:
        if field.truth.value is None or field.reading.value is None or not field.truth.is_readable:
            continue
        for written, read in aligned(digits_of(field.truth.value), digits_of(field.reading.value)):
            if written is None:
                extra[int(read or 0)] += 1
            else:
                confusion[int(written), MISSED if read is None else int(read)] += 1
    return confusion, extra


def aligned(written: str, read: str) -> list[tuple[str | None, str | None]]:
    """Pairs of characters under the fewest changes; None stands for one that was missed, or never written."""
    cost = np.zeros((len(written) + 1, len(read) + 1), int)
    cost[:, 0], cost[0, :] = range(len(written) + 1), range(len(read) + 1)
    for i, one in enumerate(written, start=1):
        for j, other in enumerate(read, start=1):
            cost[i, j] = min(cost[i - 1, j - 1] + (one != other), cost[i - 1, j] + 1, cost[i, j - 1] + 1)
    pairs: list[tuple[str | None, str | None]] = []
    i, j = len(written), len(read)
    while i or j:
        if i and j and cost[i, j] == cost[i - 1, j - 1] + (written[i - 1] != read[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((written[i], read[j]))
        elif i and cost[i, j] == cost[i - 1, j] + 1:
            i -= 1
            pairs.append((written[i], None))
        else:
            j -= 1
            pairs.append((None, read[j]))
    return pairs[::-1]


# --- for machines --------------------------------------------------------------------------------


def evaluation_to_json(evaluation: FieldEvaluation, labelled: LabelledResults) -> dict[str, Any]:
    """Plain data of an evaluation. Intervals are Clopper-Pearson, 95 %; shares of nothing are null."""
    written, read = evaluation.confusion.sum(axis=1), evaluation.confusion[:, :DIGIT_COUNT].sum(axis=0)
    return {
        **_tally_to_json(evaluation.total),
        "documents": {
            "documents": evaluation.documents,
            "straight_through": evaluation.straight_through,
            "straight_through_rate": _share(evaluation.straight_through, evaluation.documents),
            "straight_through_right": evaluation.straight_through_right,
        },
        "without_result": len(labelled.missing),
        "without_truth": labelled.unlabelled,
        "ece": evaluation.ece,
        "by_template": {name: _tally_to_json(tally) for name, tally in evaluation.by_template.items()},
        "by_kind": {name: _tally_to_json(tally) for name, tally in evaluation.by_kind.items()},
        "by_field": {name: _tally_to_json(tally) for name, tally in evaluation.by_field.items()},
        "error_reject": [_point_to_json(point, evaluation.total.fields) for point in evaluation.curve],
        "confusion": evaluation.confusion.tolist(),
        "digits": [
            {
                "digit": digit,
                "written": int(written[digit]),
                "read": int(read[digit] + evaluation.extra[digit]),
                "right": int(evaluation.confusion[digit, digit]),
                "missed": int(evaluation.confusion[digit, MISSED]),
                "extra": int(evaluation.extra[digit]),
                "bias": _share(int(read[digit] + evaluation.extra[digit] - written[digit]), int(written[digit])),
            }
            for digit in range(DIGIT_COUNT)
        ],
        "worst": [_error_to_json(field) for field in evaluation.errors[:WORST]],
    }


def _tally_to_json(tally: Tally) -> dict[str, Any]:
    return {
        "fields": tally.fields,
        "read": tally.read,
        "read_rate": _share(tally.read, tally.fields),
        "substitutions": tally.wrong,
        "substitution_rate": _share(tally.wrong, tally.read),
        "substitution_interval": list(clopper_pearson(tally.wrong, tally.read)),
        "review": tally.review,
        "review_rate": _share(tally.review, tally.fields),
        "exact": tally.exact,
        "exact_rate": _share(tally.exact, tally.fields),
        "exact_interval": list(clopper_pearson(tally.exact, tally.fields)),
    }


def _point_to_json(point: CurvePoint, fields: int) -> dict[str, float]:
    low, high = clopper_pearson(point.errors, point.accepted)
    return {
        "threshold": point.threshold,
        "accepted": point.accepted,
        "reject_rate": 1 - point.accepted / fields,
        "errors": point.errors,
        "error_rate": point.errors / point.accepted,
        "error_low": low,
        "error_high": high,
    }


def _error_to_json(field: LabelledField) -> dict[str, Any]:
    return {
        "file": field.file,
        "document": field.document,
        "field": field.reading.name,
        "truth": field.truth.value,
        "is_readable": field.truth.is_readable,
        "value": None if field.reading.decision is Decision.BLANK else field.reading.value,
        "confidence": field.reading.confidence,
        "decision": field.reading.decision.value,
    }


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
