"""The pages whose reading is timed hold what their figures say."""

import pytest

from benchmarks.drawn.measured import cheque_page, form_page


def test_the_form_holds_64_digits_in_combs_of_its_template():
    measured = form_page()
    assert measured.digit_count == 64
    assert [spec.cells for spec in measured.template.fields] == [len(value) for value in measured.values.values()]
    assert measured.page.gray.shape == pytest.approx((3508, 2480), abs=2)


def test_the_cheque_holds_a_date_in_a_comb_and_an_amount_in_a_box():
    measured = cheque_page()
    assert [(spec.kind, spec.cells) for spec in measured.template.fields] == [("date", 8), ("amount", None)]
    assert len(measured.values["box0"]) == 8
