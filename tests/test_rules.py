import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.document import RuleSpec
from pipeline.values.evidence import FAILS_THOUGH_TRUE, weigh
from pipeline.values.rules import CHECKS, check, check_across, passed_by_chance, weigh_by_rules


@pytest.mark.parametrize(
    ("rule", "parameters", "value", "ok"),
    [
        pytest.param("luhn", {}, "79927398713", True, id="luhn, the standard's example"),
        pytest.param("luhn", {}, "79927398710", False, id="luhn, wrong check digit"),
        pytest.param("luhn", {}, "0", False, id="luhn, one digit has nothing to check"),
        pytest.param("aba_routing", {}, "111000025", True, id="aba"),
        pytest.param("aba_routing", {}, "111000026", False, id="aba, wrong"),
        pytest.param("aba_routing", {}, "11100002", False, id="aba, short"),
        pytest.param("iban_mod97", {"country": "DE"}, "89370400440532013000", True, id="iban"),
        pytest.param("iban_mod97", {"country": "DE"}, "89370400440532013001", False, id="iban, wrong"),
        pytest.param("iban_mod97", {}, "89370400440532013000", False, id="iban without country"),
        pytest.param("mod11", {}, "1234561", False, id="mod11, wrong"),
        pytest.param("mod11", {}, "16", False, id="mod11, two digits"),
        pytest.param("mod11", {}, "19", True, id="mod11, 11 - 2 = 9"),
        pytest.param("mod97", {}, "000000000101", True, id="mod97"),
        pytest.param("mod97", {}, "9797", True, id="mod97, rest 0 is written 97"),
        pytest.param("date", {}, "2012-07-13", True, id="date"),
        pytest.param("date", {}, "31022012", False, id="no date"),
        pytest.param("range", {"min": 0, "max": 5000}, "5000.00", True, id="range, edge"),
        pytest.param("range", {"min": 0, "max": 5000}, "5000.01", False, id="range, above"),
        pytest.param("range", {"max": 10}, "x", False, id="range, no number"),
        pytest.param("regex", {"pattern": "[1-6]"}, "3", True, id="regex"),
        pytest.param("regex", {"pattern": "[1-6]"}, "33", False, id="regex matches the whole value"),
        pytest.param("one_of_file", {"values": ("10115", "80331")}, "80331", True, id="listed"),
        pytest.param("one_of_file", {"values": ("10115",)}, "80331", False, id="not listed"),
    ],
)
def test_rules_on_one_value(rule, parameters, value, ok):
    assert check(value, (RuleSpec(rule, parameters),))[0].ok is ok


def test_every_check_survives_no_digits():
    assert not any(rule("", {}) for name, rule in CHECKS.items() if name != "regex" and name != "range")


@pytest.mark.parametrize(
    ("rule", "values", "ok"),
    [
        pytest.param(
            RuleSpec("sum", {"fields": ["a", "b"], "equals": "t"}), {"a": "1.50", "b": "2", "t": "3.50"}, True, id="sum"
        ),
        pytest.param(
            RuleSpec("sum", {"fields": ["a", "b"], "equals": "t"}), {"a": "1", "b": "2", "t": "4"}, False, id="off"
        ),
        pytest.param(
            RuleSpec("sum", {"fields": ["a", "b"], "equals": "t"}), {"a": "1", "b": None, "t": "4"}, None, id="unknown"
        ),
        pytest.param(RuleSpec("equal", {"fields": ["a", "b"]}), {"a": "7", "b": "7"}, True, id="equal"),
        pytest.param(RuleSpec("equal", {"fields": ["a", "b"]}), {"a": "7", "b": "8"}, False, id="unequal"),
        pytest.param(RuleSpec("equal", {"fields": ["a", "b"]}), {"a": "7", "b": None}, None, id="one missing"),
    ],
)
def test_rules_across_fields(rule, values, ok):
    assert check_across(rule, values) is ok


def rule(name: str, **parameters: object) -> RuleSpec:
    return RuleSpec(name, parameters)


WITH_CHECK_DIGIT = {
    "luhn": (8, {}),
    "aba_routing": (9, {}),
    "mod11": (10, {}),
    "mod97": (12, {}),
    "iban_mod97": (20, {"country": "DE"}),
}


@pytest.mark.parametrize("name", WITH_CHECK_DIGIT)
@settings(deadline=None)
@given(data=st.data())
def test_check_digits_catch_every_single_misread_digit(name, data):
    length, parameters = WITH_CHECK_DIGIT[name]
    body = data.draw(st.text(alphabet="0123456789", min_size=length - 2, max_size=length - 2))
    ends = [f"{end:02d}" for end in range(100)]
    valid = [v for v in (body + end for end in ends) if CHECKS[name](v, parameters)]
    if not valid:
        return  # some bodies have no check digit under mod11
    value = data.draw(st.sampled_from(valid))
    place = data.draw(st.integers(0, length - 1))
    other = data.draw(st.sampled_from([d for d in "0123456789" if d != value[place]]))
    assert not CHECKS[name](value[:place] + other + value[place + 1 :], parameters)


ZIPS = tuple(f"{zip:05d}" for zip in range(0, 100000) if zip // 250 % 8 < 3)
"""A list like the US one: 38 % of all 5-digit strings, in blocks."""


@pytest.mark.parametrize(
    ("value", "rules", "low", "high"),
    [
        pytest.param("79927398713", [rule("luhn")], 0.1, 0.1, id="one in ten passes Luhn"),
        pytest.param("9797", [rule("mod97")], 1 / 97, 1 / 97, id="one in 97"),
        pytest.param("10025", [rule("one_of_file", values=ZIPS)], 0.35, 0.8, id="a list of 38 % proves little"),
        pytest.param("10025", [rule("one_of_file", values=("10025", "20350"))], 0.01, 0.05, id="a short list, much"),
        pytest.param("250.00", [rule("range", min=0)], 0.9, 1.0, id="a range without an end, next to nothing"),
        pytest.param("2012-07-13", [rule("date")], 0.2, 0.9, id="a calendar, something"),
        pytest.param("4111", [rule("luhn"), rule("regex", pattern="4.*")], 0.07, 0.1, id="two rules multiply"),
    ],
)
def test_weak_rules_let_many_wrong_readings_pass(value, rules, low, high):
    assert low - 1e-9 <= passed_by_chance(value, rules) <= high + 1e-9


def test_passed_check_strengthens_by_bayes_rule():
    (after,) = weigh_by_rules(["79927398713"], [0.9], [rule("luhn")])
    chance = 0.1 + 0.9 * FAILS_THOUGH_TRUE
    assert after == pytest.approx(0.9 / (0.9 + 0.1 * chance))


def test_list_of_zip_codes_strengthens_less_than_a_check_digit():
    (listed,) = weigh_by_rules(["10025"], [0.9], [rule("one_of_file", values=ZIPS)])
    (checked,) = weigh_by_rules(["79927398713"], [0.9], [rule("luhn")])
    assert 0.9 < listed < 0.96 < checked


def test_rule_picks_the_alternative_that_passes():
    first, second = weigh_by_rules(["79927398710", "79927398713"], [0.55, 0.4], [rule("luhn")])
    assert second > 0.9 > 0.05 > first


def test_no_rule_changes_nothing_and_no_value_passes_none():
    assert weigh_by_rules(["1", "7"], [0.6, 0.3], []) == (0.6, 0.3)
    assert weigh_by_rules([None], [0.9], [rule("luhn")]) == (0.9,)
    assert weigh_by_rules([None, "79927398713"], [0.5, 0.4], [rule("luhn")])[0] < 0.02
    assert weigh_by_rules([], [], [rule("luhn")]) == ()


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=6).filter(
        lambda candidates: sum(share for share, _ in candidates) <= 1
    ),
    st.floats(0, 1),
)
def test_checks_never_raise_what_fails_nor_lower_what_passes(candidates, by_chance):
    shares, ok = zip(*candidates, strict=True)
    after = weigh(shares, ok, by_chance)
    assert sum(after) <= 1 + 1e-9
    for before, passed, now in zip(shares, ok, after, strict=True):
        assert now >= before - 1e-9 if passed else now <= before + 1e-9


@settings(deadline=None)
@given(st.lists(st.floats(0, 1), min_size=1, max_size=6).filter(lambda s: sum(s) <= 1))
def test_check_that_everything_passes_changes_nothing(shares):
    assert weigh(shares, [True] * len(shares), 1.0) == pytest.approx(tuple(shares))


def test_impossible_reading_stays_impossible():
    assert weigh([0.0], [True], 0.1) == (0.0,)
