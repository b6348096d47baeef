"""Results as JSON values and back, as `pipeline/schema/result-1.schema.json` describes them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib.metadata import PackageNotFoundError, version
from typing import Any

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
    Point,
    Polygon,
    RegistrationStatus,
    ResultStatus,
    RuleOutcome,
    SourceResult,
    TemplateIdentity,
)
from pipeline.storage.json_text import Members, json_text
from pipeline.storage.names import display_name

SCHEMA_VERSION = "1"

CONFIDENCE_DECIMALS = 6
PIXEL_DECIMALS = 2
MEASURE_DECIMALS = 4
"""Of dots an inch, degrees and seconds."""

Json = dict[str, Any]


def result_to_json(result: SourceResult) -> Json:
    """A result as the published schema has it; confidences rounded to 6 decimals.

    Raises:
        ValueError: accepted in spite of errors, two fields of one name in a document, a confidence outside 0 to 1, or
            a number that is not finite.
    """
    return _frame(result, [_document_to_json(document, dict(_fields(document))) for document in result.documents])


def _frame(result: SourceResult, documents: object) -> Json:
    if result.status is ResultStatus.ACCEPTED and result.errors:
        raise ValueError("a result with errors must not be accepted")
    return {
        "schema_version": SCHEMA_VERSION,
        "status": result.status.value,
        "source": {
            "id": result.source_id or None,
            "names": [display_name(name) for name in result.source_names],
            "media_type": result.media_type.value,
            "bytes": result.source_bytes,
            "pages": [_page_to_json(page) for page in result.pages],
        },
        "documents": documents,
        "errors": [{"code": item.code, "message": item.message, "page": item.page} for item in result.errors],
        "fingerprint": result.fingerprint,
        "model": {
            "name": result.model.name,
            "version": result.model.version,
            "sha256": result.model.sha256,
            "calibration": result.model.calibration,
        },
        "software": {"version": software_version()},
        "processing": {"started": result.started, "seconds": _rounded(result.seconds, MEASURE_DECIMALS)},
    }


def software_version() -> str:
    """Version of the installed distribution; `unknown` when the code runs without having been installed."""
    try:
        return version("fieldreader")
    except PackageNotFoundError:
        return "unknown"


def _page_to_json(page: PageFacts) -> Json:
    return {
        "number": page.number,
        "width_px": page.width_px,
        "height_px": page.height_px,
        "dpi": _rounded(page.dpi, MEASURE_DECIMALS),
        "rotation_deg": page.rotation_deg,
        "skew_deg": _rounded(page.skew_deg, MEASURE_DECIMALS),
        "flaws": list(page.flaws),
    }


def _fields(document: DocumentResult) -> Iterator[tuple[str, Json]]:
    names: set[str] = set()
    for field in document.fields:
        if field.name in names:
            raise ValueError(f"document {document.number} has two fields of one name")
        names.add(field.name)
        yield field.name, field_to_json(field)


def _document_to_json(document: DocumentResult, fields: object) -> Json:
    template = document.template
    residual = document.residual_px
    return {
        "number": document.number,
        "pages": list(document.pages),
        "status": document.status.value,
        "template": None
        if template is None
        else {"name": template.name, "version": template.version, "sha256": template.sha256},
        "registration": {
            "status": document.registration.value,
            "residual_px": None if residual is None else _rounded(residual, PIXEL_DECIMALS),
        },
        "fields": fields,
    }


def field_to_json(field: FieldReading) -> Json:
    """One field, as a result holds it under its name."""
    return {
        "kind": field.kind.value,
        "page": field.page,
        "polygon_px": [[_rounded(x, PIXEL_DECIMALS), _rounded(y, PIXEL_DECIMALS)] for x, y in field.polygon_px],
        "value": field.value,
        "raw": field.raw,
        "confidence": _confidence(field.confidence),
        "threshold": _confidence(field.threshold),
        "decision": field.decision.value,
        "reasons": list(field.reasons),
        "alternatives": [
            {"value": other.value, "confidence": _confidence(other.confidence)} for other in field.alternatives
        ],
        "characters": [_character_to_json(character) for character in field.characters],
        "rules": [_rule_to_json(rule) for rule in field.rules],
    }


def _rule_to_json(rule: RuleOutcome) -> Json:
    outcome: Json = {"name": rule.name, "ok": rule.ok}
    return outcome | {"repaired": True} if rule.repaired else outcome


def _character_to_json(character: CharacterReading) -> Json:
    box = character.box_px
    return {
        "char": character.char,
        "confidence": _confidence(character.confidence),
        "box_px": [box.left, box.top, box.right, box.bottom],
    }


def _confidence(value: float) -> float:
    if not 0 <= value <= 1:  # NaN is not
        raise ValueError(f"a confidence of {value} is no probability")
    return _rounded(value, CONFIDENCE_DECIMALS)


def _rounded(value: float, decimals: int) -> float:
    """A plain Python number, also of a NumPy one. JSON has no infinity; writing refuses it."""
    return round(float(value), decimals)


# --- to text -------------------------------------------------------------------------------------


def result_text(result: SourceResult) -> Iterator[str]:
    """A result as JSON text, in pieces: a line a page and a field, and no more than one of them in memory.

    Raises:
        ValueError: as `result_to_json`, once that place is reached.
    """
    documents = (_document_to_json(document, Members(_fields(document))) for document in result.documents)
    return json_text(_frame(result, documents))


# --- from JSON -----------------------------------------------------------------------------------


def result_from_json(data: Mapping[str, Any]) -> SourceResult:
    """The result that was written as this JSON; the software's version is not part of it.

    Raises:
        KeyError, TypeError, ValueError: it does not follow the schema.
    """
    source, model = data["source"], data["model"]
    return SourceResult(
        status=ResultStatus(data["status"]),
        source_id=source["id"] or "",
        source_names=tuple(source["names"]),
        media_type=MediaType(source["media_type"]),
        source_bytes=source["bytes"],
        pages=tuple(PageFacts(**{**page, "flaws": tuple(page.get("flaws", ()))}) for page in source["pages"]),
        documents=tuple(_document_from_json(document) for document in data["documents"]),
        errors=tuple(ErrorItem(**item) for item in data["errors"]),
        fingerprint=data["fingerprint"],
        model=ModelIdentity(**model),
        started=data["processing"]["started"],
        seconds=data["processing"]["seconds"],
    )


def _document_from_json(data: Mapping[str, Any]) -> DocumentResult:
    return DocumentResult(
        number=data["number"],
        pages=tuple(data["pages"]),
        status=ResultStatus(data["status"]),
        template=None if data["template"] is None else TemplateIdentity(**data["template"]),
        registration=RegistrationStatus(data["registration"]["status"]),
        residual_px=data["registration"]["residual_px"],
        fields=tuple(_field_from_json(name, field) for name, field in data["fields"].items()),
    )


def _field_from_json(name: str, data: Mapping[str, Any]) -> FieldReading:
    return FieldReading(
        name=name,
        kind=FieldKind(data["kind"]),
        page=data["page"],
        polygon_px=_polygon(data["polygon_px"]),
        value=data["value"],
        raw=data["raw"],
        confidence=data["confidence"],
        threshold=data["threshold"],
        decision=Decision(data["decision"]),
        reasons=tuple(data["reasons"]),
        alternatives=tuple(Alternative(**other) for other in data["alternatives"]),
        characters=tuple(
            CharacterReading(item["char"], item["confidence"], Box(*item["box_px"])) for item in data["characters"]
        ),
        rules=tuple(RuleOutcome(**rule) for rule in data["rules"]),
    )


def _polygon(corners: list[list[float]]) -> Polygon:
    top_left, top_right, bottom_right, bottom_left = (_point(corner) for corner in corners)
    return top_left, top_right, bottom_right, bottom_left


def _point(corner: list[float]) -> Point:
    x, y = corner
    return x, y
