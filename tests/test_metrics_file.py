from __future__ import annotations

import re

import pytest

from pipeline.batch_count import summarise
from pipeline.document import ErrorItem, ResultStatus
from pipeline.errors import OutputError
from pipeline.metrics_file import render_metrics, write_metrics
from pipeline.summary import FileOutcome, FormOutcome
from recognizer.drift import Shift

LINE = re.compile(r'[a-z_]+(\{[a-z_]+="(?:[^"\\\n]|\\[\\"n])*"(,[a-z_]+="(?:[^"\\\n]|\\[\\"n])*")*\})? [-+0-9.e]+')


def outcome(template="survey", status=ResultStatus.NEEDS_REVIEW):
    form = FormOutcome(template, status, 4, 2, 1, 1, (("low_confidence", 1),))
    return FileOutcome(
        ("a.pdf",), "a.json", status, False, 2, (form,), (), 0.5, stages=(("decode", 0.2), ("read", 0.3))
    )


FAILED = FileOutcome(
    ("b.pdf",), "b.json", ResultStatus.FAILED, False, 0, (), (ErrorItem("damaged_file", "x"),), 0.1
)  # fmt: skip
SHIFTS = (Shift("blank", 500, 0.3, 0.15, True, True), Shift("digits", 5, 0.1, 1.0, False, False))


def test_figures_of_a_run_are_there_with_their_labels():
    text = render_metrics("nightly", summarise([outcome(), outcome(), FAILED], 2.5, 3), 17, SHIFTS, 1e9)
    for line in (
        'fieldreader_last_run_timestamp_seconds{run="nightly"} 1000000000',
        'fieldreader_last_run_files{run="nightly",outcome="review"} 2',
        'fieldreader_last_run_files{run="nightly",outcome="failed"} 1',
        'fieldreader_last_run_unsettled_files{run="nightly"} 3',
        'fieldreader_last_run_pages{run="nightly"} 4',
        'fieldreader_last_run_documents{run="nightly",template="survey",straight_through="no"} 2',
        'fieldreader_last_run_fields{run="nightly",template="survey",decision="accepted"} 4',
        'fieldreader_last_run_review_reasons{run="nightly",reason="low_confidence"} 2',
        'fieldreader_last_run_stage_seconds{run="nightly",stage="decode"} 0.4',
        "fieldreader_review_backlog_fields 17",
        'fieldreader_drift_index{signal="blank"} 0.3',
        'fieldreader_drift_alarm{signal="blank"} 1',
    ):
        assert line in text.splitlines()
    assert "digits" not in text  # five readings tell nothing


@pytest.mark.parametrize("template", ["survey", 'a "b"', "a\\b", "a\nb", ""])
def test_every_line_is_of_the_text_format(template):
    text = render_metrics("run", summarise([outcome(template)], 1.0), None, (), 0.0)
    lines = [line for line in text.splitlines() if not line.startswith("# ")]
    assert lines
    assert all(LINE.fullmatch(line) for line in lines)
    helped = re.findall(r"^# TYPE ([a-z_]+) gauge$", text, re.MULTILINE)
    assert len(helped) == len(set(helped))


def test_an_empty_run_has_its_zeros():
    text = render_metrics("run", summarise([], 0.0), 0, (), 0.0)
    assert 'fieldreader_last_run_files{run="run",outcome="accepted"} 0' in text
    assert "fieldreader_review_backlog_fields 0" in text


def test_the_file_appears_whole_and_others_may_read_it(tmp_path):
    path = tmp_path / "collector" / "fieldreader.prom"
    write_metrics(path, "run", summarise([outcome()], 1.0), None)
    assert path.stat().st_mode & 0o777 == 0o644
    assert [found.name for found in path.parent.iterdir()] == ["fieldreader.prom"]


def test_a_file_that_cannot_be_written_is_said_plainly(tmp_path):
    (tmp_path / "x").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        write_metrics(tmp_path / "x" / "f.prom", "run", summarise([], 0.0), None)
