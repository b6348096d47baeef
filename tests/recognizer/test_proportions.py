import pytest
from hypothesis import given
from hypothesis import strategies as st

from recognizer.proportions import clopper_pearson, clopper_pearson_upper, least_trials, wilson_interval


@pytest.mark.parametrize(
    ("right", "n", "interval"),
    [
        pytest.param(0, 0, (0.0, 1.0), id="nothing tried"),
        pytest.param(8, 10, (0.4901, 0.9433), id="eight of ten"),
        pytest.param(10, 10, (0.7225, 1.0), id="all of ten"),
        pytest.param(0, 10, (0.0, 0.2775), id="none of ten"),
    ],
)
def test_wilson_interval_agrees_with_published_values(right, n, interval):
    assert wilson_interval(right, n) == pytest.approx(interval, abs=1e-4)


@pytest.mark.parametrize(
    ("successes", "n", "interval"),
    [
        pytest.param(0, 0, (0.0, 1.0), id="nothing tried"),
        pytest.param(2, 10, (0.0252, 0.5561), id="two of ten"),
        pytest.param(0, 10, (0.0, 0.3085), id="none of ten"),
        pytest.param(10, 10, (0.6915, 1.0), id="all of ten"),
        pytest.param(1, 1000, (0.0000253, 0.005558), id="one of a thousand"),
    ],
)
def test_clopper_pearson_interval_agrees_with_published_values(successes, n, interval):
    assert clopper_pearson(successes, n) == pytest.approx(interval, abs=1e-4)


def test_no_success_in_n_bounds_the_rate_by_about_three_in_n():
    assert clopper_pearson_upper(0, 1000) == pytest.approx(3 / 1000, rel=0.01)
    assert clopper_pearson_upper(0, 0) == 1.0
    assert clopper_pearson_upper(5, 5) == 1.0


@given(st.integers(0, 50), st.integers(1, 2000))
def test_the_interval_holds_the_observed_rate(successes, n):
    low, high = clopper_pearson(min(successes, n), n)
    assert low - 1e-9 <= min(successes, n) / n <= high + 1e-9


@pytest.mark.parametrize(("rate", "n"), [(0.01, 299), (0.001, 2995), (0.0001, 29956)])
def test_fewest_trials_are_those_whose_bound_just_fits(rate, n):
    assert least_trials(rate) == n
    assert clopper_pearson_upper(0, n) <= rate < clopper_pearson_upper(0, n - 1)
