"""What comes out: files with their pages, documents, fields and errors; and what people say to that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from pipeline.document.form import TemplateIdentity
from pipeline.document.reading import FieldReading
from pipeline.document.region import RegistrationStatus
from pipeline.document.source import MediaType


class ResultStatus(StrEnum):
    """Of a document or of a whole file."""

    ACCEPTED = "accepted"
    NEEDS_REVIEW = "needs_review"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class PageFacts:
    """A page for the result: its size, how it lay on the scanner, and what is wrong with its picture.

    Attributes:
        flaws: `pipeline.stages.quality.Flaw` values.
    """

    number: int
    width_px: int
    height_px: int
    dpi: float
    rotation_deg: int = 0
    skew_deg: float = 0.0
    flaws: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DocumentResult:
    """One filled-in form."""

    number: int
    pages: tuple[int, ...]
    status: ResultStatus
    template: TemplateIdentity | None
    registration: RegistrationStatus
    residual_px: float | None
    fields: Sequence[FieldReading]


@dataclass(frozen=True, slots=True)
class ErrorItem:
    """Something that went wrong with a file: the error's stable code, a plain sentence, the page from 1."""

    code: str
    message: str
    page: int | None = None


@dataclass(frozen=True, slots=True)
class ModelIdentity:
    """Which model read: `calibration` names the operating point, ending in `estimated` until it is certified."""

    name: str
    version: str
    sha256: str
    calibration: str


@dataclass(frozen=True, slots=True)
class SourceResult:
    """One file with its forms, errors and provenance; becomes one JSON.

    Attributes:
        status: never ACCEPTED while `errors` is non-empty.
        fingerprint: hash of model, calibration, templates and settings; the same fingerprint reads the same.
        started: ISO 8601 with time zone.
    """

    status: ResultStatus
    source_id: str
    source_names: tuple[str, ...]
    media_type: MediaType
    source_bytes: int
    pages: tuple[PageFacts, ...]
    documents: tuple[DocumentResult, ...]
    errors: tuple[ErrorItem, ...]
    fingerprint: str
    model: ModelIdentity
    started: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Correction:
    """A person's answer to a field in review. The machine's value is kept for good beside it."""

    item_id: str
    machine_value: str | None
    human_value: str | None
    reviewer: str
    keyed_at: str
