"""Form templates: YAML files, checked to the last key before a batch starts. Every error names file and line."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from pipeline.document import FieldKind, FieldSpec, FormTemplate, RectMm, TemplateIdentity
from pipeline.errors import SourceError, TemplateError
from pipeline.storage.intake import take_in
from pipeline.storage.scans import open_pages
from pipeline.storage.template_rules import country_code, load_cross_rules, load_field_rules, read_beside
from pipeline.storage.yaml_places import Place, parse_yaml
from recognizer.readings import GrayImage

SUFFIXES = (".yaml", ".yml")

MAX_CELLS = 100
"""More characters than a line of any form holds."""

MAX_PAGES = 100
MAX_PAGE_MM = 2000.0

OFF_PAGE_MM = 0.5
"""A region measured by hand on a field at the very edge may be out by as much."""

SHAPE_WITHIN = 0.03
"""How far the shape of a reference picture may be from that of the page: a scanner's cut margin, not another paper."""

DATE_ORDERS = ("DMY", "MDY", "YMD")

FIELD_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,63}")


def load_templates(folder: Path) -> tuple[FormTemplate, ...]:
    """Every template in a folder, by file name; sub-folders are not entered.

    Raises:
        TemplateError: no folder, no template in it, a template that is wrong, or two of one name.
    """
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix in SUFFIXES and not path.name.startswith("."))
    except OSError as error:
        raise TemplateError(f"cannot list the templates in {folder}: {error.strerror}") from error
    if not files:
        raise TemplateError(f"{folder} holds no template (*.yaml)")
    templates = tuple(load_template(path) for path in files)
    first: dict[str, Path] = {}
    for path, template in zip(files, templates, strict=True):
        name = template.identity.name
        if name in first:
            raise TemplateError(f"{path}:1: the name {name} is taken by {first[name]}")
        first[name] = path
    return templates


def load_template(path: Path) -> FormTemplate:
    """One template with its reference pictures.

    Raises:
        TemplateError: a file is missing, or something in it is wrong; names file and line.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise TemplateError(f"cannot read the template {path}: {error.strerror}") from error
    root = parse_yaml(path, content)
    keys = root.mapping(("name", "version", "page", "reference", "fields"), ("rules",))
    page_size = _page_size(keys["page"])
    references, reference_files = _references(keys["reference"], page_size)
    fields, rule_files = _fields(keys["fields"], page_size, len(references))
    cross_rules = load_cross_rules(keys["rules"], [field.name for field in fields]) if "rules" in keys else ()
    identity = TemplateIdentity(
        name=keys["name"].text(),
        version=keys["version"].text(),
        sha256=_hash_of([content, *reference_files, *rule_files]),
    )
    return FormTemplate(identity, page_size, fields, references, cross_rules)


def _hash_of(files: list[bytes]) -> str:
    """Hash over the files' hashes, so that no two divisions of the same bytes agree."""
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in files)).hexdigest()


def _page_size(place: Place) -> tuple[float, float]:
    keys = place.mapping(("width_mm", "height_mm"))
    return (
        keys["width_mm"].number(above=0, at_most=MAX_PAGE_MM),
        keys["height_mm"].number(above=0, at_most=MAX_PAGE_MM),
    )


def _references(place: Place, page_size: tuple[float, float]) -> tuple[tuple[GrayImage, ...], list[bytes]]:
    """Pictures of the blank form in page order, and the content of their files."""
    names = list(place.items()) if place.is_list else [place]
    if not names:
        place.fail("at least one reference picture is needed")
    files = [read_beside(name) for name in names]
    return tuple(picture for name in names for picture in _pictures(name, page_size)), files


def _pictures(name: Place, page_size: tuple[float, float]) -> list[GrayImage]:
    try:
        pictures = [page.gray for page in open_pages(take_in(name.file.parent / name.text()))]
    except SourceError as error:
        name.fail(f"the reference picture {name.text()} {error}")
    for picture in pictures:
        height, width = picture.shape
        stretch = (width / height) / (page_size[0] / page_size[1])
        if abs(stretch - 1) > SHAPE_WITHIN:
            name.fail(
                f"the reference picture {name.text()} has {width} x {height} pixels, another shape than the page of "
                f"{page_size[0]:g} x {page_size[1]:g} mm"
            )
    return pictures


def _fields(place: Place, page_size: tuple[float, float], page_count: int) -> tuple[tuple[FieldSpec, ...], list[bytes]]:
    fields: dict[str, FieldSpec] = {}
    rule_files: list[bytes] = []
    for item in place.items():
        field, files = _field(item, page_size, page_count)
        if field.name in fields:
            item.fail(f"there are two fields named {field.name}")
        fields[field.name] = field
        rule_files += files
    if not fields:
        place.fail("at least one field is needed")
    return tuple(fields.values()), rule_files


def _field(place: Place, page_size: tuple[float, float], page_count: int) -> tuple[FieldSpec, tuple[bytes, ...]]:
    keys = place.mapping(("name", "kind"), OPTIONAL_FIELD_KEYS)
    kind = FieldKind(keys["kind"].one_of([kind.value for kind in FieldKind]))
    for key, only_kind in KEYS_OF_ONE_KIND.items():
        if key in keys and kind is not only_kind:
            keys[key].fail(f"{key} is for fields of the kind {only_kind.value} only")
    rules = load_field_rules(keys["rules"]) if "rules" in keys else None
    cells = keys["cells"].whole(1, MAX_CELLS) if "cells" in keys else None
    length = keys["length"].whole(1, MAX_CELLS) if "length" in keys else None
    if cells is not None and length is not None and length > cells:
        keys["length"].fail(f"{length} digits do not fit into {cells} cells")
    page = keys["page"].whole(1, MAX_PAGES) if "page" in keys else 1
    if page > page_count:
        keys.get("page", place).fail(f"there is no reference picture for page {page}")
    field = FieldSpec(
        name=_field_name(keys["name"]),
        kind=kind,
        region_mm=_region(place, keys, page_size),
        page=page,
        cells=cells,
        length=length,
        required=keys["required"].truth() if "required" in keys else False,
        rules=rules.rules if rules else (),
        country=country_code(keys["country"]) if "country" in keys else None,
        date_order=keys["date_order"].one_of(DATE_ORDERS) if "date_order" in keys else DATE_ORDERS[0],
        threshold=keys["threshold"].number(above=0, at_most=1) if "threshold" in keys else None,
    )
    return field, rules.files if rules else ()


OPTIONAL_FIELD_KEYS = (
    "page",
    "region_mm",
    "region",
    "cells",
    "length",
    "required",
    "country",
    "date_order",
    "threshold",
    "rules",
)

KEYS_OF_ONE_KIND = {"country": FieldKind.POSTAL_CODE, "date_order": FieldKind.DATE}


def _field_name(place: Place) -> str:
    name = place.text()
    if not FIELD_NAME.fullmatch(name):
        place.fail(f"{name} is no field name: a letter, then letters, digits, _ and -, 64 at most")
    return name


def _region(field: Place, keys: dict[str, Place], page_size: tuple[float, float]) -> RectMm:
    given = [name for name in ("region_mm", "region") if name in keys]
    if len(given) != 1:
        field.fail("one region is needed: region_mm in millimetres, or region in fractions of the page")
    place = keys[given[0]]
    across, down = page_size if given == ["region"] else (1.0, 1.0)
    sides = place.mapping(("left", "top", "width", "height"))
    rect = RectMm(
        left=sides["left"].number() * across,
        top=sides["top"].number() * down,
        width=sides["width"].number(above=0) * across,
        height=sides["height"].number(above=0) * down,
    )
    is_on_page = (
        min(rect.left, rect.top) >= -OFF_PAGE_MM
        and rect.left + rect.width <= page_size[0] + OFF_PAGE_MM
        and rect.top + rect.height <= page_size[1] + OFF_PAGE_MM
    )
    if not is_on_page:
        place.fail(f"the region is not on the page, which is {page_size[0]:g} x {page_size[1]:g} mm")
    return rect
