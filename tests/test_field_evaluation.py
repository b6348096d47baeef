"""The evaluation of fields against figures worked out by hand, see `labelled_samples`."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.document import FieldKind
from pipeline.errors import DatasetError
from pipeline.evaluating.field_evaluation import CurvePoint, Tally, aligned, evaluate_fields, evaluation_to_json
from pipeline.evaluating.labelled_fields import FieldTruth, label_results, labelled_readings, same_value
from pipeline.storage.truth import load_truth
from tests.labelled_samples import RESULTS, field, result, write_all


@pytest.fixture
def labelled(tmp_path):
    return label_results(RESULTS, load_truth(write_all(tmp_path)[1]))


def test_all_fields_are_counted_as_by_hand(labelled):
    evaluation = evaluate_fields(labelled)
    assert evaluation.total == Tally(fields=8, read=5, wrong=2, exact=4)
    assert evaluation.total.review == 3
    assert evaluation.by_kind == {"amount": Tally(3, 3, 1, 2), "digits": Tally(5, 2, 1, 2)}
    assert evaluation.by_field == {"slip / code": Tally(5, 2, 1, 2), "slip / sum": Tally(3, 3, 1, 2)}
    assert evaluation.by_template == {"slip": evaluation.total}


def test_a_form_goes_straight_through_when_none_of_its_fields_waits(labelled):
    evaluation = evaluate_fields(labelled)
    assert (evaluation.documents, evaluation.straight_through, evaluation.straight_through_right) == (5, 2, 1)


def test_errors_against_acceptance_leave_out_what_no_confidence_lets_pass(labelled):
    # Sure enough at some threshold: 12 (0.99), 84 (0.97, wrong), 5 (0.95), 78 (0.6), 90 (0.5, unreadable).
    assert evaluate_fields(labelled).curve == (
        CurvePoint(0.99, 1, 0),
        CurvePoint(0.97, 2, 1),
        CurvePoint(0.95, 3, 1),
        CurvePoint(0.6, 4, 1),
        CurvePoint(0.5, 5, 2),
    )


def test_digits_are_compared_as_by_hand(labelled):
    evaluation = evaluate_fields(labelled)
    counts = {(i, j): int(n) for (i, j), n in _cells(evaluation.confusion) if n}
    # 12, 500 against 5 (two zeros missed), 34 as 84, 56 as 5 (6 missed), 78.
    assert counts == {
        (1, 1): 1, (2, 2): 1, (5, 5): 2, (0, 10): 2, (3, 8): 1, (4, 4): 1, (6, 10): 1, (7, 7): 1, (8, 8): 1,
    }  # fmt: skip
    assert evaluation.extra.sum() == 0


def _cells(confusion):
    return [((i, j), confusion[i, j]) for i in range(10) for j in range(11)]


def test_worst_errors_are_those_that_nobody_saw(labelled):
    assert [(f.file, f.reading.name) for f in evaluate_fields(labelled).errors] == [
        ("b.png", "code"),
        ("c.png", "sum"),
        ("c.png", "code"),
        ("d.tif", "code"),
    ]


def test_figures_for_machines_say_the_same(labelled):
    figures = evaluation_to_json(evaluate_fields(labelled), labelled)
    assert (figures["read_rate"], figures["review_rate"], figures["substitution_rate"]) == (5 / 8, 3 / 8, 2 / 5)
    assert figures["substitution_interval"] == pytest.approx([0.05274, 0.85337], abs=1e-5), "2 of 5, by table"
    assert figures["documents"]["straight_through_rate"] == 2 / 5
    assert (figures["without_result"], figures["without_truth"]) == (1, 0)
    assert figures["error_reject"][0] == {
        "threshold": 0.99,
        "accepted": 1,
        "reject_rate": 7 / 8,
        "errors": 0,
        "error_rate": 0.0,
        "error_low": 0.0,
        "error_high": pytest.approx(0.975),
    }
    assert figures["digits"][8] == {
        "digit": 8, "written": 1, "read": 2, "right": 1, "missed": 0, "extra": 0, "bias": 1.0,
    }  # fmt: skip


def test_fields_of_one_form_count_as_one_hand(labelled):
    assert labelled_readings(labelled.fields).hand.tolist() == [0, 0, 1, 1, 2, 2, 3, 4]


@pytest.mark.parametrize(
    ("one", "other", "kind", "is_same"),
    [
        ("5", "5.00", FieldKind.AMOUNT, True),
        ("5.01", "5.10", FieldKind.AMOUNT, False),
        ("five", "five", FieldKind.AMOUNT, True),
        ("012", "12", FieldKind.DIGITS, False),
        ("2026-01-31", "2026-01-31", FieldKind.DATE, True),
    ],
)
def test_amounts_are_compared_by_worth_and_all_else_by_character(one, other, kind, is_same):
    assert same_value(one, other, kind) == is_same


@given(st.text("0123", max_size=8), st.text("0123", max_size=8))
def test_alignment_keeps_both_strings_whole(written, read):
    pairs = aligned(written, read)
    assert "".join(one for one, _ in pairs if one) == written
    assert "".join(other for _, other in pairs if other) == read


def test_results_of_two_files_of_one_name_are_refused():
    twin = result("a.png", (field("code", "12", 0.99),))
    other = type(twin)(**{**{name: getattr(twin, name) for name in twin.__slots__}, "source_id": "9" * 64})
    with pytest.raises(DatasetError, match=r"two different files named a\.png"):
        label_results([twin, other], [FieldTruth("a.png", 1, "code", "12")])


def test_truth_of_other_files_is_refused():
    with pytest.raises(DatasetError, match="no field of the truth"):
        label_results(RESULTS, [FieldTruth("z.png", 1, "code", "12")])


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("file,value\n", "truth.csv:1: the column field is missing"),
        ("file,field,value,document\na.png,code,1,x\n", "truth.csv:2: the document must be"),
        ("file,field,value\na.png,code,1\na.png,code,2\n", "truth.csv:3: the field code of a.png is there twice"),
        ("file,field,value\n", "no row that names a file"),
    ],
    ids=["no column", "no number", "twice", "nothing"],
)
def test_a_truth_that_cannot_be_used_is_named_with_its_line(content, message, tmp_path):
    (tmp_path / "truth.csv").write_text(content)
    with pytest.raises(DatasetError, match=message):
        load_truth(tmp_path / "truth.csv")
