from __future__ import annotations

from pathlib import Path

import pytest
from prefect.states import Failed

from flows.chunks import is_worth_retrying
from flows.read_folder import fail_if_nothing_was_read
from flows.summary_page import MAX_FAILURES, summary_page
from pipeline.batch import BatchOptions
from pipeline.batch_count import summarise
from pipeline.document import ErrorItem, ResultStatus
from pipeline.errors import ModelError, NothingReadError, OutputError, QueueError, TemplateError
from pipeline.runs import Run
from pipeline.summary import FileOutcome, FormOutcome


def outcome(name="a.pdf", status=ResultStatus.ACCEPTED, forms=(), errors=(), was_skipped=False):
    return FileOutcome((name,), f"{name}.json", status, was_skipped, 2, forms, errors, 0.5)


def failed(name="b.pdf", message="truncated"):
    return outcome(name, ResultStatus.FAILED, errors=(ErrorItem("damaged_file", message, 3),))


def run_of(outcomes):
    return Run("id", "Night", BatchOptions(Path("out")), "nightly", 0.0, summary=summarise(outcomes, 1.0))


def test_page_counts_files_forms_and_failures():
    form = FormOutcome("survey", ResultStatus.ACCEPTED, fields=4, accepted=2, review=1, blank=1)
    page = summary_page(summarise([outcome(forms=(form,)), failed(), outcome("c", was_skipped=True)], 2.0), "Night")
    assert page.startswith("# Night\n")
    assert "| seen | 3 |\n| read before | 1 |\n| accepted | 1 |\n| waiting for a person | 0 |\n| failed | 1 |" in page
    assert "| `survey` | 1 | 1 (100%) | 4 | 3 (75%) | 1 |" in page
    assert "| `b.pdf` | damaged_file | 3 | `truncated` | scan or copy it again |" in page


def test_page_of_an_empty_folder_is_all_zeros():
    page = summary_page(summarise([], 0.0), "Nothing")
    assert "| seen | 0 |" in page
    assert "## " not in page


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        pytest.param("a|b.pdf", "`a\\|b.pdf`", id="table mark"),
        pytest.param("[x](http://evil).pdf", "`[x](http://evil).pdf`", id="link"),
        pytest.param("`<b>`\n.pdf", "`'<b>' .pdf`", id="markup and line break"),
        pytest.param("\udce4.pdf", "`\\udce4.pdf`", id="not text"),
    ],
)
def test_file_names_cannot_break_the_page(name, cell):
    assert f"| {cell} | damaged_file |" in summary_page(summarise([failed(name)], 1.0), "x")


def test_long_lists_of_failures_are_cut_and_say_so():
    page = summary_page(summarise([failed(f"{i}.pdf") for i in range(MAX_FAILURES + 7)], 1.0), "x")
    assert page.count("damaged_file") == MAX_FAILURES
    assert "and 7 more" in page


@pytest.mark.parametrize(
    ("error", "is_retried"),
    [
        pytest.param(OutputError("disk full"), True, id="disk"),
        pytest.param(QueueError("database away"), True, id="database"),
        pytest.param(TemplateError("unknown key"), False, id="template"),
        pytest.param(ModelError("truncated"), False, id="model"),
        pytest.param(ValueError("defect"), False, id="defect"),
    ],
)
def test_only_trouble_outside_is_tried_again(error, is_retried):
    assert is_worth_retrying(None, None, Failed(data=error)) is is_retried


@pytest.mark.parametrize(
    "outcomes",
    [
        pytest.param([], id="empty folder"),
        pytest.param([outcome(was_skipped=True)], id="nothing new"),
        pytest.param([outcome(), failed()], id="one of two"),
    ],
)
def test_single_failures_do_not_fail_the_run(outcomes):
    fail_if_nothing_was_read(run_of(outcomes))


def test_run_fails_when_nothing_could_be_read():
    with pytest.raises(NothingReadError, match="none of 2 files"):
        fail_if_nothing_was_read(run_of([failed("a"), failed("b"), outcome(was_skipped=True)]))
