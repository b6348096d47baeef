"""Error budgets in a template: for a kind, for a field, and the order in which they count."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.errors import TemplateError
from pipeline.storage.templates import load_template

TEMPLATE = """\
name: slip
version: "1"
page: {width_mm: 210, height_mm: 297}
reference: slip.png
max_error: {amount: 0.002}
fields:
  - {name: code, kind: digits, region_mm: {left: 20, top: 20, width: 40, height: 9}}
  - {name: sum, kind: amount, region_mm: {left: 20, top: 40, width: 40, height: 9}}
  - {name: fee, kind: amount, region_mm: {left: 20, top: 60, width: 40, height: 9}, max_error: 0.05}
"""


@pytest.fixture
def template(tmp_path: Path) -> Path:
    Image.fromarray(np.full((351, 248), 255, np.uint8)).save(tmp_path / "slip.png")
    path = tmp_path / "slip.yaml"
    path.write_text(TEMPLATE)
    return path


def test_a_fields_own_budget_wins_over_that_of_its_kind(template: Path) -> None:
    assert [field.max_error for field in load_template(template).fields] == [None, 0.002, 0.05]


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("max_error: 0.05", "max_error: 5", 9, "at most 0.99"),
        ("max_error: 0.05", "max_error: 0", 9, "more than 0"),
        ("{amount: 0.002}", "{amount: much}", 5, "number"),
        ("{amount: 0.002}", "{amounts: 0.002}", 5, "amounts"),
        ("{amount: 0.002}", "0.01", 5, "keys and values"),
    ],
    ids=["in percent", "none at all", "no number", "no kind", "not by kind"],
)
def test_a_wrong_budget_is_named_with_its_line(old: str, new: str, line: int, message: str, template: Path) -> None:
    template.write_text(TEMPLATE.replace(old, new))
    with pytest.raises(TemplateError, match=f"slip.yaml:{line}: .*{message}"):
        load_template(template)
