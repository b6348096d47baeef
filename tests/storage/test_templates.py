from __future__ import annotations

import dataclasses
import shutil
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from pipeline.document import FieldKind, FieldSpec, RectMm, RuleSpec
from pipeline.errors import TemplateError
from pipeline.storage.template_fields import OPTIONAL_FIELD_KEYS
from pipeline.storage.template_rules import CROSS_RULES, FIELD_RULES
from pipeline.storage.templates import inspect_template, load_template, load_templates
from pipeline.values.rules import CHECKS

SURVEY = """\
name: survey
version: "1"
page: {width_mm: 210, height_mm: 297}
reference: survey.png
fields:
  - name: postal_code
    kind: postal_code
    region_mm: {left: 20, top: 50, width: 40, height: 9}
    cells: 5
    length: 5
    required: true
    country: US
    threshold: 0.99
    rules: [luhn]
  - name: donation
    kind: amount
    region: {left: 0.1, top: 0.5, width: 0.2, height: 0.05}
    rules:
      - range: {min: 0, max: 5000.5}
      - regex: {pattern: '[0-9.]+'}
  - name: total
    kind: amount
    region_mm: {left: 20, top: 200, width: 40, height: 9}
  - name: birthday
    kind: date
    region_mm: {left: 20, top: 230, width: 40, height: 9}
    date_order: YMD
rules:
  - sum: {fields: [donation], equals: total}
  - equal: {fields: [donation, total]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    Image.fromarray(np.full((351, 248), 255, np.uint8)).save(tmp_path / "survey.png")
    (tmp_path / "survey.yaml").write_text(SURVEY)
    return tmp_path


def test_a_template_is_loaded_with_everything_in_it(folder: Path) -> None:
    template = load_template(folder / "survey.yaml")
    assert (template.identity.name, template.identity.version) == ("survey", "1")
    assert template.page_size_mm == (210, 297)
    assert template.page_count == 1
    assert template.references[0].shape == (351, 248)
    code, donation, _, birthday = template.fields
    assert code == FieldSpec(
        name="postal_code",
        kind=FieldKind.POSTAL_CODE,
        region_mm=RectMm(20, 50, 40, 9),
        cells=5,
        length=5,
        required=True,
        rules=(RuleSpec("luhn"),),
        country="US",
        threshold=0.99,
    )
    assert donation.region_mm is not None
    assert dataclasses.astuple(donation.region_mm) == pytest.approx((21, 148.5, 42, 14.85))
    assert donation.rules == (
        RuleSpec("range", {"min": Decimal(0), "max": Decimal("5000.5")}),
        RuleSpec("regex", {"pattern": "[0-9.]+"}),
    )
    assert birthday.date_order == "YMD"
    assert template.cross_rules == (
        RuleSpec("sum", {"fields": ("donation",), "equals": "total"}),
        RuleSpec("equal", {"fields": ("donation", "total")}),
    )


def changed(folder: Path, old: str, new: str) -> Path:
    """The survey with one change; line numbers stay unless `new` has more lines."""
    assert old in SURVEY
    path = folder / "survey.yaml"
    path.write_text(SURVEY.replace(old, new, 1))
    return path


MISTAKES = {
    "misspelt key": ("    required: true", "    requird: true", 11, r"unknown key requird; did you mean required\?"),
    "unknown key": ("version:", "colour: red\nversion:", 2, "unknown key colour; known are name, version, page"),
    "key given twice": ('version: "1"', "name: again", 2, "name is given twice"),
    "missing key": ("reference: survey.png\n", "", 1, "reference is missing"),
    "missing key of a field": ("    kind: amount\n", "", 15, "kind is missing"),
    "unknown kind": ("kind: postal_code", "kind: postalcode", 7, r"did you mean postal_code\?"),
    "text for a number": ("left: 20", "left: twenty", 8, 'expected a number, not "twenty"'),
    "number in quotes": ("left: 20", "left: '20'", 8, 'expected a number, not "20"'),
    "hexadecimal": ("left: 20", "left: 0x14", 8, "expected a plain number"),
    "infinity": ("left: 20", "left: .inf", 8, "expected a plain number, not .inf"),
    "not a number": ("left: 20", "left: .nan", 8, "expected a plain number, not .nan"),
    "negative width": ("width: 40", "width: -40", 8, "-40 must be more than 0"),
    "half a cell": ("cells: 5", "cells: 5.5", 9, "expected a whole number"),
    "no cell": ("cells: 5", "cells: 0", 9, "must be at least 1"),
    "a thousand cells": ("cells: 5", "cells: 1000", 9, "must be at most 100"),
    "more digits than cells": ("length: 5", "length: 6", 10, "6 digits do not fit into 5 cells"),
    "yes for true": ("required: true", 'required: "yes"', 11, 'expected true or false, not "yes"'),
    "country in small letters": ("country: US", "country: us", 12, "no country code"),
    "country for an amount": ("kind: postal_code", "kind: amount", 12, "for fields of the kind postal_code only"),
    "threshold in percent": ("threshold: 0.99", "threshold: 99", 13, "at most 1"),
    "unknown rule": ("rules: [luhn]", "rules: [lun]", 14, r"unknown rule lun; did you mean luhn\?"),
    "parameters for luhn": ("rules: [luhn]", "rules: [{luhn: {digits: 3}}]", 14, "this rule has no parameters"),
    "range without bounds": ("rules: [luhn]", "rules: [range]", 14, "needs parameters"),
    "range with no bound": ("rules: [luhn]", "rules: [{range: {}}]", 14, "min, max or both"),
    "range upside down": ("rules: [luhn]", "rules: [{range: {min: 2, max: 1}}]", 14, "min is more than max"),
    "two rules in an item": ("rules: [luhn]", "rules: [{luhn: , mod11: }]", 14, "one rule an item"),
    "rules are no list": ("rules: [luhn]", "rules: luhn", 14, "expected a list"),
    "broken pattern": ("'[0-9.]+'", "'[0-9.+'", 20, "is not a regular expression"),
    "missing file of values": ("rules: [luhn]", "rules: [{one_of_file: {file: no.txt}}]", 14, "cannot read no.txt"),
    "region off the page": ("left: 20", "left: 180", 8, "not on the page, which is 210 x 297 mm"),
    "fractions as millimetres": ("top: 0.5,", "top: 50,", 17, "not on the page"),
    "two regions": ("    cells: 5", "    region: {left: 0, top: 0, width: 1, height: 1}", 6, "one region is needed"),
    "no region": ("    region_mm: {left: 20, top: 50, width: 40, height: 9}\n", "", 6, "one region is needed"),
    "two fields of one name": ("name: total", "name: donation", 21, "two fields named donation"),
    "odd field name": ("name: total", "name: the total", 21, "no field name"),
    "page without a picture": ("    cells: 5", "    page: 2", 9, "no reference picture for page 2"),
    "date order of a dream": ("date_order: YMD", "date_order: YDM", 27, "YDM is none of DMY, MDY, YMD"),
    "sum of an unknown field": ("fields: [donation],", "fields: [donatoin],", 29, r"did you mean donation\?"),
    "sum without a total": (", equals: total", "", 29, "equals is missing"),
    "unknown cross-field rule": ("- equal:", "- equals:", 30, r"did you mean equal\?"),
    "equal to itself": ("[donation, total]", "[total, total]", 30, "named twice"),
    "equal of one": ("[donation, total]", "[total]", 30, "too few fields"),
    "missing picture": ("survey.png", "form.png", 4, "cannot read form.png"),
    "a folder for a picture": ("survey.png", ".", 4, "cannot read"),
    "no picture": ("reference: survey.png", "reference: []", 4, "at least one reference picture"),
    "page of another shape": ("height_mm: 297", "height_mm: 210", 4, "another shape than the page of 210 x 210 mm"),
    "no YAML": ("page: {", "page: {{", 4, "is not valid YAML"),
    "a tab": ("    cells", "\tcells", 9, "is not valid YAML"),
    "an alias": ("rules: [luhn]", "rules: [&a luhn, *a]", 14, "aliases"),
    "nothing for a name": ("name: survey", "name:", 1, "expected a text, not nothing"),
    "a list for a name": ("name: survey", "name: [survey]", 1, "expected a text, not a list"),
}


@pytest.mark.parametrize(("old", "new", "line", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named_with_file_and_line(old: str, new: str, line: int, message: str, folder: Path) -> None:
    path = changed(folder, old, new)
    with pytest.raises(TemplateError, match=message) as caught:
        load_template(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")


def test_everything_that_is_wrong_is_named_in_one_go(folder: Path) -> None:
    text = SURVEY
    for old, new in (
        ("left: 20", "left: twenty"),
        ("    required: true", "    requird: true"),
        ("rules: [luhn]", "rules: [lun, {range: {min: 2, max: 1}}]"),
        ("    kind: amount\n    region:", "    region:"),
        ("fields: [donation],", "fields: [donatoin],"),
        ("date_order: YMD", "date_order: YDM"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    path = folder / "survey.yaml"
    path.write_text(text)
    inspection = inspect_template(path)
    assert sorted((problem.line, problem.remark.partition(";")[0]) for problem in inspection.problems) == [
        (8, 'expected a number, not "twenty"'),
        (11, "unknown key requird"),
        (14, "min is more than max"),
        (14, "unknown rule lun"),
        (15, "kind is missing"),
        (26, "YDM is none of DMY, MDY, YMD"),
        (28, "donatoin is none of postal_code, donation, total, birthday"),
    ]
    assert inspection.template is not None
    assert [field.name for field in inspection.template.fields] == ["total"]


def test_an_inspected_template_knows_where_its_fields_stand(folder: Path) -> None:
    inspection = inspect_template(folder / "survey.yaml")
    assert not inspection.problems
    assert inspection.lines["postal_code", ""] == 6
    assert inspection.lines["postal_code", "cells"] == 9
    assert inspection.lines["birthday", "date_order"] == 27


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"# nothing\n",
        b"7",
        b"- a\n- b\n",
        b"\xff\xfe\x00",
        b"\x89PNG\r\n\x1a\n",
        b"[" * 100_000,
        b"a: b\n" * 300_000,
    ],
    ids=["empty", "comment", "number", "list", "not text", "picture", "deep", "long"],
)
def test_a_file_that_is_no_template_is_a_template_error(content: bytes, folder: Path) -> None:
    path = folder / "survey.yaml"
    path.write_bytes(content)
    with pytest.raises(TemplateError, match=r"survey\.yaml"):
        load_template(path)


def test_a_damaged_reference_picture_is_named(folder: Path) -> None:
    picture = folder / "survey.png"
    picture.write_bytes(picture.read_bytes()[:60])
    with pytest.raises(TemplateError, match=r":4: the reference picture survey\.png"):
        load_template(folder / "survey.yaml")


def test_norway_is_a_country_and_a_version_is_as_written(folder: Path) -> None:
    path = folder / "survey.yaml"
    path.write_text(SURVEY.replace("country: US", "country: NO").replace('version: "1"', "version: 1.10"))
    template = load_template(path)
    assert template.fields[0].country == "NO"
    assert template.identity.version == "1.10"


def test_values_of_a_file_become_parameters(folder: Path) -> None:
    (folder / "codes.txt").write_bytes("\ufeff01234\r\n\r\n 56789 \n01234\n".encode())
    path = changed(folder, "rules: [luhn]", "rules: [{one_of_file: {file: codes.txt}}]")
    assert load_template(path).fields[0].rules == (
        RuleSpec("one_of_file", {"file": "codes.txt", "values": ("01234", "56789")}),
    )


@pytest.mark.parametrize(
    ("content", "message"), [(b"\n\n", "no line with a value"), (b"\xff", "not UTF-8")], ids=["empty", "not text"]
)
def test_a_file_of_values_that_cannot_be_used_is_named(content: bytes, message: str, folder: Path) -> None:
    (folder / "codes.txt").write_bytes(content)
    with pytest.raises(TemplateError, match=rf":14: codes\.txt .*{message}"):
        load_template(changed(folder, "rules: [luhn]", "rules: [{one_of_file: {file: codes.txt}}]"))


def test_the_identity_changes_with_every_file_the_template_is_made_of(folder: Path) -> None:
    (folder / "codes.txt").write_text("1\n")
    path = changed(folder, "rules: [luhn]", "rules: [{one_of_file: {file: codes.txt}}]")
    seen = {load_template(path).identity.sha256}
    (folder / "codes.txt").write_text("2\n")
    seen.add(load_template(path).identity.sha256)
    Image.fromarray(np.full((351, 248), 254, np.uint8)).save(folder / "survey.png")
    seen.add(load_template(path).identity.sha256)
    path.write_text(path.read_text() + "# a remark\n")
    seen.add(load_template(path).identity.sha256)
    assert len(seen) == 4


def test_a_form_of_two_pages_has_two_pictures(folder: Path) -> None:
    shutil.copy(folder / "survey.png", folder / "back.png")
    path = folder / "survey.yaml"
    text = SURVEY.replace("survey.png", "[survey.png, back.png]").replace("    cells: 5", "    page: 2")
    path.write_text(text)
    template = load_template(path)
    assert template.page_count == 2
    assert template.fields[0].page == 2


def test_every_rule_that_can_be_checked_can_be_asked_for() -> None:
    assert set(FIELD_RULES) == set(CHECKS)


# --- folders ---------------------------------------------------------------------------------------


def test_a_folder_gives_its_templates_by_file_name(folder: Path) -> None:
    (folder / "a.yml").write_text(SURVEY.replace("name: survey", "name: other"))
    (folder / ".hidden.yaml").write_text("x")
    assert [template.identity.name for template in load_templates(folder)] == ["other", "survey"]


def test_two_templates_of_one_name_are_an_error(folder: Path) -> None:
    (folder / "a.yaml").write_text(SURVEY)
    with pytest.raises(TemplateError, match=r"survey\.yaml:1: the name survey is taken by .*a\.yaml"):
        load_templates(folder)


def test_a_folder_without_templates_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="holds no template"):
        load_templates(tmp_path)
    with pytest.raises(TemplateError, match="cannot list"):
        load_templates(tmp_path / "nowhere")
    with pytest.raises(TemplateError, match="cannot read the template"):
        load_template(tmp_path / "no.yaml")


# --- anything a person may write -------------------------------------------------------------------

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.dates()
ANYTHING = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
PLACES = st.sampled_from(
    [(), ("page",), ("reference",), ("fields",), ("rules",), ("fields", 0), ("fields", 0, "region_mm"), ("rules", 0)]
)
KEYS = st.sampled_from([*OPTIONAL_FIELD_KEYS, *FIELD_RULES, *CROSS_RULES, "name", "kind", "left", "fields"]) | st.text(
    max_size=8
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(place=PLACES, key=KEYS, value=ANYTHING)
def test_whatever_is_written_a_template_loads_or_is_refused_with_its_line(
    place: tuple[str | int, ...], key: str, value: object, folder: Path
) -> None:
    data = yaml.safe_load(SURVEY)
    part = data
    for step in place[:-1]:
        part = part[step]
    if place and not isinstance(part[place[-1]], dict):
        part[place[-1]] = value
    else:
        (part[place[-1]] if place else data)[key] = value
    path = folder / "any.yaml"
    path.write_text(yaml.safe_dump(data, allow_unicode=True))
    try:
        load_template(path)
    except TemplateError as error:
        message = str(error)
        assert message.startswith(f"{path}:"), message


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.text(max_size=200) | st.binary(max_size=200))
def test_any_text_or_bytes_are_refused_by_name(content: str | bytes, folder: Path) -> None:
    path = folder / "any.yaml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(errors="surrogatepass"))
    with pytest.raises(TemplateError, match=r"any\.yaml:"):
        load_template(path)
