"""Fields on which the lot of an audit fell, beside what people keyed for them: a fair sample of all fields. Pure.

The lot is drawn by a field's identity, so it falls on accepted and on doubtful fields alike, whatever was read in them.
The sample is only fair while none of it is missing: what still waits may be what is hard to read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from pipeline.document import Decision, DocumentResult, FieldReading, ResultStatus, SourceResult
from pipeline.errors import DatasetError
from pipeline.evaluating.labelled_fields import FieldTruth, LabelledField, LabelledResults
from pipeline.routing import is_drawn
from pipeline.storage.review_item import OPEN_STATES, ItemState, ReviewItem, item_id
from pipeline.summary import NO_TEMPLATE


@dataclass(frozen=True, slots=True)
class Lot:
    """How fields are drawn, as in the settings `audit_share` and `audit_seed`."""

    share: float
    seed: int


@dataclass(frozen=True)
class AuditedResults:
    """Drawn fields with their truth.

    Attributes:
        labelled: of the runs whose drawn fields are all settled.
        waiting: drawn fields that are still to settle.
        left_out: settled ones that are left out with them, since they are of the same runs.
    """

    labelled: LabelledResults
    waiting: int
    left_out: int


def label_audited(results: Iterable[SourceResult], items: Mapping[str, ReviewItem], lot: Lot) -> AuditedResults:
    """Put drawn fields beside what people keyed.

    Args:
        results: stored ones.
        items: of the queue by id, whatever their state.
        lot: must be that of the time they were read.

    Raises:
        DatasetError: a drawn field never came to the queue, or no run is settled.
    """
    drawn: list[tuple[SourceResult, DocumentResult, FieldReading, ReviewItem]] = []
    absent = 0
    for result in results:
        for document in result.documents:
            for reading in document.fields:
                identity = item_id(result.source_id, document.number, reading.name)
                # What is called blank is drawn and counted apart; no threshold lets it pass, so it certifies none.
                if reading.decision is Decision.BLANK or not is_drawn(identity, lot.share, lot.seed):
                    continue
                item = items.get(identity)
                absent += item is None
                if item is not None:
                    drawn.append((result, document, reading, item))
    if absent:
        raise DatasetError(
            f"{absent} fields that the lot draws never came to the queue: they were read before audit_share was "
            f"{lot.share:g}, or without the queue; name results read since, with --since"
        )
    unsettled = {item.run for *_, item in drawn if item.state in OPEN_STATES}
    taken = [one for one in drawn if one[3].run not in unsettled]
    waiting = sum(item.state in OPEN_STATES for *_, item in drawn)
    if not taken:
        reason = f"{waiting} drawn fields are still to settle; settle a whole run" if waiting else "no field was drawn"
        raise DatasetError(f"{reason}; the setting audit_share draws accepted fields for an audit")
    return AuditedResults(_labelled(taken), waiting, len(drawn) - len(taken) - waiting)


def _labelled(taken: list[tuple[SourceResult, DocumentResult, FieldReading, ReviewItem]]) -> LabelledResults:
    fields = []
    straight: dict[tuple[str, int], bool] = {}
    forms: dict[tuple[str, int], DocumentResult] = {}
    for result, document, reading, item in taken:
        # Names of files come again every week; the identity of their content does not.
        place = f"{PurePath(result.source_names[0]).name} {result.source_id}"
        truth = FieldTruth(
            place, document.number, reading.name, item.human_value, item.state is not ItemState.UNREADABLE
        )
        template = document.template.name if document.template else NO_TEMPLATE
        fields.append(LabelledField(place, result.source_id, document.number, template, reading, truth))
        straight[place, document.number] = document.status is ResultStatus.ACCEPTED
        forms[place, document.number] = document
    return LabelledResults(
        fields=tuple(fields),
        straight_through=straight,
        missing=(),
        unlabelled=sum(len(document.fields) for document in forms.values()) - len(fields),
        models=frozenset(result.model.sha256 for result, *_ in taken),
    )
