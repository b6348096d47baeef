"""The vocabulary: what flows from a file to its result. Plain frozen records; none of them knows how to save itself.

Coordinates: page pixels as scanned, origin top left, x to the right, y down; arrays index [row, column].
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from recognizer.readings import GrayImage, InkImage

FloatMatrix = NDArray[np.float64]
Point = tuple[float, float]
Polygon = tuple[Point, Point, Point, Point]
"""Corners of a field as (x, y): top left, top right, bottom right, bottom left, as the field is read."""

SURE_LEAD = 5.0
"""Log odds beyond which it no longer matters how much likelier one place of a field is than another."""


@dataclass(frozen=True, slots=True)
class Box:
    """Upright rectangle, half-open: columns left..right-1, rows top..bottom-1."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def width(self) -> int:
        return self.right - self.left

    @property
    def height(self) -> int:
        return self.bottom - self.top

    @property
    def area(self) -> int:
        return max(0, self.width) * max(0, self.height)

    def shifted(self, dx: int, dy: int) -> Box:
        return Box(self.left + dx, self.top + dy, self.right + dx, self.bottom + dy)

    def clipped(self, width: int, height: int) -> Box:
        """The part inside an image of this size; may be empty."""
        left, top = min(max(self.left, 0), width), min(max(self.top, 0), height)
        return Box(left, top, max(left, min(self.right, width)), max(top, min(self.bottom, height)))

    def union(self, other: Box) -> Box:
        return Box(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def intersection_area(self, other: Box) -> int:
        width = min(self.right, other.right) - max(self.left, other.left)
        height = min(self.bottom, other.bottom) - max(self.top, other.top)
        return max(0, width) * max(0, height)

    def iou(self, other: Box) -> float:
        """Intersection over union, 0 for two empty boxes."""
        shared = self.intersection_area(other)
        whole = self.area + other.area - shared
        return shared / whole if whole else 0.0


# --- what comes in -------------------------------------------------------------------------------


class MediaType(StrEnum):
    """Formats told apart by magic bytes."""

    PDF = "application/pdf"
    TIFF = "image/tiff"
    PNG = "image/png"
    JPEG = "image/jpeg"
    BMP = "image/bmp"
    WEBP = "image/webp"
    GIF = "image/gif"
    PNM = "image/x-portable-anymap"
    UNKNOWN = "application/octet-stream"


class OpenBytes(Protocol):
    """Bytes that stay in their file until somebody decodes them."""

    descriptor: int

    def __len__(self) -> int: ...
    def is_unchanged(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Source:
    """One file.

    Attributes:
        id: SHA-256 of the bytes, hexadecimal.
        names: every path under which this content was seen, as given.
        media_type: by magic bytes, never by name.
        content: the bytes themselves, or the open file that holds them.
    """

    id: str
    names: tuple[str, ...]
    media_type: MediaType
    content: bytes | OpenBytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Page:
    """One page as scanned.

    Attributes:
        number: from 1, its place in the file.
        gray: (H, W) uint8, dark ink on light paper.
        dpi: resolution, from header, PDF matrix or page size; a guess when `is_dpi_doubtful`.
        renderers_differ: a second PDF engine was asked, and shows another page.
    """

    number: int
    gray: GrayImage = field(repr=False)
    dpi: float
    is_dpi_doubtful: bool = False
    renderers_differ: bool = False


# --- what a form promises ------------------------------------------------------------------------


class FieldKind(StrEnum):
    """Grammar under which a field is read."""

    DIGITS = "digits"
    POSTAL_CODE = "postal_code"
    AMOUNT = "amount"
    DATE = "date"
    ACCOUNT = "account"


class Cents(StrEnum):
    """What a form promises about the cents of an amount."""

    IMPLIED = "implied"
    """The last two digits are cents, with or without a mark before them: the rule in combs."""
    AS_WRITTEN = "as_written"
    """There are cents where a decimal mark, a fraction or raised digits show them: the rule on free lines."""
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class RectMm:
    """Rectangle on the form, millimetres from its top left corner."""

    left: float
    top: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class RuleSpec:
    """A check named in a template, with its parameters (`range`: min and max; `regex`: pattern; ...)."""

    name: str
    parameters: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """What the form, or the caller of `read`, promises about one field.

    Attributes:
        region_mm: where it is on the form; None for a field found without a template or cut out beforehand.
        page: page of the form it is on, from 1.
        cells: number of comb cells; None for a free line.
        length: number of digits when fixed; None when any. Combs with `cells` may hold fewer digits than cells.
        country: ISO 3166 alpha-2 code that picks the grammar of a postal code; None for any.
        date_order: order of day, month and year in a date.
        cents: where the cents of an amount are; None for the rule of its kind of field, see `Cents`.
        threshold: confidence asked instead of the operating point's.
        max_error: error budget of this field, instead of the caller's.
    """

    name: str
    kind: FieldKind
    region_mm: RectMm | None = None
    page: int = 1
    cells: int | None = None
    length: int | None = None
    required: bool = False
    rules: tuple[RuleSpec, ...] = ()
    country: str | None = None
    date_order: str = "DMY"
    threshold: float | None = None
    max_error: float | None = None
    cents: Cents | None = None


@dataclass(frozen=True, slots=True)
class TemplateIdentity:
    """Which template, for results: `sha256` is of the template file and its reference images."""

    name: str
    version: str
    sha256: str


@dataclass(frozen=True)
class FormTemplate:
    """Definition of one form.

    Attributes:
        page_size_mm: width and height.
        fields: in the order of the file.
        references: one (H, W) uint8 picture of the blank form a page, in page order, each covering the whole page.
        cross_rules: checks over several fields (`sum`, `equal`).
    """

    identity: TemplateIdentity
    page_size_mm: tuple[float, float]
    fields: tuple[FieldSpec, ...]
    references: tuple[GrayImage, ...] = field(repr=False)
    cross_rules: tuple[RuleSpec, ...] = ()

    @cached_property
    def page_count(self) -> int:
        return len(self.references)


# --- on the way ----------------------------------------------------------------------------------


class RegistrationStatus(StrEnum):
    """Whether a page was recognised as a form; not needed without templates."""

    OK = "ok"
    FAILED = "failed"
    NOT_NEEDED = "not_needed"


@dataclass(frozen=True)
class Registration:
    """How a page lies on a template.

    Attributes:
        template: the form this page is; None without a template or when none fits.
        template_page: page of the form, from 1.
        mm_to_page: (3, 3) float64, form millimetres (x, y, 1) to page pixels as scanned.
        residual_px: robust mean distance between matched and predicted anchor places, page pixels; None unless OK.
        score: how well the printed form is found again, 0 to 1.
        rotation_deg: quarter turns of the form on the page as scanned, clockwise: 0, 90, 180 or 270.
        skew_deg: what is left beyond the quarter turn, clockwise positive.
        anchors: where each anchor was expected by the fit, and where it was found, page pixels; empty unless OK.
    """

    status: RegistrationStatus
    template: FormTemplate | None = None
    template_page: int = 1
    mm_to_page: FloatMatrix | None = field(default=None, repr=False)
    residual_px: float | None = None
    score: float = 0.0
    rotation_deg: int = 0
    skew_deg: float = 0.0
    anchors: tuple[tuple[Point, Point], ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Placing:
    """How sure it is that a region shows its field whole and nothing else; a template's word is sure.

    Attributes:
        lead: of this way to see a picture before the next one that reads otherwise, log odds, at most `SURE_LEAD`.
        left_out: share of the ink in its row that looks like digits and is not in the region.
    """

    lead: float = SURE_LEAD
    left_out: float = 0.0


@dataclass(frozen=True, eq=False)
class FieldPrint:
    """What the blank form shows where a comb is.

    Attributes:
        ink: (h, w) bool, all that is printed.
        odd_walls: (h, w) bool, walls printed otherwise than the rest of the comb, such as the bold one before the
            cents; None where there are none.
    """

    ink: NDArray[np.bool_]
    odd_walls: NDArray[np.bool_] | None = None


@dataclass(frozen=True)
class FieldRegion:
    """One field, cut upright out of its page with a margin round it.

    Attributes:
        spec: what is known about the field.
        page: page number in the file, from 1.
        image: (h, w) uint8 dark on light, upright, margin included, about `px_per_mm` pixels a millimetre.
        region_to_page: (3, 3) float64, region pixels (x, y, 1) to page pixels as scanned.
        polygon_px: corners of the field itself, without the margin, in page pixels.
        inner: the field itself in region pixels; what lies outside is margin.
        cells: expected comb cells in region pixels, left to right; empty for a free line.
        background: (h, w) uint8 what the blank form shows here, aligned to `image`; None when unknown.
        placing: how surely this is the place.
        printed: the print of a comb's background, where it was worked out for the form once; None else.
    """

    spec: FieldSpec
    page: int
    image: GrayImage = field(repr=False)
    region_to_page: FloatMatrix = field(repr=False)
    polygon_px: Polygon
    inner: Box
    cells: tuple[Box, ...] = ()
    px_per_mm: float = 300 / 25.4
    background: GrayImage | None = field(default=None, repr=False)
    placing: Placing = Placing()
    printed: FieldPrint | None = field(default=None, repr=False)


@dataclass(frozen=True)
class DigitCrop:
    """Ink that may be one digit.

    Attributes:
        ink: (h, w) uint8, ink bright on zero, tight round the ink.
        box: where it lies in the region, region pixels.
        first, last: it covers the primitives (or comb cells) first..last-1 of its field.
    """

    ink: InkImage = field(repr=False)
    box: Box
    first: int
    last: int


# --- what comes out ------------------------------------------------------------------------------


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
