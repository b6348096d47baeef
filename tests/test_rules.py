import pytest

from pipeline.document import RuleOutcome, RuleSpec
from pipeline.rules import CHECKS, check, check_across, strengthen


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


@pytest.mark.parametrize(
    ("outcomes", "after"),
    [
        pytest.param((), 0.9, id="no rule, no change"),
        pytest.param((RuleOutcome("luhn", True),), 0.9 / (0.9 + 0.1 / 10), id="one in ten wrong readings passes luhn"),
        pytest.param((RuleOutcome("luhn", False),), 0.9, id="a failed check is for review to settle"),
        pytest.param((RuleOutcome("range", True),), 0.9, id="a range proves nothing"),
    ],
)
def test_passed_checks_strengthen_a_reading(outcomes, after):
    assert strengthen(0.9, outcomes) == pytest.approx(after)


def test_no_check_makes_an_impossible_reading_possible():
    assert strengthen(0.0, (RuleOutcome("luhn", True),)) == 0.0
