"""What the browser is told about a field; of one that is keyed blindly, nothing of what the machine made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePath
from typing import Any

import cv2
import numpy as np

from pipeline.document import Decision, FieldKind, FieldReading, FieldSpec, FormTemplate, Reason
from pipeline.errors import QueueError
from pipeline.explaining.words import reason_words
from pipeline.learning.labelling import frame_of
from pipeline.storage.names import display_name
from pipeline.storage.review_item import Answer, ItemState, Keying, ReviewItem, judge
from pipeline.values.grammar import lengths_allowed
from pipeline.values.rules import check

DOUBTFUL = 0.9
"""Probability below which a character is marked; of those above it, about one in a hundred is wrong."""
OTHERS = 3

_FITTING = {
    FieldKind.AMOUNT: "Amount, such as 1250.00",
    FieldKind.DATE: "Date",
    FieldKind.POSTAL_CODE: "Postal code",
    FieldKind.ACCOUNT: "Account number",
    FieldKind.DIGITS: "Digits",
}
RULE_WORDS = {
    "luhn": "check digit",
    "aba_routing": "check digit",
    "iban_mod97": "check digits",
    "mod11": "check digit",
    "mod97": "check digits",
    "date": "calendar",
    "range": "range",
    "regex": "pattern",
    "one_of_file": "list of known values",
}

Specs = Mapping[tuple[str | None, str], FieldSpec]
"""What the forms say of their fields, by form and field."""


def specs_of(templates: Sequence[FormTemplate]) -> Specs:
    """Every field of some forms."""
    return {(form.identity.name, spec.name): spec for form in templates for spec in form.fields}


@dataclass(frozen=True, slots=True)
class Checked:
    """What is to be said of a keyed value.

    Attributes:
        value: normalised; None when it cannot be one of this field, is "unreadable" or "blank".
        fits: whether it can be taken at all.
        broken: rules it breaks, in words; a person may insist.
        remark: why it does not fit.
    """

    value: str | None
    fits: bool
    broken: tuple[str, ...] = ()
    remark: str = ""


def check_keyed(text: str, item: ReviewItem, specs: Specs) -> Checked:
    """Judge what was keyed by the rules of the field."""
    spec = _spec(item, specs)
    # Not even by what fits may the hidden reading of a blind field be guessed.
    known = replace(item, spec=spec, machine_value=None if is_blind(item) else item.machine_value)
    try:
        _, value = judge(Answer(item.id, text, ""), known)
    except QueueError as error:
        return Checked(None, False, remark=str(error).removeprefix(": ").partition(";")[0])
    if value is None:
        return Checked(None, True)
    broken = [outcome.name for outcome in check(value, spec.rules) if not outcome.ok]
    return Checked(value, True, tuple(f"{RULE_WORDS[name]} does not fit" for name in broken))


def is_blind(item: ReviewItem) -> bool:
    """Whether the reading is hidden from who keys it; a supervisor who decides sees everything."""
    return item.keying is not Keying.SHOWN and item.state is not ItemState.ESCALATED


def _spec(item: ReviewItem, specs: Specs) -> FieldSpec:
    """The form's own word where it is at hand; the queue keeps the kind and length only."""
    found = specs.get((item.template, item.spec.name))
    return found if found is not None and found.kind is item.spec.kind else item.spec


def item_facts(
    item: ReviewItem, crop: bytes | None, specs: Specs, keys: Sequence[tuple[str, str | None]]
) -> dict[str, Any]:
    """A field as JSON.

    Args:
        crop: PNG of the field, to lay the characters under it; None when the queue has none.
        keys: what others keyed, for a supervisor.
    """
    hidden = is_blind(item)
    spec = _spec(item, specs)
    facts: dict[str, Any] = {
        "id": item.id,
        "template": item.template or "no form",
        "field": spec.name,
        "kind": spec.kind.value,
        "file": PurePath(display_name(item.source_names[0])).name if item.source_names else "",
        "document": item.document,
        "page": item.page,
        "run": item.run,
        "blind": hidden,
        "escalated": item.state is ItemState.ESCALATED,
        "expects": _expects(spec),
        "keys": [{"who": who, "value": value} for who, value in keys] if not hidden else [],
    }
    if hidden:
        return facts
    return facts | {
        "proposal": item.machine_value,
        "looks_blank": item.machine_value is None and Reason.REQUIRED_BLANK in item.reasons,
        "confidence": item.confidence,
        "threshold": item.threshold,
        "reasons": list(_reasons(item)),
        "others": [{"value": other.value, "confidence": other.confidence} for other in item.alternatives[:OTHERS]],
        "characters": _characters(item, crop),
        "rules": [
            {"words": RULE_WORDS[outcome.name], "ok": outcome.ok}
            for outcome in (check(item.machine_value, spec.rules) if item.machine_value else ())
        ],
    }


def _reasons(item: ReviewItem) -> tuple[str, ...]:
    return reason_words(
        FieldReading(
            item.spec.name, item.spec.kind, item.page, item.polygon_px, item.machine_value, item.raw,
            item.confidence, item.threshold, Decision.REVIEW, item.reasons,
        )
    )  # fmt: skip


def _expects(spec: FieldSpec) -> str:
    lengths = lengths_allowed(spec)
    if spec.kind is FieldKind.DATE:
        return f"Date, as {spec.date_order} or YYYY-MM-DD"
    if lengths and spec.kind is not FieldKind.AMOUNT:
        digits = f"{' or '.join(map(str, lengths))} digits"
        return digits if spec.kind is FieldKind.DIGITS else f"{_FITTING[spec.kind]}, {digits}"
    return _FITTING[spec.kind]


def _characters(item: ReviewItem, crop: bytes | None) -> list[dict[str, Any]]:
    """Characters with their place across the picture, 0 to 1; None where it is not known."""
    frame = None
    width = 1
    if crop is not None:
        picture = np.asarray(cv2.imdecode(np.frombuffer(crop, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)
        frame, width = frame_of(item.polygon_px, picture), picture.shape[1]
    found = []
    for character in item.characters:
        place = None
        if frame is not None:
            box = character.box_px
            middle = np.array([[box.middle]], np.float64)
            place = float(cv2.perspectiveTransform(middle, frame.page_to_picture)[0, 0, 0]) / width
        found.append(
            {
                "char": character.char,
                "confidence": character.confidence,
                "doubtful": character.confidence < DOUBTFUL,
                "x": place if place is not None and 0 <= place <= 1 else None,
            }
        )
    return found
