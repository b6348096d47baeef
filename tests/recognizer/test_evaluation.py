import numpy as np
import pytest

from recognizer.evaluation import (
    acceptance_confidence,
    accepted_above,
    coverage_at_error,
    expected_calibration_error,
    report_digits,
    risk_coverage,
)


def readings(*rows):
    """Probabilities from (class, confidence); the rest is spread evenly."""
    probabilities = np.empty((len(rows), 11), np.float32)
    for row, (label, confidence) in zip(probabilities, rows, strict=True):
        row[:] = (1 - confidence) / 10
        row[label] = confidence
    return probabilities


def test_calibration_error_of_a_hand_computed_case():
    confidence = np.array([0.9, 0.9, 0.6, 0.6])
    is_right = np.array([True, False, True, True])
    # bin of 0.9: claimed 1.8, found 1; bin of 0.6: claimed 1.2, found 2
    assert expected_calibration_error(confidence, is_right, bins=10) == pytest.approx((0.8 + 0.8) / 4)


def test_calibration_error_of_nothing_is_zero():
    assert expected_calibration_error(np.array([]), np.array([], bool)) == 0


def test_risk_and_coverage_of_a_hand_computed_case():
    confidence = np.array([0.9, 0.5, 0.7, 0.8])
    is_right = np.array([True, False, False, True])
    coverage, risk = risk_coverage(confidence, is_right)
    assert coverage.tolist() == [0.25, 0.5, 0.75, 1.0]
    assert risk.tolist() == pytest.approx([0, 0, 1 / 3, 1 / 2])


def test_digits_of_equal_confidence_are_accepted_together():
    confidence = np.array([0.9, 0.9, 0.1])
    assert coverage_at_error(confidence, np.array([True, False, True]), 0.0) == 0.0
    assert coverage_at_error(confidence, np.array([True, True, False]), 0.0) == pytest.approx(2 / 3)


def test_coverage_is_the_largest_even_when_the_error_rises_in_between():
    confidence = np.array([0.9, 0.8, 0.7, 0.6])
    is_right = np.array([False, True, True, True])
    assert coverage_at_error(confidence, is_right, 0.25) == 1.0


def test_report_counts_digits_called_not_one_digit_as_wrong():
    report = report_digits(readings((3, 0.9), (10, 0.9), (5, 0.6), (7, 0.8)), np.array([3, 4, 6, 7]))
    assert (report.n, report.right, report.rejected) == (4, 2, 1)
    assert report.accuracy == 0.5
    assert report.confusion[6, 5] == 1
    assert report.confusion[4, 10] == 1
    assert report.confusion.sum() == 4


@pytest.mark.parametrize("count", [0, 3], ids=["no digits", "labels missing"])
def test_readings_that_do_not_fit_their_labels_are_refused(count):
    with pytest.raises(ValueError, match="do not fit"):
        report_digits(readings(*[(1, 0.9)] * count), np.array([], int))


def test_only_digits_count_as_accepted():
    assert accepted_above(readings((1, 0.999), (10, 0.999), (1, 0.9)), 0.99).tolist() == [True, False, False]


def test_what_is_called_not_one_digit_comes_last():
    probabilities = readings((3, 0.9), (10, 0.8))
    assert acceptance_confidence(probabilities).tolist() == pytest.approx([0.9, 0.0])


def test_a_digit_called_not_one_digit_is_never_accepted():
    report = report_digits(readings((10, 0.99), (4, 0.9)), np.array([3, 4]))
    assert report.coverage_at[0.01] == 0.5
