import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.document import FieldKind, FieldSpec
from pipeline.grammar import digits_of, lengths_allowed, normalise, normalise_amount, normalise_date


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        pytest.param("2250", "2250.00", id="plain units"),
        pytest.param("1,234.56", "1234.56", id="US grouping"),
        pytest.param("1.234,56", "1234.56", id="European grouping"),
        pytest.param("1 234,56", "1234.56", id="French grouping"),
        pytest.param("1'234.50", "1234.50", id="Swiss grouping"),
        pytest.param("3,22,000/-", "322000.00", id="Indian grouping and ending"),
        pytest.param("100,-", "100.00", id="dash for no cents"),
        pytest.param("100.=", "100.00", id="double dash for no cents"),
        pytest.param("**1234.00", "1234.00", id="fillers before"),
        pytest.param("$45.10", "45.10", id="currency sign"),
        pytest.param("12.345", "12345.00", id="three digits behind a point group thousands"),
        pytest.param("12.5", "12.50", id="one decimal"),
        pytest.param("007", "7.00", id="leading zeros"),
        pytest.param("-12.00", "-12.00", id="negative"),
        pytest.param("/-", None, id="no digit at all"),
        pytest.param("", None, id="empty"),
    ],
)
def test_amounts_are_normalised(raw, value):
    assert normalise_amount(raw) == value


def test_comb_amount_without_mark_has_its_last_two_cells_as_cents():
    assert normalise_amount("123456", has_implied_cents=True) == "1234.56"
    assert normalise_amount("12", has_implied_cents=True) == "12.00"


@pytest.mark.parametrize(
    ("digits", "order", "value"),
    [
        pytest.param("13072012", "DMY", "2012-07-13", id="day first"),
        pytest.param("07132012", "MDY", "2012-07-13", id="month first"),
        pytest.param("20120713", "YMD", "2012-07-13", id="year first"),
        pytest.param("130712", "DMY", "2012-07-13", id="two-digit year of this century"),
        pytest.param("130799", "DMY", "1999-07-13", id="two-digit year of the last century"),
        pytest.param("31022012", "DMY", None, id="no such day"),
        pytest.param("1307201", "DMY", None, id="seven digits"),
    ],
)
def test_dates_are_normalised(digits, order, value):
    assert normalise_date(digits, order) == value


def test_postal_code_keeps_leading_zeros():
    assert normalise("01069", FieldSpec("zip", FieldKind.POSTAL_CODE, country="DE")) == "01069"


def test_lengths_follow_spec_then_country():
    assert lengths_allowed(FieldSpec("zip", FieldKind.POSTAL_CODE, country="US")) == (5, 9)
    assert lengths_allowed(FieldSpec("zip", FieldKind.POSTAL_CODE, country="US", length=5)) == (5,)
    assert lengths_allowed(FieldSpec("id", FieldKind.DIGITS)) is None


@given(st.text(alphabet="0123456789.,'-/= *$", max_size=14))
def test_amounts_keep_every_digit_in_order(raw):
    value = normalise_amount(raw)
    if value is None:
        assert not digits_of(raw)
    else:
        assert digits_of(value).strip("0") == digits_of(raw).strip("0")
