import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pipeline.batch_count import BatchCount, summarise
from pipeline.cli.report import count, print_report
from pipeline.cli.run import exit_code
from pipeline.document import ErrorItem, ResultStatus
from pipeline.errors import ReadingError, SourceError
from pipeline.remedies import REMEDIES, remedy
from pipeline.summary import FileOutcome, FormOutcome, summary_to_json

ACCEPTED, REVIEW, FAILED = ResultStatus.ACCEPTED, ResultStatus.NEEDS_REVIEW, ResultStatus.FAILED


def outcome(status=ACCEPTED, skipped=False, forms=(), errors=(), names=("a.pdf",), pages=1):
    return FileOutcome(names, "a-01234567.json", status, skipped, pages, tuple(forms), tuple(errors), 0.1)


def form(status=ACCEPTED, template="survey", accepted=3, review=0, blank=0):
    return FormOutcome(template, status, accepted + review + blank, accepted, review, blank)


def failure(code="damaged_file", name="broken.pdf"):
    return outcome(FAILED, errors=[ErrorItem(code, "is cut off in the middle", 2)], names=(name,), pages=0)


READ = [
    outcome(forms=[form()]),
    outcome(REVIEW, forms=[form(), form(REVIEW, "giro", 1, 2, 1)], pages=2),
    failure(),
    outcome(skipped=True, forms=[form()]),
    outcome(FAILED, skipped=True),
]


def test_files_reconcile():
    summary = summarise(READ, 2.0)
    assert summary.seen == summary.skipped + summary.accepted + summary.needs_review + summary.failed == 5
    assert (summary.skipped, summary.accepted, summary.needs_review, summary.failed) == (2, 1, 1, 1)
    assert summary.skipped_failures == 1


BATCHES = st.lists(
    st.builds(
        outcome,
        status=st.sampled_from(ResultStatus),
        skipped=st.booleans(),
        forms=st.lists(st.builds(form, st.sampled_from((ACCEPTED, REVIEW)), st.sampled_from("ab")), max_size=3),
    )
)


@given(BATCHES, BATCHES)
def test_portions_counted_apart_come_to_the_same(some, others):
    whole, rest = BatchCount(), BatchCount()
    for one in some:
        whole.add(one)
    for one in others:
        rest.add(one)
    whole.include(rest)
    assert whole.summary(1.0) == summarise(some + others, 1.0)


def test_failures_stand_in_the_order_of_their_files_whoever_was_done_first():
    count = BatchCount()
    for name in ("c.pdf", "a.pdf", "b.pdf"):
        count.add(failure(name=name))
    count.arrange_failures([("b.pdf",), ("a.pdf",), ("c.pdf",)])
    assert [one.names[0] for one in count.summary(1.0).failures] == ["b.pdf", "a.pdf", "c.pdf"]


@given(BATCHES)
def test_any_batch_reconciles(outcomes):
    summary = summarise(outcomes, 1.0)
    assert summary.seen == summary.skipped + summary.accepted + summary.needs_review + summary.failed
    assert summary.total.documents == sum(len(o.forms) for o in outcomes if not o.was_skipped)
    assert summary.total.fields == summary.total.accepted + summary.total.review + summary.total.blank


def test_documents_are_forms_and_files_without_any():
    summary = summarise(READ, 2.0)
    assert summary.documents == 4
    assert (summary.total.documents, summary.total.documents_accepted, summary.unreadable) == (3, 2, 1)


def test_fields_reconcile_by_template():
    summary = summarise(READ, 2.0)
    assert [tally.template for tally in summary.templates] == ["survey", "giro"]
    for tally in (*summary.templates, summary.total):
        assert tally.fields == tally.accepted + tally.review + tally.blank
    assert summary.total.fields == 10


def test_pace_counts_what_was_read_in_this_batch():
    assert summarise(READ, 2.0).pages_per_second == 1.5
    assert summarise([], 0.0).pages_per_second == 0.0


def test_copies_are_counted_beside_the_files():
    assert summarise([outcome(names=("a", "b", "c"))], 1.0).copies == 2


@pytest.mark.parametrize(
    ("outcomes", "code", "strict_code"),
    [
        pytest.param([], 0, 0, id="nothing there"),
        pytest.param([outcome(skipped=True)], 0, 0, id="nothing new"),
        pytest.param([outcome()], 0, 0, id="all accepted"),
        pytest.param([outcome(REVIEW)], 0, 3, id="something to review"),
        pytest.param([outcome(REVIEW), failure()], 4, 4, id="one failed"),
        pytest.param([outcome(REVIEW, errors=[ErrorItem("damaged_file", "x", 3)])], 4, 4, id="a page lost"),
        pytest.param([failure()], 5, 5, id="nothing could be read"),
        pytest.param([failure(), outcome(skipped=True)], 5, 5, id="nothing new could be read"),
        pytest.param([outcome(FAILED, skipped=True)], 0, 0, id="an old failure"),
    ],
)
def test_exit_codes(outcomes, code, strict_code):
    summary = summarise(outcomes, 1.0)
    assert exit_code(summary, fail_on_review=False) == code
    assert exit_code(summary, fail_on_review=True) == strict_code


def report(outcomes, capsys, unsettled=0, width=120):
    print_report(Console(width=width, highlight=False), summarise(outcomes, 2.0, unsettled), Path("out"), None)
    return capsys.readouterr().out


def test_report_says_first_what_became_of_the_documents(capsys):
    first = report(READ, capsys).strip().splitlines()[0]
    assert first == "4 documents, 2 straight through (50.0%), 1 to review, 1 failed"


def test_report_names_failures_with_reason_and_remedy(capsys):
    text = report(READ, capsys)
    (line,) = [line for line in text.splitlines() if line.startswith("broken.pdf")]
    assert "is cut off in the middle [damaged_file, page 2]" in line
    assert "scan or copy it again" in line


def test_report_says_where_things_lie_and_how_long_it_took(capsys):
    text = report(READ, capsys, unsettled=1)
    assert "Read 3 pages in 2.0 seconds (1.5 pages/s)." in text
    assert "out" in text
    assert "fieldreader review" in text
    assert "Skipped: 2 files read before, 1 of them failed then" in text
    assert "Left for the next run: 1 file " in text


def test_report_owns_up_to_documents_without_a_field(capsys):
    text = report([outcome(forms=[form(accepted=0)])], capsys)
    assert "Nothing to read was found in 1 document" in text


@pytest.mark.parametrize(
    ("outcomes", "line"),
    [
        pytest.param([], "No documents found.", id="empty"),
        pytest.param([outcome(skipped=True)], "Nothing new: 1 file had been read before.", id="all done"),
        pytest.param(
            [outcome(forms=[form()])], "1 document, 1 straight through (100.0%), 0 to review, 0 failed", id="one"
        ),
    ],
)
def test_headlines_of_small_batches(outcomes, line, capsys):
    assert report(outcomes, capsys).strip().splitlines()[0] == line


def test_names_with_brackets_are_no_markup(capsys):
    assert "[red]x[bold].pdf" in report([outcome(), failure(name="[red]x[bold].pdf")], capsys)


def test_a_long_list_of_failures_is_cut(capsys):
    text = report([failure(name=f"{number}.pdf") for number in range(30)], capsys)
    assert "and 10 more" in text
    assert "25.pdf" not in text


def test_summary_is_plain_data():
    data = json.loads(json.dumps(summary_to_json(summarise(READ, 2.0))))
    assert data["seen"] == 5
    assert data["failures"][0]["errors"][0]["code"] == "damaged_file"
    assert data["total"]["fields"] == 10


def test_nouns_follow_their_number():
    assert [count(1, "file"), count(0, "file"), count(1204, "file")] == ["1 file", "0 files", "1,204 files"]


def all_kinds(kind):
    return {kind, *(deep for sub in kind.__subclasses__() for deep in all_kinds(sub))}


def test_every_error_of_a_document_has_a_remedy():
    codes = {kind.code for kind in all_kinds(SourceError) if kind.__module__ == "pipeline.errors"}
    assert codes == set(REMEDIES)
    assert remedy("of another version") == ""
    assert all(issubclass(kind, ReadingError) for kind in all_kinds(SourceError))
