"""What was read in a field, and whether it may be believed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from pipeline.document.form import FieldKind
from pipeline.document.geometry import Box, Polygon


class Decision(StrEnum):
    """What is to be done with a field: taken as read, put before a person, or left as the empty field it is."""

    ACCEPTED = "accepted"
    REVIEW = "review"
    BLANK = "blank"


class Reason(StrEnum):
    """Why a field is not simply accepted. A failed rule is written `rule_failed:<rule>`, see `rule_failed`."""

    LOW_CONFIDENCE = "low_confidence"
    REQUIRED_BLANK = "required_blank"
    OVERFLOW = "overflow"
    TOUCHING = "touching"
    STRUCK_OUT = "struck_out"
    NOT_A_DIGIT = "not_a_digit"
    REGISTRATION_FAILED = "registration_failed"
    IMAGE_QUALITY = "image_quality"
    FAINT = "faint"
    CLIPPED = "clipped"
    LENGTH_MISMATCH = "length_mismatch"
    DISAGREEMENT = "disagreement"
    RENDERERS_DIFFER = "renderers_differ"
    UNCERTIFIED = "uncertified"
    AUDIT_SAMPLE = "audit_sample"
    SECOND_KEY = "second_key"


def rule_failed(rule: str) -> str:
    """The reason that names a failed rule."""
    return f"rule_failed:{rule}"


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another value the field may have."""

    value: str
    confidence: float


@dataclass(frozen=True, slots=True)
class CharacterReading:
    """One character of `raw`: its probability and its upright box in page pixels."""

    char: str
    confidence: float
    box_px: Box


@dataclass(frozen=True, slots=True)
class RuleOutcome:
    """Whether the value passed a rule of its template.

    Attributes:
        repaired: what the ink alone says breaks the rule; the value given is the likeliest other one that keeps it.
    """

    name: str
    ok: bool
    repaired: bool = False


@dataclass(frozen=True, slots=True)
class FieldReading:
    """What was read in one field, and what is to be done with it.

    Attributes:
        value: normalised value; a proposal when the decision is review; None when nothing could be read.
        raw: characters as written, None when nothing was read.
        confidence: probability that the whole value is right, 0 to 1.
        threshold: confidence that acceptance asked for.
        reasons: `Reason` values or `rule_failed:<rule>`; empty only for an accepted field or a plain blank one.
    """

    name: str
    kind: FieldKind
    page: int
    polygon_px: Polygon
    value: str | None
    raw: str | None
    confidence: float
    threshold: float
    decision: Decision
    reasons: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    characters: tuple[CharacterReading, ...] = ()
    rules: tuple[RuleOutcome, ...] = ()
