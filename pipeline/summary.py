"""What happened in a batch, counted so that the counts add up."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from pipeline.document import Decision, DocumentResult, ErrorItem, ResultStatus, SourceResult

NO_TEMPLATE = "(no template)"


@dataclass(frozen=True, slots=True)
class FormOutcome:
    """Counts of one filled-in form: `fields` = `accepted` + `review` + `blank`.

    Attributes:
        reasons: why fields wait for a person, each with the number of fields that have it.
    """

    template: str
    status: ResultStatus
    fields: int
    accepted: int
    review: int
    blank: int
    reasons: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one file. Holds no field contents, so it can be kept and logged.

    Attributes:
        names: every path in this batch that holds the content.
        result: name of the result file within the output folder.
        was_skipped: it had been read before in the same way.
        seconds: time spent on it in this batch.
        stages: seconds by stage; empty for what was skipped.
        was_left: it changed or went away while it was read, and has no result; the next run looks again.
    """

    names: tuple[str, ...]
    result: str
    status: ResultStatus
    was_skipped: bool
    pages: int
    forms: tuple[FormOutcome, ...]
    errors: tuple[ErrorItem, ...]
    seconds: float
    stages: tuple[tuple[str, float], ...] = ()
    was_left: bool = False


@dataclass(frozen=True, slots=True)
class TemplateTally:
    """Documents of one template and their fields."""

    template: str
    documents: int
    documents_accepted: int
    fields: int
    accepted: int
    review: int
    blank: int


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """Counts of a batch. Files: `seen` = `skipped` + `accepted` + `needs_review` + `failed`.

    Attributes:
        seen: different contents found; copies of the same bytes count once.
        unsettled: files left for the next run, since somebody was still writing to them or took them away; not among
            the seen.
        copies: further names under which contents were seen.
        skipped: read before in the same way, and left alone.
        skipped_failures: those among the skipped that had failed then.
        without_fields: forms on which no field was found; only without a template.
        templates: forms read in this batch by template, most documents first.
        partly_read: those in review of which a page was lost; they have errors beside their documents.
        failures: files with errors, failed or partly read in this batch, in reading order.
        reasons: why fields wait for a person, most frequent first; a field may have several.
        stage_seconds: time by stage, of all processes together.
        pages: pages read in this batch.
        seconds: wall clock time.
    """

    seen: int
    unsettled: int
    copies: int
    skipped: int
    skipped_failures: int
    accepted: int
    needs_review: int
    failed: int
    partly_read: int
    without_fields: int
    templates: tuple[TemplateTally, ...]
    failures: tuple[FileOutcome, ...]
    reasons: tuple[tuple[str, int], ...]
    stage_seconds: tuple[tuple[str, float], ...]
    pages: int
    seconds: float

    @property
    def read(self) -> int:
        """Files read in this batch, whether well or not."""
        return self.seen - self.skipped

    @property
    def unreadable(self) -> int:
        """Failed files without a single document in them."""
        return sum(not outcome.forms for outcome in self.failures)

    @property
    def documents(self) -> int:
        """Forms read, and files that failed as a whole: straight through + to review + unreadable."""
        return self.total.documents + self.unreadable

    @property
    def total(self) -> TemplateTally:
        """All templates together."""
        return add_up("total", self.templates)

    @property
    def pages_per_second(self) -> float:
        return self.pages / self.seconds if self.seconds > 0 else 0.0


def count_form(document: DocumentResult) -> FormOutcome:
    """Counts of one form."""
    decisions = [field.decision for field in document.fields]
    waiting = [field for field in document.fields if field.decision is Decision.REVIEW]
    return FormOutcome(
        document.template.name if document.template else NO_TEMPLATE,
        document.status,
        len(decisions),
        decisions.count(Decision.ACCEPTED),
        decisions.count(Decision.REVIEW),
        decisions.count(Decision.BLANK),
        most_frequent_first(Counter(reason for field in waiting for reason in field.reasons)),
    )


def count_file(
    result: SourceResult,
    names: tuple[str, ...],
    result_name: str,
    seconds: float,
    was_skipped: bool = False,
    stages: tuple[tuple[str, float], ...] = (),
) -> FileOutcome:
    """Counts of one file, seen in this batch under `names`."""
    return FileOutcome(
        names,
        result_name,
        result.status,
        was_skipped,
        len(result.pages),
        tuple(count_form(document) for document in result.documents),
        result.errors,
        seconds,
        stages,
    )


def leave_file(names: tuple[str, ...]) -> FileOutcome:
    """A file that changed or went away while it was read."""
    return FileOutcome(names, "", ResultStatus.FAILED, False, 0, (), (), 0.0, was_left=True)


def summary_to_json(summary: BatchSummary) -> dict[str, object]:
    """Plain data for `--json` and logs."""
    return {
        **asdict(summary),
        "total": asdict(summary.total),
        "pages_per_second": round(summary.pages_per_second, 2),
        "seconds": round(summary.seconds, 3),
    }


def most_frequent_first(counts: Counter[str]) -> tuple[tuple[str, int], ...]:
    """Names with their numbers; equal numbers by name."""
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def add_up(name: str, tallies: Sequence[TemplateTally]) -> TemplateTally:
    """One tally of several, under a name of its own."""
    return TemplateTally(
        name,
        sum(tally.documents for tally in tallies),
        sum(tally.documents_accepted for tally in tallies),
        sum(tally.fields for tally in tallies),
        sum(tally.accepted for tally in tallies),
        sum(tally.review for tally in tallies),
        sum(tally.blank for tally in tallies),
    )
