"""Form templates: YAML files, checked to the last key before a batch starts. Every error names file and line."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from pipeline.document import FieldKind, FieldSpec, FormTemplate, TemplateIdentity
from pipeline.errors import SourceError, TemplateError
from pipeline.storage.intake import take_in
from pipeline.storage.scans import open_pages
from pipeline.storage.template_fields import Lines, load_budgets, load_fields
from pipeline.storage.template_rules import load_cross_rules, read_beside
from pipeline.storage.yaml_places import Place, parse_yaml
from recognizer.readings import GrayImage

SUFFIXES = (".yaml", ".yml")

MAX_PAGE_MM = 2000.0

SHAPE_WITHIN = 0.03
"""How far the shape of a reference picture may be from that of the page: a scanner's cut margin, not another paper."""


@dataclass(frozen=True)
class Inspection:
    """A template file, read as far as it can be.

    Attributes:
        template: what could be made of it; None when a part without which there is no form is not right.
        problems: everything that is wrong, in the order it was met; a template with any is refused.
        lines: where every key of every field stands, by the names of both; keys of the form under the field "", a field
            itself under the key "".
    """

    template: FormTemplate | None
    problems: tuple[TemplateError, ...]
    lines: Mapping[tuple[str, str], int] = field(default_factory=dict)


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
            raise TemplateError(f"the name {name} is taken by {first[name]}", path, 1)
        first[name] = path
    return templates


def load_template(path: Path) -> FormTemplate:
    """One template with its reference pictures.

    Raises:
        TemplateError: a file is missing, or something in it is wrong; names file and line.
    """
    inspection = inspect_template(path)
    if inspection.template is None or inspection.problems:
        raise inspection.problems[0]
    return inspection.template


def inspect_template(path: Path) -> Inspection:
    """Read a template as far as it can be read, and name everything that is wrong with it."""
    try:
        content = path.read_bytes()
        root = parse_yaml(path, content)
    except OSError as error:
        return Inspection(None, (TemplateError(f"cannot read the template: {error.strerror}", path),))
    except TemplateError as error:
        return Inspection(None, (error,))
    whole = root.attempt(lambda root: _template(root, content), None)
    template, lines = whole if whole is not None else (None, {})
    return Inspection(template, tuple(root.problems), lines)


def _template(root: Place, content: bytes) -> tuple[FormTemplate | None, Lines]:
    """The template, None when one of its parts is missing or not right at all; and where its fields stand."""
    keys = root.keys(("name", "version", "page", "reference", "fields"), ("rules", "max_error"))
    page_size = keys["page"].attempt(_page_size, None) if "page" in keys else None
    references, reference_files = _references(keys["reference"], page_size) if "reference" in keys else ((), [])
    fields = (
        keys["fields"].attempt(lambda place: load_fields(place, page_size, len(references) or None), None)
        if "fields" in keys
        else None
    )
    if fields is None:
        return None, {}
    lines = fields.lines | {("", key): place.line for key, place in keys.items()}
    names = fields.names
    cross_rules = keys["rules"].attempt(lambda rules: load_cross_rules(rules, names), ()) if "rules" in keys else ()
    name, version = (keys[key].attempt(Place.text, None) if key in keys else None for key in ("name", "version"))
    if page_size is None or name is None or version is None or not references or not fields.fields:
        return None, lines
    budgets = keys["max_error"].attempt(load_budgets, {}) if "max_error" in keys else {}
    identity = TemplateIdentity(name, version, _hash_of([content, *reference_files, *fields.rule_files]))
    specs = tuple(_with_budget(spec, budgets) for spec in fields.fields)
    return FormTemplate(identity, page_size, specs, references, cross_rules), lines


def _with_budget(spec: FieldSpec, budgets: Mapping[FieldKind, float]) -> FieldSpec:
    """A field's own budget wins over that of its kind."""
    return spec if spec.max_error is not None else replace(spec, max_error=budgets.get(spec.kind))


def _hash_of(files: list[bytes]) -> str:
    """Hash over the files' hashes, so that no two divisions of the same bytes agree."""
    return hashlib.sha256(b"".join(hashlib.sha256(content).digest() for content in files)).hexdigest()


def _page_size(place: Place) -> tuple[float, float]:
    keys = place.mapping(("width_mm", "height_mm"))
    return (
        keys["width_mm"].number(above=0, at_most=MAX_PAGE_MM),
        keys["height_mm"].number(above=0, at_most=MAX_PAGE_MM),
    )


def _references(place: Place, page_size: tuple[float, float] | None) -> tuple[tuple[GrayImage, ...], list[bytes]]:
    """Pictures of the blank form in page order, and the content of their files; none when one is not right."""
    names = list(place.items()) if place.is_list else [place]
    if not names:
        place.note("at least one reference picture is needed")
    pages = [name.attempt(lambda name: (read_beside(name), _pictures(name, page_size)), None) for name in names]
    right = [page for page in pages if page is not None]
    if len(right) < len(pages):
        return (), []
    return tuple(picture for _, pictures in right for picture in pictures), [content for content, _ in right]


def _pictures(name: Place, page_size: tuple[float, float] | None) -> list[GrayImage]:
    try:
        pictures = [page.gray for page in open_pages(take_in(name.file.parent / name.text()))]
    except SourceError as error:
        name.fail(f"the reference picture {name.text()} {error}")
    for picture in pictures:
        height, width = picture.shape
        if page_size is not None and abs(width / height / (page_size[0] / page_size[1]) - 1) > SHAPE_WITHIN:
            name.fail(
                f"the reference picture {name.text()} has {width} x {height} pixels, another shape than the page of "
                f"{page_size[0]:g} x {page_size[1]:g} mm"
            )
    return pictures
