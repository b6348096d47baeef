from pathlib import Path

import pytest
import yaml

from pipeline.document import Cents
from pipeline.errors import TemplateError
from pipeline.storage.templates import load_template

CHEQUE = Path(__file__).resolve().parents[2] / "sample_docs" / "templates"


def template_with(tmp_path: Path, field: str, **keys: str) -> Path:
    """A copy of the sample cheque template with keys added to one of its fields."""
    data = yaml.safe_load((CHEQUE / "cheque.yaml").read_text(encoding="utf-8"))
    next(item for item in data["fields"] if item["name"] == field).update(keys)
    data["reference"] = str(CHEQUE / "cheque.png")
    path = tmp_path / "cheque.yaml"
    path.write_text(yaml.safe_dump(data), encoding="utf-8")
    return path


@pytest.mark.parametrize("cents", list(Cents))
def test_template_says_where_cents_are(tmp_path, cents):
    fields = {field.name: field for field in load_template(template_with(tmp_path, "amount", cents=cents.value)).fields}
    assert fields["amount"].cents is cents
    assert fields["date"].cents is None


@pytest.mark.parametrize(
    ("field", "word"), [("amount", "sometimes"), ("date", "never")], ids=["unknown word", "a date"]
)
def test_cents_elsewhere_or_unknown_are_errors(tmp_path, field, word):
    with pytest.raises(TemplateError, match=r"cents|sometimes"):
        load_template(template_with(tmp_path, field, cents=word))
