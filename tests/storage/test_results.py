from __future__ import annotations

import dataclasses
import json
import math
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.document import (
    Alternative,
    Box,
    CharacterReading,
    Decision,
    DocumentResult,
    ErrorItem,
    FieldKind,
    FieldReading,
    MediaType,
    ModelIdentity,
    PageFacts,
    Reason,
    RegistrationStatus,
    ResultStatus,
    RuleOutcome,
    Source,
    SourceResult,
    TemplateIdentity,
    rule_failed,
)
from pipeline.errors import SourceError
from pipeline.storage.result_json import result_from_json, result_to_json, software_version
from pipeline.storage.results import SCHEMA_PATH, read_result, result_path, write_result

SCHEMA = json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA, format_checker=jsonschema.Draft202012Validator.FORMAT_CHECKER)

AMOUNT = FieldReading(
    name="amount",
    kind=FieldKind.AMOUNT,
    page=1,
    polygon_px=((10.0, 20.0), (110.5, 20.0), (110.5, 60.25), (10.0, 60.25)),
    value="322000.00",
    raw="3,22,000/-",
    confidence=0.91,
    threshold=0.97,
    decision=Decision.REVIEW,
    reasons=("low_confidence", rule_failed("luhn")),
    alternatives=(Alternative("822000.00", 0.004),),
    characters=(CharacterReading("3", 0.998, Box(12, 22, 30, 58)),),
    rules=(RuleOutcome("luhn", False),),
)

RESULT = SourceResult(
    status=ResultStatus.NEEDS_REVIEW,
    source_id="ab" * 32,
    source_names=("inbox/a.pdf",),
    media_type=MediaType.PDF,
    source_bytes=1234,
    pages=(PageFacts(1, 2480, 3508, 300.0, 180, -0.8, ("blurred",)),),
    documents=(
        DocumentResult(
            number=1,
            pages=(1,),
            status=ResultStatus.NEEDS_REVIEW,
            template=TemplateIdentity("cheque-in", "1", "cd" * 32),
            registration=RegistrationStatus.OK,
            residual_px=0.6,
            fields=(AMOUNT,),
        ),
    ),
    errors=(),
    fingerprint="f00d",
    model=ModelIdentity("fieldreader-1", "1", "ef" * 32, "cheques-estimated"),
    started="2026-11-21T02:00:00.000+00:00",
    seconds=0.08,
)

FAILED = dataclasses.replace(
    RESULT,
    status=ResultStatus.FAILED,
    source_id="",
    media_type=MediaType.UNKNOWN,
    source_bytes=0,
    pages=(),
    documents=(),
    errors=(ErrorItem("empty_file", "is empty (0 bytes)"),),
)


# --- anything the reader may say -------------------------------------------------------------------

TEXT = st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=12)
HASH = st.text("0123456789abcdef", min_size=64, max_size=64)
COUNT = st.integers(1, 10**6)
CONFIDENCE = st.integers(0, 10**6).map(lambda millionths: millionths / 10**6)
HUNDREDTHS = st.integers(-(10**6), 10**6).map(lambda hundredths: hundredths / 100)
POINT = st.tuples(HUNDREDTHS, HUNDREDTHS)
REASONS = st.sampled_from([reason.value for reason in Reason] + [rule_failed("luhn"), rule_failed("iban_mod97")])


def readings(decision: Decision) -> st.SearchStrategy[FieldReading]:
    return st.builds(
        FieldReading,
        name=TEXT,
        kind=st.sampled_from(FieldKind),
        page=COUNT,
        polygon_px=st.tuples(POINT, POINT, POINT, POINT),
        value=st.none() | TEXT,
        raw=st.none() | TEXT,
        confidence=CONFIDENCE,
        threshold=CONFIDENCE,
        decision=st.just(decision),
        reasons=st.lists(REASONS, min_size=1 if decision is Decision.REVIEW else 0, max_size=3).map(tuple),
        alternatives=st.lists(st.builds(Alternative, TEXT, CONFIDENCE), max_size=3).map(tuple),
        characters=st.lists(
            st.builds(
                CharacterReading,
                st.characters(exclude_categories=("Cs",)),
                CONFIDENCE,
                st.builds(Box, *[st.integers(-99, 9999)] * 4),
            ),
            max_size=3,
        ).map(tuple),
        rules=st.lists(st.builds(RuleOutcome, TEXT, st.booleans(), st.booleans()), max_size=2).map(tuple),
    )


DOCUMENTS = st.builds(
    DocumentResult,
    number=COUNT,
    pages=st.lists(COUNT, min_size=1, max_size=3).map(tuple),
    status=st.sampled_from(ResultStatus),
    template=st.none() | st.builds(TemplateIdentity, TEXT, TEXT, HASH),
    registration=st.sampled_from(RegistrationStatus),
    residual_px=st.none() | st.integers(0, 999).map(lambda hundredths: hundredths / 100),
    fields=st.lists(
        st.sampled_from(Decision).flatmap(readings), max_size=3, unique_by=lambda reading: reading.name
    ).map(tuple),
)

RESULTS = st.builds(
    SourceResult,
    status=st.sampled_from([ResultStatus.NEEDS_REVIEW, ResultStatus.FAILED]),
    source_id=HASH | st.just(""),
    source_names=st.lists(st.text(st.characters(categories=("L", "N", "P")), min_size=1), min_size=1, max_size=3).map(
        tuple
    ),
    media_type=st.sampled_from(MediaType),
    source_bytes=st.integers(0, 10**12),
    pages=st.lists(
        st.builds(
            PageFacts,
            COUNT,
            COUNT,
            COUNT,
            st.integers(1, 2400).map(float),
            st.sampled_from([0, 90, 180, 270]),
            HUNDREDTHS,
        ),
        max_size=3,
    ).map(tuple),
    documents=st.lists(DOCUMENTS, max_size=2).map(tuple),
    errors=st.lists(
        st.builds(ErrorItem, st.sampled_from(["damaged_file", "too_large"]), TEXT, st.none() | COUNT), max_size=2
    ).map(tuple),
    fingerprint=TEXT,
    model=st.builds(ModelIdentity, TEXT, TEXT, HASH, TEXT),
    started=st.datetimes().map(lambda moment: moment.isoformat() + "+00:00"),
    seconds=st.integers(0, 10**6).map(lambda tenths: tenths / 10),
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(RESULTS)
def test_every_result_follows_the_schema_and_comes_back_the_same(result: SourceResult) -> None:
    text = json.dumps(result_to_json(result), allow_nan=False)
    data = json.loads(text)
    VALIDATOR.validate(data)
    assert result_from_json(data) == result


# --- what the JSON says ------------------------------------------------------------------------------


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_a_result_looks_as_documented() -> None:
    data = result_to_json(RESULT)
    assert data["source"]["id"] == "ab" * 32
    assert data["source"]["pages"] == [
        {
            "number": 1,
            "width_px": 2480,
            "height_px": 3508,
            "dpi": 300.0,
            "rotation_deg": 180,
            "skew_deg": -0.8,
            "flaws": ["blurred"],
        }
    ]
    (document,) = data["documents"]
    assert document["template"] == {"name": "cheque-in", "version": "1", "sha256": "cd" * 32}
    assert document["registration"] == {"status": "ok", "residual_px": 0.6}
    assert document["fields"]["amount"] == {
        "kind": "amount",
        "page": 1,
        "polygon_px": [[10.0, 20.0], [110.5, 20.0], [110.5, 60.25], [10.0, 60.25]],
        "value": "322000.00",
        "raw": "3,22,000/-",
        "confidence": 0.91,
        "threshold": 0.97,
        "decision": "review",
        "reasons": ["low_confidence", "rule_failed:luhn"],
        "alternatives": [{"value": "822000.00", "confidence": 0.004}],
        "characters": [{"char": "3", "confidence": 0.998, "box_px": [12, 22, 30, 58]}],
        "rules": [{"name": "luhn", "ok": False}],
    }
    assert data["software"] == {"version": software_version()}
    VALIDATOR.validate(data)


def test_a_source_that_could_not_be_read_has_no_id() -> None:
    data = result_to_json(FAILED)
    assert data["source"]["id"] is None
    assert data["errors"] == [{"code": "empty_file", "message": "is empty (0 bytes)", "page": None}]
    VALIDATOR.validate(data)
    assert result_from_json(data) == FAILED


def with_field(**changes: Any) -> SourceResult:
    (document,) = RESULT.documents
    return dataclasses.replace(
        RESULT, documents=(dataclasses.replace(document, fields=(dataclasses.replace(AMOUNT, **changes),)),)
    )


def test_confidences_are_rounded_and_numpy_numbers_become_plain_ones() -> None:
    reading = with_field(confidence=np.float32(1) / 3, polygon_px=((np.float64(1.23456), 2.0),) * 4)
    field = result_to_json(reading)["documents"][0]["fields"]["amount"]
    assert field["confidence"] == 0.333333
    assert type(field["confidence"]) is float
    assert field["polygon_px"][0] == [1.23, 2.0]


@pytest.mark.parametrize("confidence", [math.nan, math.inf, -0.1, 1.1], ids=str)
def test_a_confidence_that_is_no_probability_is_a_defect(confidence: float) -> None:
    with pytest.raises(ValueError, match="no probability"):
        result_to_json(with_field(confidence=confidence))


def test_two_fields_of_one_name_are_a_defect() -> None:
    (document,) = RESULT.documents
    twice = dataclasses.replace(RESULT, documents=(dataclasses.replace(document, fields=(AMOUNT, AMOUNT)),))
    with pytest.raises(ValueError, match="two fields of one name"):
        result_to_json(twice)


def test_a_result_with_errors_is_never_accepted() -> None:
    with pytest.raises(ValueError, match="must not be accepted"):
        result_to_json(dataclasses.replace(FAILED, status=ResultStatus.ACCEPTED))


WRONG: dict[str, Callable[[dict[str, Any]], object]] = {
    "unknown key": lambda data: data.update(colour="red"),
    "unknown key in a field": lambda data: data["documents"][0]["fields"]["amount"].update(colour="red"),
    "missing key": lambda data: data.pop("fingerprint"),
    "unknown reason": lambda data: data["documents"][0]["fields"]["amount"]["reasons"].append("bad_mood"),
    "rule without a name": lambda data: data["documents"][0]["fields"]["amount"]["reasons"].append("rule_failed:"),
    "empty value": lambda data: data["documents"][0]["fields"]["amount"].update(value=""),
    "confidence above one": lambda data: data["documents"][0]["fields"]["amount"].update(confidence=1.01),
    "review without a reason": lambda data: data["documents"][0]["fields"]["amount"].update(reasons=[]),
    "three corners": lambda data: data["documents"][0]["fields"]["amount"]["polygon_px"].pop(),
    "half a hash": lambda data: data["source"].update(id="ab" * 16),
    "no name": lambda data: data["source"].update(names=[]),
    "eighth of a turn": lambda data: data["source"]["pages"][0].update(rotation_deg=45),
    "success with errors": lambda data: data.update(
        status="accepted", errors=[{"code": "damaged_file", "message": "m", "page": 2}]
    ),
    "another version": lambda data: data.update(schema_version="2"),
}


@pytest.mark.parametrize("spoil", WRONG.values(), ids=WRONG.keys())
def test_the_schema_is_strict(spoil: Callable[[dict[str, Any]], object]) -> None:
    data = result_to_json(RESULT)
    VALIDATOR.validate(data)
    spoil(data)
    with pytest.raises(jsonschema.ValidationError):
        VALIDATOR.validate(data)


def test_the_schema_knows_the_whole_vocabulary() -> None:
    kinds = SCHEMA["$defs"]["field"]["properties"]["kind"]["enum"]
    assert kinds == [kind.value for kind in FieldKind]
    reasons = SCHEMA["$defs"]["reason"]["anyOf"][0]["enum"]
    assert reasons == [reason.value for reason in Reason]
    assert set(SCHEMA["$defs"]["source"]["properties"]["media_type"]["enum"]) == {kind.value for kind in MediaType}


def test_error_codes_follow_the_pattern_of_the_schema() -> None:
    pattern = SCHEMA["$defs"]["error"]["properties"]["code"]
    for error in SourceError.__subclasses__():
        jsonschema.validate(error.code, pattern)


# --- files -------------------------------------------------------------------------------------------


def source_named(name: str, source_id: str = "ab" * 32) -> Source:
    return Source(source_id, (name,), MediaType.PDF, b"")


@pytest.mark.parametrize(
    "name",
    [
        b"inbox/a.pdf",
        b"bad\xff\xfe.pdf",
        b"new\nline.pdf",
        b"a" * 251 + b".pdf",
        b"-r.pdf",
        b"q';x.pdf",
        b"...",
        b"\xff",
    ],
    ids=str,
)
def test_a_result_of_any_name_is_written_where_it_is_looked_for(name: bytes, tmp_path: Path) -> None:
    source = source_named(os.fsdecode(name))
    path = write_result(tmp_path, dataclasses.replace(RESULT, source_names=source.names))
    assert path == result_path(tmp_path, source)
    assert path.parent == tmp_path
    assert path.name.endswith("-abababab.json")
    VALIDATOR.validate(json.loads(path.read_bytes()))
    assert list(tmp_path.iterdir()) == [path]


def test_files_of_one_name_and_different_content_do_not_meet(tmp_path: Path) -> None:
    first, second = source_named("in/a.pdf", "ab" * 32), source_named("in/a.pdf", "cd" * 32)
    assert result_path(tmp_path, first) != result_path(tmp_path, second)


def test_unreadable_files_of_different_folders_do_not_meet(tmp_path: Path) -> None:
    assert result_path(tmp_path, source_named("in/a.pdf", "")) != result_path(tmp_path, source_named("old/a.pdf", ""))


def test_a_written_result_is_read_back(tmp_path: Path) -> None:
    path = write_result(tmp_path / "out", RESULT)
    assert read_result(path) == RESULT


def test_writing_again_replaces_the_result(tmp_path: Path) -> None:
    write_result(tmp_path, RESULT)
    path = write_result(tmp_path, dataclasses.replace(RESULT, fingerprint="cafe"))
    result = read_result(path)
    assert result is not None
    assert result.fingerprint == "cafe"
    assert list(tmp_path.iterdir()) == [path]


def test_a_result_with_infinite_numbers_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON"):
        write_result(tmp_path, dataclasses.replace(RESULT, seconds=math.inf))
    assert list(tmp_path.iterdir()) == []


BROKEN = {
    "nothing": None,
    "empty": b"",
    "half": json.dumps(result_to_json(RESULT)).encode()[:300],
    "another program's": b'{"hello": 1}',
    "a list": b"[1, 2]",
    "a number": b"7",
    "not UTF-8": b"\xff\xfe{",
    "a later version": json.dumps(result_to_json(RESULT) | {"schema_version": "2"}).encode(),
    "documents are a number": json.dumps(result_to_json(RESULT) | {"documents": 7}).encode(),
    "nested too deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_or_foreign_file_is_no_finished_result(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "a-abababab.json"
    if content is not None:
        path.write_bytes(content)
    assert read_result(path) is None
