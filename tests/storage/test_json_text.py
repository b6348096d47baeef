from __future__ import annotations

import json
import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.storage.json_text import Members, json_text

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)
@given(VALUES)
def test_the_text_means_the_value(value: object) -> None:
    assert json.loads("".join(json_text(value))) == value


@settings(deadline=None)
@given(VALUES)
def test_what_is_made_as_it_is_written_reads_the_same(value: object) -> None:
    assert json.loads("".join(json_text(made_later(value)))) == value


def made_later(value: object) -> object:
    """The same with every list and object at the top four depths made on the way."""

    def later(value: object, depth: int) -> object:
        if depth == 4 or not isinstance(value, dict | list):
            return value
        if isinstance(value, dict):
            return Members((name, later(member, depth + 1)) for name, member in value.items())
        return (later(member, depth + 1) for member in value)

    return later(value, 0)


def test_plain_members_share_a_line_and_others_have_one_each() -> None:
    value = {"name": "a", "pages": [{"number": 1, "flaws": []}, {"number": 2, "flaws": []}], "names": ["a", "b"]}
    assert "".join(json_text(value)) == (
        '{\n  "name": "a",\n  "pages": [\n    {"number": 1, "flaws": []},\n    {"number": 2, "flaws": []}\n  ],\n'
        '  "names": ["a", "b"]\n}'
    )


@pytest.mark.parametrize("value", [math.nan, [math.inf], {"a": [[[[[-math.inf]]]]]}])
def test_what_json_cannot_say_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        "".join(json_text(value))
