import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.document import Cents, FieldKind, FieldSpec
from pipeline.values.grammar import digits_of, interpret, lengths_allowed, normalise

AMOUNT = FieldSpec("amount", FieldKind.AMOUNT)
CERTAIN = 0.96
"""A meaning this likely is one that a good hand's ink can bring over a usual threshold, or nearly so."""


def amount(raw: str, **spec: object) -> dict[str, float]:
    return interpret(raw, FieldSpec("amount", FieldKind.AMOUNT, **spec))


@pytest.mark.parametrize(
    ("raw", "value"),
    [
        pytest.param("2250", "2250.00", id="plain units"),
        pytest.param("1,234.56", "1234.56", id="US grouping"),
        pytest.param("1.234,56", "1234.56", id="European grouping"),
        pytest.param("1 234,56", "1234.56", id="French grouping"),
        pytest.param("1'234.50", "1234.50", id="Swiss grouping"),
        pytest.param("12,34,567.89", "1234567.89", id="Indian grouping with paise"),
        pytest.param("3,22,000/-", "322000.00", id="Indian grouping and ending"),
        pytest.param("3,22,000/=", "322000.00", id="slash and double dash"),
        pytest.param("500/", "500.00", id="slash alone"),
        pytest.param("100,-", "100.00", id="dash for no cents"),
        pytest.param("100.--", "100.00", id="long dash for no cents"),
        pytest.param("100.=", "100.00", id="double dash for no cents"),
        pytest.param("=64,318=", "64318.00", id="fillers on both sides"),
        pytest.param("-5000-", "5000.00", id="dashes on both sides are fillers"),
        pytest.param("**1234.00", "1234.00", id="fillers before"),
        pytest.param("**1234.00**", "1234.00", id="asterisks on both sides"),
        pytest.param("#12.345,00#", "12345.00", id="hashes on both sides"),
        pytest.param("$45.10", "45.10", id="dollar sign"),
        pytest.param("\u20ac 45,10", "45.10", id="euro sign"),
        pytest.param("Rs. 3,500/-", "3500.00", id="rupees by letters and a point"),
        pytest.param("12.345", "12345.00", id="three digits behind a point group thousands"),
        pytest.param("007", "7.00", id="leading zeros"),
        pytest.param("5", "5.00", id="one digit"),
        pytest.param("45 67/100", "45.67", id="cents as a fraction"),
        pytest.param("1,234 00/100", "1234.00", id="no cents as a fraction"),
        pytest.param("1234 xx/100", "1234.00", id="crosses for no cents"),
        pytest.param("45 67/xx", "45.67", id="crosses for hundred"),
        pytest.param("56/100", "0.56", id="cents alone"),
        pytest.param("45^67", "45.67", id="raised cents"),
        pytest.param("45.^00", "45.00", id="raised zeros behind a point"),
        pytest.param("(12.00)", "-12.00", id="negative in brackets"),
        pytest.param("200.", "200.00", id="full stop"),
    ],
)
def test_amount_has_one_meaning_where_its_marks_leave_no_doubt(raw, value):
    meanings = amount(raw)
    assert next(iter(meanings)) == value
    assert meanings[value] >= CERTAIN - 0.02


@pytest.mark.parametrize(
    ("raw", "meanings"),
    [
        pytest.param("12.5", {"12.50", "125.00"}, id="one decimal"),
        pytest.param("1.234.5", {"1234.50", "12345.00"}, id="one decimal behind groups"),
        pytest.param("12.34.56", {"1234.56", "123456.00"}, id="groups of two"),
        pytest.param("-12.00", {"-12.00", "12.00"}, id="a dash before is a minus or a filler"),
        pytest.param("45.10-", {"45.10", "4510.00"}, id="cents and a dash"),
        pytest.param("5^00", {"5.00", "500.00"}, id="small raised zeros"),
        pytest.param("39.5.128", {"395128.00", "3951.28"}, id="groups of no kind"),
    ],
)
def test_amount_whose_decimal_mark_is_in_doubt_keeps_every_meaning(raw, meanings):
    found = amount(raw)
    assert set(found) >= meanings
    assert max(found.values()) < CERTAIN


@pytest.mark.parametrize("raw", ["/-", "", "--", "$", "()"])
def test_no_digit_is_no_amount(raw):
    assert amount(raw) == {}


@pytest.mark.parametrize(
    ("cents", "raw", "value", "is_certain"),
    [
        pytest.param(Cents.IMPLIED, "123456", "1234.56", True, id="implied"),
        pytest.param(Cents.IMPLIED, "5", "0.05", True, id="implied, one digit"),
        pytest.param(Cents.IMPLIED, "1,234.56", "1234.56", True, id="implied and marked"),
        pytest.param(Cents.IMPLIED, "1.234", "12.34", False, id="implied against a mark between thousands"),
        pytest.param(Cents.IMPLIED, "100/-", "1.00", False, id="implied against a dash for no cents"),
        pytest.param(Cents.NEVER, "123456", "123456.00", True, id="never"),
        pytest.param(Cents.NEVER, "12.345.-", "12345.00", True, id="never, grouped"),
        pytest.param(Cents.NEVER, "526.2", "5262.00", True, id="never, a speck between digits"),
        pytest.param(Cents.NEVER, "526.20", "52620.00", False, id="never against cents"),
        pytest.param(Cents.NEVER, "5^00", "500.00", True, id="never, raised zeros"),
    ],
)
def test_word_of_the_template_about_cents_decides_unless_the_marks_contradict_it(cents, raw, value, is_certain):
    meanings = amount(raw, cents=cents)
    assert next(iter(meanings)) == value
    assert (meanings[value] >= CERTAIN) is is_certain


@pytest.mark.parametrize(
    ("raw", "value", "is_certain"),
    [
        pytest.param("  123456", "1234.56", True, id="reaches the last cell"),
        pytest.param("12", "0.12", True, id="two digits in the last two cells"),
        pytest.param("1234  ", "1234.00", False, id="cents left out, most likely"),
        pytest.param("1234    ", "12.34", False, id="begun at the left: anything"),
    ],
)
def test_place_in_a_comb_tells_cents(raw, value, is_certain):
    meanings = amount(raw, cells=8)
    assert next(iter(meanings)) == value
    assert (meanings[value] >= CERTAIN) is is_certain


def test_mark_that_may_be_a_speck_shares_its_probability_out():
    sure = interpret("82.89", AMOUNT, (1.0, 1.0, 1.0, 1.0, 1.0))
    unsure = interpret("82.89", AMOUNT, (1.0, 1.0, 0.4, 1.0, 1.0))
    assert sure["82.89"] > CERTAIN
    assert unsure["8289.00"] > unsure["82.89"] > 0.35


def test_many_doubtful_marks_make_no_meaning_likely():
    raw = "6.8.0.9.3.4.1.2"
    assert sum(interpret(raw, AMOUNT, [1.0 if c.isdigit() else 0.5 for c in raw]).values()) <= 0.5


RAWS = st.text(alphabet="0123456789.,'-/= *$^()x", max_size=14)


@settings(deadline=None)
@given(RAWS)
def test_amounts_keep_every_digit_in_order(raw):
    for value in interpret(raw.replace("/", "-").replace("x", ""), AMOUNT):
        assert digits_of(value).strip("0") == digits_of(raw).strip("0")


@settings(deadline=None)
@given(RAWS, st.sampled_from([None, *Cents]), st.sampled_from([None, 8]), st.data())
def test_meanings_sum_to_no_more_than_one_likeliest_first(raw, cents, cells, data):
    sureness = data.draw(st.lists(st.floats(0, 1), min_size=len(raw), max_size=len(raw)))
    shares = list(interpret(raw, FieldSpec("a", FieldKind.AMOUNT, cents=cents, cells=cells), sureness).values())
    assert sum(shares) <= 1 + 1e-9
    assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("pattern", ["{w}.{c:02d}", "{g},{c:02d}", "{g}.{c:02d}", "{w} {c:02d}/100"])
@settings(deadline=None)
@given(whole=st.integers(1000, 9999999), cents=st.integers(0, 99))
def test_well_written_amounts_come_back(pattern, whole, cents):
    mark = "'" if ".{c" in pattern else "."
    raw = pattern.format(w=whole, g=f"{whole:,}".replace(",", mark), c=cents)
    assert normalise(raw, AMOUNT) == f"{whole}.{cents:02d}"


def date(raw: str, order: str = "DMY", cells: int | None = None) -> dict[str, float]:
    return interpret(raw, FieldSpec("date", FieldKind.DATE, date_order=order, cells=cells))


@pytest.mark.parametrize(
    ("raw", "order", "value"),
    [
        pytest.param("13072012", "DMY", "2012-07-13", id="day first"),
        pytest.param("07132012", "MDY", "2012-07-13", id="month first"),
        pytest.param("20120713", "YMD", "2012-07-13", id="year first"),
        pytest.param("130712", "DMY", "2012-07-13", id="two-digit year of this century"),
        pytest.param("130799", "DMY", "1999-07-13", id="two-digit year of the last century"),
        pytest.param("010168", "DMY", "2068-01-01", id="last year before the pivot"),
        pytest.param("010169", "DMY", "1969-01-01", id="the pivot"),
        pytest.param("13/7/12", "DMY", "2012-07-13", id="slashes, one-digit month"),
        pytest.param("13.07.2012", "DMY", "2012-07-13", id="points"),
        pytest.param("7-13-2012", "MDY", "2012-07-13", id="dashes"),
        pytest.param("13 07 2012", "DMY", "2012-07-13", id="gaps"),
        pytest.param("2012-07-13", "DMY", "2012-07-13", id="ISO 8601 whatever the order"),
        pytest.param("29022024", "DMY", "2024-02-29", id="leap day"),
    ],
)
def test_dates_are_understood(raw, order, value):
    meanings = date(raw, order)
    assert next(iter(meanings)) == value
    assert meanings[value] >= CERTAIN


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param("31022012", id="no such day"),
        pytest.param("29022023", id="no leap year"),
        pytest.param("13/13/2012", id="no such month"),
        pytest.param("00/01/2012", id="day nought"),
        pytest.param("13070712", id="a year long gone"),
        pytest.param("13 Jul 2012", id="month word"),
        pytest.param("1307201200", id="ten digits"),
        pytest.param("1", id="one digit"),
    ],
)
def test_impossible_dates_mean_nothing(raw):
    assert date(raw) == {}


@pytest.mark.parametrize(
    ("raw", "meanings"),
    [
        pytest.param("1310712012", {"2012-07-13"}, id="slashes read as ones"),
        pytest.param("1372012", {"2012-07-13"}, id="one-digit month unparted"),
        pytest.param("1112012", {"2012-11-01", "2012-01-11"}, id="two ways to part"),
        pytest.param("20120713", {"2012-07-13"}, id="ISO digits in a field that says DMY"),
    ],
)
def test_doubtful_dates_go_to_review(raw, meanings):
    assert set(date(raw)) == meanings
    assert max(date(raw).values()) < CERTAIN


def test_comb_parts_a_date_by_its_cells():
    assert date("1310712012", cells=10) == {}
    assert date("130712", cells=8) == {"2012-07-13": 1.0}


@settings(deadline=None)
@given(st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31)), st.sampled_from(["DMY", "MDY", "YMD"]))
def test_every_day_comes_back_in_every_order(day, order):
    parts = {"D": f"{day.day:02d}", "M": f"{day.month:02d}", "Y": f"{day.year:04d}"}
    for separator in ("", ".", "/", " "):
        assert normalise(separator.join(parts[letter] for letter in order), date_spec(order)) == day.isoformat()


def date_spec(order: str) -> FieldSpec:
    return FieldSpec("date", FieldKind.DATE, date_order=order)


@settings(deadline=None)
@given(st.text(alphabet="0123456789./- ", max_size=12), st.sampled_from(["DMY", "MDY", "YMD"]))
def test_dates_are_days_whose_shares_sum_to_no_more_than_one(raw, order):
    found = date(raw, order)
    assert sum(found.values()) <= 1 + 1e-9
    assert all(dt.date.fromisoformat(day) for day in found)


@pytest.mark.parametrize(
    ("country", "raw", "value"),
    [
        pytest.param("DE", "01069", "01069", id="leading zero lives"),
        pytest.param("DE", "00999", None, id="no German region 00"),
        pytest.param("US", "02139", "02139", id="US"),
        pytest.param("US", "00500", None, id="below the first ZIP"),
        pytest.param("US", "02139-4307", "021394307", id="US, nine digits"),
        pytest.param("US", "0213943", None, id="US, seven digits"),
        pytest.param("FR", "75008", "75008", id="Paris"),
        pytest.param("FR", "96000", None, id="no French department 96"),
        pytest.param("FR", "97400", "97400", id="overseas"),
        pytest.param("IN", "110001", "110001", id="New Delhi"),
        pytest.param("IN", "010001", None, id="no Indian zone 0"),
        pytest.param("CH", "8001", "8001", id="Zurich"),
        pytest.param("CH", "0999", None, id="below the first Swiss code"),
        pytest.param("NL", "1012", "1012", id="digits of a Dutch code"),
        pytest.param("ES", "53001", None, id="no Spanish province 53"),
        pytest.param("XX", "123", "123", id="a country without a table"),
        pytest.param("us", "02139", "02139", id="country in lower case"),
    ],
)
def test_postal_codes_lie_where_their_country_has_codes(country, raw, value):
    assert normalise(raw, FieldSpec("zip", FieldKind.POSTAL_CODE, country=country)) == value


def test_account_keeps_its_digits():
    assert normalise("0012 3456-7", FieldSpec("account", FieldKind.ACCOUNT)) == "001234567"


def test_lengths_follow_spec_then_country():
    assert lengths_allowed(FieldSpec("zip", FieldKind.POSTAL_CODE, country="US")) == (5, 9)
    assert lengths_allowed(FieldSpec("zip", FieldKind.POSTAL_CODE, country="US", length=5)) == (5,)
    assert lengths_allowed(FieldSpec("date", FieldKind.DATE, cells=8)) == (6, 8)
    assert lengths_allowed(FieldSpec("id", FieldKind.DIGITS)) is None
