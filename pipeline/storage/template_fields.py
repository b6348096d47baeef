"""The fields of a template file, key by key. What is wrong is noted with its line, and reading goes on."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from pipeline.document import Cents, FieldKind, FieldSpec, RectMm
from pipeline.storage.template_rules import LoadedRules, country_code, load_field_rules
from pipeline.storage.yaml_places import Otherwise, Place, Read

MAX_CELLS = 100
"""More characters than a line of any form holds."""

MAX_PAGES = 100

OFF_PAGE_MM = 0.5
"""A region measured by hand on a field at the very edge may be out by as much."""

DATE_ORDERS = ("DMY", "MDY", "YMD")

FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")

OPTIONAL_FIELD_KEYS = (
    "page",
    "region_mm",
    "region",
    "cells",
    "length",
    "required",
    "country",
    "date_order",
    "cents",
    "threshold",
    "max_error",
    "rules",
)

MAX_ERROR = 0.99
"""A budget of 1 would accept everything; a misplaced percentage is likelier."""

KEYS_OF_ONE_KIND = {"country": FieldKind.POSTAL_CODE, "date_order": FieldKind.DATE, "cents": FieldKind.AMOUNT}

Lines = dict[tuple[str, str], int]
"""Line of a key of a field, by the names of both; of the field itself under the key ""."""


@dataclass(frozen=True, slots=True)
class LoadedFields:
    """Fields of a form.

    Attributes:
        fields: those that are right.
        names: of all fields, wrong ones too.
        rule_files: content of the files that rules name.
        lines: where everything stands.
    """

    fields: tuple[FieldSpec, ...]
    names: tuple[str, ...]
    rule_files: tuple[bytes, ...]
    lines: Lines


def load_fields(place: Place, page_size: tuple[float, float] | None, page_count: int | None) -> LoadedFields:
    """Fields in the order of the file.

    Args:
        page_size: width and height in millimetres; None when unknown, regions are then taken as they are.
        page_count: None when unknown.

    Raises:
        TemplateError: no list, or an empty one.
    """
    fields: dict[str, FieldSpec | None] = {}
    rule_files: list[bytes] = []
    lines: Lines = {}
    items = tuple(place.items())
    for item in items:
        before = len(item.problems)
        keys = item.attempt(lambda item: item.keys(("name", "kind"), OPTIONAL_FIELD_KEYS), None)
        if keys is None:
            continue
        name = _read(keys, "name", _field_name, None)
        rules = _read(keys, "rules", load_field_rules, LoadedRules(()))
        field = _field(item, keys, name, rules, page_size, page_count)
        rule_files += rules.files
        if name is None:
            continue
        if name in fields:
            item.note(f"there are two fields named {name}")
            continue
        fields[name] = field if len(item.problems) == before else None
        lines |= {(name, key): value.line for key, value in keys.items()} | {(name, ""): item.line}
    if not items:
        place.fail("at least one field is needed")
    whole = tuple(field for field in fields.values() if field is not None)
    return LoadedFields(whole, tuple(fields), tuple(rule_files), lines)


def _read(keys: dict[str, Place], key: str, read: Callable[[Place], Read], otherwise: Otherwise) -> Read | Otherwise:
    """What `read` makes of a key; `otherwise` when it is not given or not right."""
    return keys[key].attempt(read, otherwise) if key in keys else otherwise


def _field(
    place: Place,
    keys: dict[str, Place],
    name: str | None,
    rules: LoadedRules,
    page_size: tuple[float, float] | None,
    page_count: int | None,
) -> FieldSpec | None:
    """One field; None when its name, kind or region is not right."""
    kind = _read(keys, "kind", lambda kind: FieldKind(kind.one_of([kind.value for kind in FieldKind])), None)
    for key, only_kind in KEYS_OF_ONE_KIND.items():
        if key in keys and kind not in (None, only_kind):
            keys[key].note(f"{key} is for fields of the kind {only_kind.value} only")
    cells = _read(keys, "cells", lambda cells: cells.whole(1, MAX_CELLS), None)
    length = _read(keys, "length", lambda length: length.whole(1, MAX_CELLS), None)
    if cells is not None and length is not None and length > cells:
        keys["length"].note(f"{length} digits do not fit into {cells} cells")
    page = _read(keys, "page", lambda page: page.whole(1, MAX_PAGES), 1)
    if page_count is not None and page > page_count:
        keys.get("page", place).note(f"there is no reference picture for page {page}")
    region = place.attempt(lambda place: _region(place, keys, page_size), None)
    required = _read(keys, "required", Place.truth, False)
    country = _read(keys, "country", country_code, None)
    cents = _read(keys, "cents", lambda word: word.one_of([word.value for word in Cents]), None)
    date_order = _read(keys, "date_order", lambda order: order.one_of(DATE_ORDERS), DATE_ORDERS[0])
    threshold = _read(keys, "threshold", lambda threshold: threshold.number(above=0, at_most=1), None)
    if name is None or kind is None or region is None:
        return None
    return FieldSpec(
        name=name,
        kind=kind,
        region_mm=region,
        page=page,
        cells=cells,
        length=length,
        required=required,
        rules=rules.rules,
        country=country,
        date_order=date_order,
        cents=Cents(cents) if cents is not None else None,
        threshold=threshold,
        max_error=_read(keys, "max_error", error_budget, None),
    )


def error_budget(place: Place) -> float:
    """A share of wrong values among the accepted.

    Raises:
        TemplateError: no number above 0 and up to `MAX_ERROR`.
    """
    return place.number(above=0, at_most=MAX_ERROR)


def load_budgets(place: Place) -> dict[FieldKind, float]:
    """Error budgets by kind of field.

    Raises:
        TemplateError: no mapping, a key that is no kind, or a value that is no budget.
    """
    return {FieldKind(kind): error_budget(share) for kind, share in place.mapping((), tuple(FieldKind)).items()}


def _field_name(place: Place) -> str:
    name = place.text()
    if not FIELD_NAME.fullmatch(name):
        place.fail(f"{name} is no field name: a letter, then letters, digits, _ and -, 64 at most")
    return name


def _region(field: Place, keys: dict[str, Place], page_size: tuple[float, float] | None) -> RectMm:
    given = [name for name in ("region_mm", "region") if name in keys]
    if len(given) != 1:
        field.fail("one region is needed: region_mm in millimetres, or region in fractions of the page")
    place = keys[given[0]]
    across, down = page_size if page_size is not None and given == ["region"] else (1.0, 1.0)
    sides = place.mapping(("left", "top", "width", "height"))
    rect = RectMm(
        left=sides["left"].number() * across,
        top=sides["top"].number() * down,
        width=sides["width"].number(above=0) * across,
        height=sides["height"].number(above=0) * down,
    )
    if page_size is not None and not _is_on_page(rect, page_size):
        place.fail(f"the region is not on the page, which is {page_size[0]:g} x {page_size[1]:g} mm")
    return rect


def _is_on_page(rect: RectMm, page_size: tuple[float, float]) -> bool:
    return (
        min(rect.left, rect.top) >= -OFF_PAGE_MM
        and rect.left + rect.width <= page_size[0] + OFF_PAGE_MM
        and rect.top + rect.height <= page_size[1] + OFF_PAGE_MM
    )
