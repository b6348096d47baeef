import pytest

from benchmarks.samples import SampleField, read_samples

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def fields() -> list[SampleField]:
    return read_samples()


def test_most_readable_fields_are_read_exactly(fields):
    readable = [f for f in fields if f.is_readable]
    assert sum(f.is_exact for f in readable) >= 0.95 * len(readable)


def test_most_readable_fields_are_accepted(fields):
    readable = [f for f in fields if f.is_readable]
    assert sum(f.is_accepted for f in readable) >= 0.8 * len(readable)


def test_nothing_is_accepted_wrong(fields):
    assert [f for f in fields if f.is_accepted and not f.is_exact] == []


def test_what_cannot_be_read_goes_where_it_should_with_its_reason(fields):
    odd = [f for f in fields if f.expected != "accepted"]
    assert len(odd) >= 8
    for field in odd:
        assert field.decision == field.expected, field
        assert not field.expected_reason or field.expected_reason in field.reasons, field
