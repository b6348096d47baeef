"""Results beside the truth: every field that both know. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import PurePath

import numpy as np

from pipeline.confidence.certify import LabelledReadings
from pipeline.document import Decision, DocumentResult, FieldKind, FieldReading, Reason, ResultStatus, SourceResult
from pipeline.errors import DatasetError
from pipeline.summary import NO_TEMPLATE

DOUBTS = frozenset(
    map(
        str,
        (
            Reason.LOW_CONFIDENCE,
            Reason.UNCERTIFIED,
            Reason.TOUCHING,
            Reason.FAINT,
            Reason.CLIPPED,
            Reason.DISAGREEMENT,
            Reason.AUDIT_SAMPLE,
            Reason.SECOND_KEY,
        ),
    )
)
"""Reasons that leave a field acceptable at some threshold; every other one sends it to a person however sure it is."""


@dataclass(frozen=True, slots=True)
class FieldTruth:
    """What is written in one field.

    Attributes:
        file: name of the scanned file; folders before it do not count.
        document: number of the form in the file, from 1.
        value: as results have it; None for a field that was left blank.
        is_readable: whether a person could read it; what nobody can read should never be accepted.
    """

    file: str
    document: int
    field: str
    value: str | None
    is_readable: bool = True


@dataclass(frozen=True, slots=True)
class LabelledField:
    """A field of a result and its truth.

    Attributes:
        source: identity of the file it was read from.
        template: name of the form, or what stands for none.
    """

    file: str
    source: str
    document: int
    template: str
    reading: FieldReading
    truth: FieldTruth

    @property
    def is_right(self) -> bool:
        """Whether the value is the true one, whatever was decided about it."""
        if self.reading.decision is Decision.BLANK or self.reading.value is None:
            return self.truth.value is None
        if self.truth.value is None or not self.truth.is_readable:
            return False
        return same_value(self.reading.value, self.truth.value, self.reading.kind)

    @property
    def is_read(self) -> bool:
        """Whether no person is asked: accepted, or left as the blank field it is."""
        return self.reading.decision is not Decision.REVIEW

    @property
    def is_acceptable(self) -> bool:
        """Whether some confidence would have been enough to accept it."""
        is_filled = self.reading.decision is not Decision.BLANK and self.reading.value is not None
        return is_filled and DOUBTS.issuperset(self.reading.reasons)


@dataclass(frozen=True, slots=True)
class LabelledResults:
    """Results beside the truth.

    Attributes:
        fields: known to both, in the order of the truth.
        straight_through: of each form with a labelled field, whether it passed without a person.
        missing: truths for which there is no result.
        unlabelled: fields of the results for which there is no truth.
        models: identities of the models that read.
    """

    fields: tuple[LabelledField, ...]
    straight_through: dict[tuple[str, int], bool]
    missing: tuple[FieldTruth, ...]
    unlabelled: int
    models: frozenset[str]


def label_results(results: Iterable[SourceResult], truths: Sequence[FieldTruth]) -> LabelledResults:
    """Put results and truth together, by the name of the file, the number of the form and the name of the field.

    Raises:
        DatasetError: two results are of files of the same name, or nothing fits.
    """
    wanted = {truth.file for truth in truths}
    found: dict[tuple[str, int], tuple[SourceResult, DocumentResult]] = {}
    models: set[str] = set()
    by_name: dict[str, str] = {}
    for result in results:
        models.add(result.model.sha256)
        for name in {PurePath(name).name for name in result.source_names} & wanted:
            if by_name.setdefault(name, result.source_id) != result.source_id:
                raise DatasetError(f"there are results of two different files named {name}; evaluate them apart")
            found |= {(name, document.number): (result, document) for document in result.documents}
    fields, missing = [], []
    for truth in truths:
        source, document = found.get((truth.file, truth.document), (None, None))
        reading = next((f for f in document.fields if f.name == truth.field), None) if document else None
        if source is None or document is None or reading is None:
            missing.append(truth)
            continue
        template = document.template.name if document.template else NO_TEMPLATE
        fields.append(LabelledField(truth.file, source.source_id, truth.document, template, reading, truth))
    if not fields:
        raise DatasetError(
            "no field of the truth is in the results; names of files and fields must be the same in both"
        )
    labelled = {(field.file, field.document) for field in fields}
    return LabelledResults(
        fields=tuple(fields),
        straight_through={place: found[place][1].status is ResultStatus.ACCEPTED for place in sorted(labelled)},
        missing=tuple(missing),
        unlabelled=sum(len(document.fields) for _, document in found.values()) - len(fields),
        models=frozenset(models),
    )


def labelled_readings(fields: Sequence[LabelledField]) -> LabelledReadings:
    """Confidence and truth of fields, those of one form taken for one hand."""
    forms = {place: number for number, place in enumerate(dict.fromkeys((f.file, f.document) for f in fields))}
    return LabelledReadings(
        np.array([field.reading.confidence for field in fields], np.float64),
        np.array([field.is_right for field in fields], bool),
        np.array([forms[field.file, field.document] for field in fields], np.int64),
    )


def same_value(one: str, other: str, kind: FieldKind) -> bool:
    """Whether two values of a kind are the same; amounts by their worth, all else by its characters."""
    if kind is FieldKind.AMOUNT:
        try:
            return Decimal(one) == Decimal(other)
        except InvalidOperation:
            return one == other
    return one == other
