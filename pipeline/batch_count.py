"""Adding up a batch, file by file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from pipeline.document import ResultStatus
from pipeline.summary import BatchSummary, FileOutcome, FormOutcome, TemplateTally, add_up, most_frequent_first


class BatchCount:
    """Adds up a batch file by file. Keeps counts and failures alone, so that memory does not grow with the batch.

    Equal forms are kept once, with their number.
    """

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._statuses: Counter[ResultStatus] = Counter()
        self._forms: Counter[FormOutcome] = Counter()
        self._stages: dict[str, float] = {}
        self._failures: list[FileOutcome] = []

    def add(self, outcome: FileOutcome) -> None:
        """Count one file."""
        if outcome.was_left:
            self._counts["left"] += 1
            return
        self._counts["seen"] += 1
        self._counts["copies"] += len(outcome.names) - 1
        if outcome.was_skipped:
            self._counts["skipped"] += 1
            self._counts["skipped failures"] += outcome.status is ResultStatus.FAILED
            return
        self._statuses[outcome.status] += 1
        self._counts["pages"] += outcome.pages
        self._forms.update(outcome.forms)
        for stage, spent in outcome.stages:
            self._stages[stage] = self._stages.get(stage, 0.0) + spent
        if outcome.errors or outcome.status is ResultStatus.FAILED:
            self._failures.append(outcome)

    def include(self, other: BatchCount) -> None:
        """Count what another has counted."""
        self._counts.update(other._counts)
        self._statuses.update(other._statuses)
        self._forms.update(other._forms)
        for stage, spent in other._stages.items():
            self._stages[stage] = self._stages.get(stage, 0.0) + spent
        self._failures += other._failures

    def arrange_failures(self, names: Iterable[tuple[str, ...]]) -> None:
        """Put the failures in the order in which the names of their files are given."""
        place = {one: number for number, one in enumerate(names)}
        self._failures.sort(key=lambda outcome: place[outcome.names])

    def summary(self, seconds: float, unsettled: int = 0) -> BatchSummary:
        """What it came to; of an empty batch all zeros."""
        return BatchSummary(
            seen=self._counts["seen"],
            unsettled=unsettled + self._counts["left"],
            copies=self._counts["copies"],
            skipped=self._counts["skipped"],
            skipped_failures=self._counts["skipped failures"],
            accepted=self._statuses[ResultStatus.ACCEPTED],
            needs_review=self._statuses[ResultStatus.NEEDS_REVIEW],
            failed=self._statuses[ResultStatus.FAILED],
            partly_read=sum(outcome.status is not ResultStatus.FAILED for outcome in self._failures),
            without_fields=sum(count for form, count in self._forms.items() if not form.fields),
            templates=_tally_templates(self._forms),
            failures=tuple(self._failures),
            reasons=most_frequent_first(_count_reasons(self._forms)),
            stage_seconds=tuple((stage, round(spent, 3)) for stage, spent in self._stages.items()),
            pages=self._counts["pages"],
            seconds=seconds,
        )


def summarise(outcomes: Iterable[FileOutcome], seconds: float, unsettled: int = 0) -> BatchSummary:
    """Add up a batch at once."""
    count = BatchCount()
    for outcome in outcomes:
        count.add(outcome)
    return count.summary(seconds, unsettled)


def _count_reasons(forms: Mapping[FormOutcome, int]) -> Counter[str]:
    counts: Counter[str] = Counter()
    for form, number in forms.items():
        for reason, fields in form.reasons:
            counts[reason] += number * fields
    return counts


def _tally_templates(forms: Mapping[FormOutcome, int]) -> tuple[TemplateTally, ...]:
    by_template: dict[str, list[TemplateTally]] = {}
    for form, number in forms.items():
        tally = TemplateTally(
            form.template,
            number,
            number * (form.status is ResultStatus.ACCEPTED),
            number * form.fields,
            number * form.accepted,
            number * form.review,
            number * form.blank,
        )
        by_template.setdefault(form.template, []).append(tally)
    tallies = [add_up(template, group) for template, group in by_template.items()]
    return tuple(sorted(tallies, key=lambda tally: (-tally.documents, tally.template)))
