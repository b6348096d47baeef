"""What a form promises: its fields, where they lie, and the rules that hold in and between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from recognizer.readings import GrayImage


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
