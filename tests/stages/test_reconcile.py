import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.document import Alternative, Decision, FieldKind, FieldReading, RuleSpec
from pipeline.stages.reconcile import reconcile

SUM = RuleSpec("sum", {"fields": ("a", "b"), "equals": "total"})
EQUAL = RuleSpec("equal", {"fields": ("a", "b")})


def reading(name: str, value: str | None, confidence: float = 0.9, **others: float) -> FieldReading:
    accepted = confidence >= 0.95
    return FieldReading(
        name=name,
        kind=FieldKind.AMOUNT,
        page=1,
        polygon_px=((0.0, 0.0),) * 4,
        value=value,
        raw=value,
        confidence=confidence,
        threshold=0.95,
        decision=Decision.BLANK if value is None else Decision.ACCEPTED if accepted else Decision.REVIEW,
        reasons=() if accepted or value is None else ("low_confidence",),
        alternatives=tuple(Alternative(v.lstrip("v"), c) for v, c in others.items()),
    )


def values(fields):
    return [field.value for field in fields]


def test_sum_that_holds_makes_its_items_surer_and_accepts_what_lacked_only_confidence():
    before = [reading("a", "10", 0.9), reading("b", "20", 0.99), reading("total", "30", 0.98)]
    after = reconcile(before, [SUM])
    assert [f.decision for f in after] == [Decision.ACCEPTED] * 3
    assert all(x.confidence > y.confidence for x, y in zip(after, before, strict=True))
    assert after[0].reasons == ()
    assert (after[0].rules[0].name, after[0].rules[0].ok, after[0].rules[0].repaired) == ("sum", True, False)


def test_sum_that_holds_settles_no_other_doubt():
    struck = dataclasses.replace(reading("a", "10", 0.9), reasons=("struck_out", "low_confidence"))
    assert reconcile([struck, reading("b", "20", 0.99), reading("total", "30", 0.99)], [SUM])[0].reasons == (
        "struck_out",
        "low_confidence",
    )


def test_estimated_threshold_accepts_nothing_where_that_is_forbidden():
    before = [reading("a", "10", 0.9), reading("b", "20", 0.99), reading("total", "30", 0.99)]
    after = reconcile(before, [SUM], may_accept=False)[0]
    assert (after.decision, after.reasons) == (Decision.REVIEW, ("uncertified",))


def test_one_combination_of_alternatives_that_fits_is_proposed_and_says_so():
    before = [reading("a", "10", 0.6, v70=0.3), reading("b", "20", 0.99), reading("total", "90", 0.98)]
    after = reconcile(before, [SUM])
    assert values(after) == ["70", "20", "90"]
    assert all(f.decision is Decision.REVIEW and "rule_failed:sum" in f.reasons for f in after)
    assert [f.rules[0].repaired for f in after] == [True, False, False]
    assert after[0].alternatives[0].value == "10"
    assert after[0].confidence > 0.8 > 0.1 > after[0].alternatives[0].confidence


@pytest.mark.parametrize(
    ("a", "b", "total"),
    [
        pytest.param({"v70": 0.2}, {"v80": 0.2}, {}, id="two combinations fit, none is clearly likelier"),
        pytest.param({}, {}, {}, id="no combination fits"),
    ],
)
def test_broken_sum_without_one_clear_repair_sends_all_to_review_as_read(a, b, total):
    before = [reading("a", "10", 0.7, **a), reading("b", "20", 0.7, **b), reading("total", "90", 0.99, **total)]
    after = reconcile(before, [SUM])
    assert values(after) == ["10", "20", "90"]
    assert all(f.decision is Decision.REVIEW and "rule_failed:sum" in f.reasons for f in after)
    assert not any(f.rules[0].ok for f in after)


def test_blank_item_of_a_sum_is_nothing_and_stays_blank():
    after = reconcile([reading("a", "30", 0.99), reading("b", None, 0.0), reading("total", "30", 0.99)], [SUM])
    assert [f.decision for f in after] == [Decision.ACCEPTED, Decision.BLANK, Decision.ACCEPTED]


def test_rule_without_the_values_it_needs_is_not_applied():
    before = [reading("a", "30", 0.99), reading("b", "1", 0.99), reading("total", None, 0.0)]
    assert reconcile(before, [SUM]) == tuple(before)
    assert reconcile(before[:1], [EQUAL]) == tuple(before[:1])


def test_equal_fields_read_alike_and_unlike():
    alike = reconcile([reading("a", "17", 0.9), reading("b", "17", 0.9)], [EQUAL])
    assert all(f.decision is Decision.ACCEPTED for f in alike)
    unlike = reconcile([reading("a", "17", 0.9), reading("b", "77", 0.5, v17=0.4)], [EQUAL])
    assert values(unlike) == ["17", "17"]
    assert all(f.decision is Decision.REVIEW for f in unlike)


NUMBERS = st.integers(0, 30).map(str)


@settings(deadline=None)
@given(st.lists(st.tuples(NUMBERS, st.floats(0, 1), NUMBERS, st.floats(0, 1)), min_size=3, max_size=3))
def test_probabilities_stay_probabilities_and_nothing_is_accepted_on_a_broken_sum(rows):
    fields = []
    for name, (value, share, other, rest) in zip(("a", "b", "total"), rows, strict=True):
        alternatives = {f"v{other}": (1 - share) * rest} if other != value else {}
        fields.append(reading(name, value, share, **alternatives))
    after = reconcile(fields, [SUM])
    for field in after:
        assert 0 <= field.confidence + sum(o.confidence for o in field.alternatives[:1]) <= 1 + 1e-9
    holds = int(fields[0].value) + int(fields[1].value) == int(fields[2].value)
    assert holds or all(field.decision is Decision.REVIEW for field in after)
