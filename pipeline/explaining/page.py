"""An explanation as one page of HTML that needs no other file and asks for none."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from jinja2 import Environment, PackageLoader, StrictUndefined
from numpy.typing import NDArray

from pipeline.document import Decision, FieldReading, ModelIdentity, Polygon, RuleOutcome, rule_failed
from pipeline.explaining.evidence import Evidenced, evidence_of
from pipeline.explaining.explain import ExplainedField, ExplainedPage, Explanation
from pipeline.explaining.words import (
    RULES,
    decision_words,
    percent,
    reason_words,
    registration_words,
    threshold_words,
)
from pipeline.process import FieldTrace
from pipeline.stages.plane import map_points

PAGE = "explain.html"
JPEG_QUALITY = 80
OPEN_FIELDS = 12
"""In files with more fields than this only those for a person are unfolded."""
NINES = 4
"""The scale of confidence ends at 99.99 %."""
DECISION_WORDS = {Decision.ACCEPTED: "accepted", Decision.REVIEW: "for a person", Decision.BLANK: "blank"}


@dataclass(frozen=True, slots=True)
class Told:
    """What the page says beside the explanation itself.

    Attributes:
        name: of the file, safe to show.
        max_error: the error budget it was read with.
        forms: names of the forms it might have been.
    """

    name: str
    model: ModelIdentity
    max_error: float
    forms: tuple[str, ...]


def render_page(explanation: Explanation, told: Told) -> str:
    """HTML of a whole file."""
    environment = Environment(loader=PackageLoader("pipeline", "pages"), autoescape=True, undefined=StrictUndefined)
    environment.filters["percent"] = percent
    field_count = sum(len(page.fields) for page in explanation.pages)
    return environment.get_template(PAGE).render(
        told=told,
        status=explanation.status.value.replace("_", " "),
        errors=explanation.errors,
        counts=_counts(explanation),
        pages=[_page(page, told, field_count > OPEN_FIELDS) for page in explanation.pages],
    )


def _counts(explanation: Explanation) -> list[tuple[str, str, int]]:
    decisions = [field.reading.decision for page in explanation.pages for field in page.fields]
    return [(word, decision.value, decisions.count(decision)) for decision, word in DECISION_WORDS.items()]


def _page(page: ExplainedPage, told: Told, is_folded: bool) -> dict[str, Any]:
    facts = page.facts
    return {
        "number": facts.number,
        "width": facts.width_px,
        "height": facts.height_px,
        "dpi": round(facts.dpi),
        "picture": _inline(page.picture, ".jpg"),
        "registration": registration_words(page, told.forms),
        "outline": _outline(page),
        "anchors": [
            {"x": found[0], "y": found[1], "miss": math.dist(expected, found)}
            for expected, found in page.registration.anchors
        ],
        "stroke": max(facts.width_px, facts.height_px) / 700,
        "fields": [_field(field, page, told, is_folded, place) for place, field in enumerate(page.fields, start=1)],
    }


def _outline(page: ExplainedPage) -> str:
    """Where the paper of the form lies on the scan; "" when unknown."""
    template, mm_to_page = page.registration.template, page.registration.mm_to_page
    if template is None or mm_to_page is None:
        return ""
    width, height = template.page_size_mm
    return _points(map_points(mm_to_page, np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)))


def _points(corners: Polygon | NDArray[np.float64]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in corners)


def _field(field: ExplainedField, page: ExplainedPage, told: Told, is_folded: bool, place: int) -> dict[str, Any]:
    reading, trace = field.reading, field.trace
    return {
        "id": f"page{page.facts.number}-{reading.name}",
        "place": place,
        "reading": reading,
        "is_placed": trace is not None,
        "kind": reading.kind.value.replace("_", " "),
        "decision": DECISION_WORDS[reading.decision],
        "is_open": not is_folded or reading.decision is Decision.REVIEW,
        "corners": _points(reading.polygon_px),
        "label": {"x": min(x for x, _ in reading.polygon_px), "y": min(y for _, y in reading.polygon_px)},
        "words": decision_words(field),
        "reasons": reason_words(reading),
        "threshold": threshold_words(trace, told.max_error, told.model.calibration) if trace is not None else "",
        "scale": _scale(reading),
        "rules": _rules(reading, page),
        "evidence": _shown(evidence_of(trace, reading.raw or "")) if trace is not None else None,
        "readings": _readings(trace, reading) if trace is not None else [],
    }


def _scale(reading: FieldReading) -> dict[str, float]:
    """Places of confidence and threshold on a scale from 0 to 100, each nine of probability as long as the next."""
    return {"confidence": _on_scale(reading.confidence), "threshold": _on_scale(reading.threshold)}


def _on_scale(probability: float) -> float:
    return 100 * min(1.0, -math.log10(max(1 - probability, 10**-NINES)) / NINES)


def _rules(reading: FieldReading, page: ExplainedPage) -> list[dict[str, Any]]:
    """Rules on the field, then those over several fields as far as they say anything about this one."""
    told = {rule.name for rule in reading.rules}
    template = page.registration.template
    asked = dict.fromkeys(rule.name for rule in template.cross_rules) if template is not None else {}
    failed = [name for name in asked if name not in told and rule_failed(name) in reading.reasons]
    rules = [*reading.rules, *(RuleOutcome(name, False) for name in failed)]
    return [
        {"name": rule.name, "ok": rule.ok, "repaired": rule.repaired, "words": RULES.get(rule.name, "")}
        for rule in rules
    ]


def _readings(trace: FieldTrace, chosen: FieldReading) -> list[dict[str, Any]]:
    return [
        {
            "is_chosen": (reading.value, reading.raw) == (chosen.value, chosen.raw),
            "value": reading.value,
            "raw": reading.raw,
            "confidence": reading.confidence,
            "features": " · ".join(
                f"{name.replace('_', ' ')} {weight:.2f}" for name, weight in reading.features.items()
            ),
        }
        for reading in trace.decoded.readings
    ]


def _shown(evidence: Evidenced) -> dict[str, Any]:
    """The evidence with its pictures as text."""
    return {
        "crop": _inline(evidence.crop, ".png"),
        "crop_size": (evidence.crop.shape[1], evidence.crop.shape[0]),
        "inner": evidence.inner,
        "cells": evidence.cells,
        "cleaned": _inline(evidence.ink.cleaned, ".png") if evidence.ink is not None else "",
        "pieces": _inline(evidence.ink.pieces, ".png") if evidence.ink is not None else "",
        "piece_count": evidence.piece_count,
        "is_comb": bool(evidence.cells),
        "ink_count": sum(tile.picture is not None for tile in evidence.tiles),
        "tiles": [
            {
                "picture": _inline(tile.picture, ".png") if tile.picture is not None else "",
                "char": tile.char,
                "options": tile.options,
                "caption": tile.caption,
            }
            for tile in evidence.tiles
        ],
        "paths": evidence.paths,
        "strip": _inline(evidence.strip, ".png") if evidence.strip is not None else "",
        "strip_size": (evidence.strip.shape[1], evidence.strip.shape[0]) if evidence.strip is not None else (1, 1),
        "spans": evidence.spans,
        "strings": evidence.strings,
        "flags": evidence.flags,
    }


def _inline(picture: NDArray[np.uint8], suffix: str) -> str:
    """A picture as a data URI."""
    quality: Sequence[int] = [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY] if suffix == ".jpg" else []
    _, encoded = cv2.imencode(suffix, picture, quality)
    media_type = "image/jpeg" if suffix == ".jpg" else "image/png"
    return f"data:{media_type};base64,{base64.b64encode(encoded.tobytes()).decode()}"
