from __future__ import annotations

import numpy as np
import pytest

from pipeline.learning.gate import BETTER as PROOF
from pipeline.learning.gate import FieldTally, is_broken, judge, sign_test, threshold_for
from recognizer.comparison import Acceptance, Comparison

NOTHING = FieldTally(0, 0, Acceptance(0, 0))


def probabilities(right, sure=0.99):
    """Rows that read a 3 where they are right and a 5 where they are not; `sure` of it, one value or one a row."""
    rows = np.zeros((len(right), 11), np.float32)
    rows[np.arange(len(right)), np.where(right, 3, 5)] = sure
    return rows


def comparison(before, after, sure=0.99):
    """Two models on digits that are all a 3, each given by which of them it reads right."""
    labels = np.full(len(before), 3, np.int32)
    return Comparison(labels, probabilities(before, sure), probabilities(after, sure))


def first(wrong, n):
    return np.arange(n) >= wrong


SAME = comparison(first(3, 1000), first(3, 1000))


def checks(corrections=SAME, forms=None, own=None, benchmark=SAME, before=NOTHING, after=NOTHING):
    forms = list(range(corrections.n)) if forms is None else forms
    own = np.ones(corrections.n, bool) if own is None else own
    return {check.name: check for check in judge(corrections, forms, own, benchmark, before, after, 0.01)}


def refusals(**evidence):
    return {name for name, check in checks(**evidence).items() if not check.is_passed}


BETTER = comparison(first(30, 100), first(10, 100), sure=0.8)


def test_a_challenger_that_cures_many_documents_and_forgets_nothing_passes():
    assert refusals(corrections=BETTER) == set()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(10, 10, id="as good as before"),
        pytest.param(10, 20, id="worse"),
        pytest.param(10, 6, id="better by so little that chance may have done it"),
    ],
)
def test_what_is_not_proven_better_is_refused(before, after):
    found = refusals(corrections=comparison(first(before, 100), first(after, 100), sure=0.8), own=first(50, 100))
    assert found == {PROOF}


def test_twenty_cured_digits_of_one_document_prove_nothing():
    assert refusals(corrections=BETTER, forms=["one form"] * 100) == {PROOF}


@pytest.mark.parametrize(
    ("worse", "is_passed"), [pytest.param(4, True, id="by chance, perhaps"), pytest.param(5, False, id="too often")]
)
def test_a_challenger_that_is_worse_itself_is_refused_however_good_its_stand_ins_are(worse, is_passed):
    """It reads the last hundred documents itself; stand-ins read the first hundred, and cure twenty of them."""
    before = np.concatenate([first(20, 100), first(0, 100)])
    after = np.concatenate([first(0, 100), first(worse, 100)])
    found = checks(corrections=comparison(before, after, sure=0.8), own=first(100, 200))
    assert found["not seen to be worse itself"].is_passed is is_passed
    assert found[PROOF].is_passed


@pytest.mark.parametrize(
    ("learnt", "is_passed"),
    [
        pytest.param(True, True, id="an odd way to write, found again in documents not learnt from"),
        pytest.param(False, False, id="slips of the finger, which nobody finds again"),
    ],
)
def test_labels_that_look_wrong_have_to_bear_each_other_out(learnt, is_passed):
    """Of a hundred digits twenty are keyed otherwise than the champion surely reads; ten doubtful ones are cured."""
    labels, doubtful = np.full(100, 3, np.int32), slice(20, 30)
    before, after = probabilities(first(20, 100)), probabilities(first(0 if learnt else 20, 100))
    before[doubtful] = probabilities(np.zeros(10, bool), 0.8)
    found = checks(corrections=Comparison(labels, before, after))
    assert found["labels that bear each other out"].is_passed is is_passed
    assert found[PROOF].is_passed


@pytest.mark.parametrize(
    ("lost", "is_passed"),
    [pytest.param(0, True, id="none"), pytest.param(2, True, id="at the limit"), pytest.param(3, False, id="beyond")],
)
def test_five_of_ten_thousand_benchmark_digits_may_be_lost(lost, is_passed):
    benchmark = comparison(first(10, 5000), first(10 + lost, 5000), sure=0.5)
    assert checks(corrections=BETTER, benchmark=benchmark)["nothing forgotten"].is_passed is is_passed


def test_a_challenger_that_is_surer_of_its_errors_breaks_the_budget():
    n = 5000
    wrong = first(20, n)
    before = probabilities(wrong, np.where(wrong, 0.999, 0.6))
    after = probabilities(wrong, 0.999)
    benchmark = Comparison(np.full(n, 3, np.int32), before, after)
    assert refusals(corrections=BETTER, benchmark=benchmark) == {"budget of 0.1 % on the benchmark"}


@pytest.mark.parametrize(
    ("before", "after", "is_passed"),
    [
        pytest.param((0, 0), (60, 0), True, id="none wrong"),
        pytest.param((0, 0), (60, 1), True, id="one of sixty is no proof"),
        pytest.param((0, 0), (60, 4), False, id="four of sixty are"),
        pytest.param((50, 4), (60, 4), True, id="no more than before"),
    ],
)
def test_held_out_fields_must_not_show_the_budget_broken(before, after, is_passed):
    tallies = {name: FieldTally(100, 0, Acceptance(*counts)) for name, counts in (("before", before), ("after", after))}
    assert checks(corrections=BETTER, **tallies)["budget of 1 % on their fields"].is_passed is is_passed


@pytest.mark.parametrize(
    ("better", "worse", "chance"),
    [(0, 0, 1.0), (0, 5, 1.0), (1, 0, 0.5), (5, 0, 1 / 32), (4, 1, 6 / 32)],
)
def test_the_sign_test_is_the_binomial_tail(better, worse, chance):
    assert sign_test(better, worse) == pytest.approx(chance)


def test_the_threshold_is_the_laxest_that_keeps_the_budget():
    right = np.array([True] * 99 + [False] + [True] * 10)
    sure = np.linspace(0.99, 0.5, len(right))
    rows = probabilities(right, sure)
    one = Comparison(np.full(len(right), 3, np.int32), rows, rows)
    assert threshold_for(one, 0.01) == pytest.approx(0.5)
    assert threshold_for(one, 0.005) == pytest.approx(sure[98])
    assert threshold_for(comparison([False], [False]), 0.01) is None


def test_nothing_accepted_breaks_no_budget():
    assert not is_broken(Acceptance(0, 0), 0.01)


def test_the_sign_test_stays_a_probability_for_many_documents():
    assert 0 < sign_test(93, 0) < 1e-20
