from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.document import Box, CharacterReading, FieldKind, FieldSpec
from pipeline.seeded_errors import seed_error
from pipeline.storage.review_item import ItemState, ReviewItem
from pipeline.values.grammar import digits_of


def item(kind, value, raw, human="as the machine", **spec):
    characters = tuple(CharacterReading(char, 0.9, Box(10 * i, 0, 10 * i + 8, 9)) for i, char in enumerate(raw))
    return ReviewItem(
        "i", ItemState.CONFIRMED, "2026", "s" * 64, ("a.pdf",), 1, 1, "form", FieldSpec("f", kind, **spec),
        ((0, 0), (1, 0), (1, 1), (0, 1)), value, raw, 0.9, 0.97, (), (), characters, "one", None,
        value if human == "as the machine" else human, "ann", "2026",
    )  # fmt: skip


SETTLED = [
    pytest.param(item(FieldKind.DIGITS, "01234", "01234", length=5), id="digits"),
    pytest.param(item(FieldKind.POSTAL_CODE, "10115", "10115", country="DE"), id="postal code"),
    pytest.param(item(FieldKind.ACCOUNT, "1234567", "1234 567"), id="account with a gap"),
    pytest.param(item(FieldKind.AMOUNT, "322000.00", "3,22,000/-"), id="amount without cents"),
    pytest.param(item(FieldKind.AMOUNT, "12.50", "12.50"), id="amount"),
    pytest.param(item(FieldKind.DATE, "2026-03-09", "09.03.2026"), id="date"),
]


@pytest.mark.parametrize("settled", SETTLED)
def test_one_digit_is_wrong_in_value_and_characters_alike(settled):
    for lot in range(20):
        error = seed_error(settled, str(lot))
        assert error is not None
        assert error.value != settled.machine_value
        assert len(digits_of(error.value)) == len(digits_of(settled.machine_value))
        differ = [(a, b) for a, b in zip(error.raw, settled.raw, strict=True) if a != b]
        assert len(differ) == 1
        assert "".join(one.char for one in error.characters) == error.raw
        assert [one.box_px for one in error.characters] == [one.box_px for one in settled.characters]
    assert seed_error(settled, "a lot") == seed_error(settled, "a lot")


def test_an_amount_does_not_begin_with_a_zero_and_a_date_is_in_the_calendar():
    amount = item(FieldKind.AMOUNT, "6.00", "6")
    assert {seed_error(amount, str(lot)).value for lot in range(20)} == {"5.00"}
    date = item(FieldKind.DATE, "2026-02-28", "28.02.2026")
    assert all(seed_error(date, str(lot)).value[5:7] in {"02", "03", "07", "06", "08"} for lot in range(50))


@pytest.mark.parametrize(
    "settled",
    [
        pytest.param(item(FieldKind.DIGITS, "123", "123", human="124"), id="corrected: the machine was wrong already"),
        pytest.param(item(FieldKind.DIGITS, None, ""), id="nothing read"),
        pytest.param(replace(item(FieldKind.DIGITS, "123", "123"), characters=()), id="no characters to show"),
        pytest.param(item(FieldKind.AMOUNT, "125.00", "0125"), id="characters that are not the value's"),
    ],
)
def test_a_field_that_cannot_be_made_wrong_is_left_alone(settled):
    assert seed_error(settled, "lot") is None


@given(st.text("0123456789", min_size=1, max_size=12), st.integers())
def test_any_digits_can_be_made_wrong(digits, lot):
    error = seed_error(item(FieldKind.DIGITS, digits, digits), str(lot))
    assert error is not None
    assert sum(a != b for a, b in zip(error.value, digits, strict=True)) == 1
