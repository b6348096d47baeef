import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.drift import (
    LEAST_COUNT,
    ReadingProfile,
    compare_profiles,
    count_confidences,
    count_digits,
    load_profile,
    population_stability,
    profile_to_json,
)
from recognizer.errors import ModelError

# Counts of drawn combs read by the shipped networks: 400 fields for the reference, 120 for each night.
EVEN = (193, 205, 201, 210, 220, 188, 181, 184, 206, 212)
REFERENCE = {"confidence": (3, 28, 15, 18, 68, 198, 1670), "unread": (400, 0), "blank": (400, 0), "digits": EVEN}
QUIET = {
    "confidence": (1, 5, 1, 9, 8, 40, 536),
    "unread": (120, 0),
    "blank": (120, 0),
    "digits": (56, 34, 49, 66, 74, 64, 55, 68, 60, 74),
}
BLURRED = {**QUIET, "confidence": (103, 82, 52, 50, 51, 84, 177), "digits": (48, 82, 47, 53, 59, 62, 56, 58, 51, 83)}
INVERTED = {**QUIET, "confidence": (240, 176, 64, 41, 54, 18, 7), "digits": (319, 0, 18, 26, 26, 21, 49, 3, 101, 37)}
LAMP_OUT = {"confidence": (0,) * 7, "unread": (120, 0), "blank": (0, 120), "digits": (0,) * 10}
FIT_NO_TEMPLATE = {"confidence": (0,) * 7, "unread": (60, 60), "blank": (120, 0), "digits": (0,) * 10}
# All forms carry the same date and come from one district.
DATES = {**QUIET, "digits": (150, 120, 160, 20, 20, 20, 50, 20, 20, 20)}
# More sure than the reference: another scanner, for the better.
SURER = {**QUIET, "confidence": (0, 0, 0, 0, 0, 1, 599)}
FEW = {"confidence": (9, 0, 0, 0, 0, 0, 0), "unread": (0, 9), "blank": (9, 0), "digits": (9,) + (0,) * 9}


def alarms(lately, reference=REFERENCE):
    return {s.signal for s in compare_profiles(ReadingProfile(reference), ReadingProfile(lately)) if s.is_alarm}


@pytest.mark.parametrize(
    ("night", "expected"),
    [
        pytest.param(QUIET, set(), id="quiet night"),
        pytest.param(DATES, set(), id="the same date on all forms"),
        pytest.param(SURER, set(), id="surer than ever"),
        pytest.param(FEW, set(), id="too few to tell"),
        pytest.param(BLURRED, {"confidence"}, id="blurred"),
        pytest.param(INVERTED, {"confidence", "digits"}, id="inverted"),
        pytest.param(LAMP_OUT, {"blank"}, id="white pages"),
        pytest.param(FIT_NO_TEMPLATE, {"unread"}, id="half of the pages fit no template"),
    ],
)
def test_alarms(night, expected):
    assert alarms(night) == expected


def test_what_a_reference_lacks_is_not_watched():
    reference = {name: counts for name, counts in REFERENCE.items() if name != "blank"}
    assert alarms(LAMP_OUT, reference) == set()


def test_nights_drawn_from_the_reference_itself_are_quiet():
    rng = np.random.default_rng(2)
    shares = np.array(REFERENCE["confidence"]) / sum(REFERENCE["confidence"])
    for n in (100, 300, 1000, 5000) * 50:
        assert alarms({"confidence": tuple(rng.multinomial(n, shares).tolist())}, REFERENCE) == set()


def test_index_of_a_hand_computed_case():
    # Half a reading more in each bin: shares 0.5, 0.5 against 0.75, 0.25.
    assert population_stability((7, 2), (1, 1)) == pytest.approx(-0.25 * np.log(0.5 / 0.75) + 0.25 * np.log(0.5 / 0.25))


@given(st.lists(st.integers(0, 1000), min_size=2, max_size=9))
def test_a_distribution_does_not_differ_from_itself(counts):
    assert population_stability(counts, counts) == pytest.approx(0)
    assert population_stability(counts, counts[::-1]) >= 0


def test_confidences_and_digits_are_counted():
    assert count_confidences([0.0, 0.5, 0.79, 0.995, 1.0]) == (1, 2, 0, 0, 0, 1, 1)
    assert count_digits([0, 9, 9]) == (1, 0, 0, 0, 0, 0, 0, 0, 0, 2)
    assert sum(count_confidences([])) == sum(count_digits([])) == 0


def test_nothing_read_is_no_alarm_and_no_error():
    shifts = compare_profiles(ReadingProfile(REFERENCE), ReadingProfile({}))
    assert not any(shift.is_enough or shift.is_alarm for shift in shifts)


def test_a_reference_goes_to_json_and_back(tmp_path):
    (tmp_path / "r.json").write_text(profile_to_json(ReadingProfile(REFERENCE)))
    assert load_profile(tmp_path / "r.json") == ReadingProfile(REFERENCE)


@pytest.mark.parametrize(
    "content",
    ["", "[]", "{}", '{"format": 2, "counts": {}}', '{"format": 1, "counts": {"digits": [1]}}'],
    ids=["empty", "list", "no keys", "newer", "bins missing"],
)
def test_what_is_no_reference_is_refused(content, tmp_path):
    (tmp_path / "r.json").write_text(content)
    with pytest.raises(ModelError, match=r"r\.json is no drift reference"):
        load_profile(tmp_path / "r.json")


def test_the_least_count_is_what_decides():
    worse = {"confidence": (LEAST_COUNT, 0, 0, 0, 0, 0, 0)}
    fewer = {"confidence": (LEAST_COUNT - 1, 0, 0, 0, 0, 0, 0)}
    assert alarms(worse) == {"confidence"}
    assert alarms(fewer) == set()
