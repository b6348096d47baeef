"""What a form is to the generator: its size, its fields, how it is printed, and the template that describes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from sample_docs.generator.paper import ColorImage, Sheet

REFERENCE_DPI = 150
"""Resolution of a template's picture of the blank form: captions are legible, an A4 page stays under 150 kB."""

_REFERENCE_STEP = 17
"""Grey levels of the reference are multiples of it: sixteen are enough for registration and halve the file."""


@dataclass(frozen=True)
class FieldDesign:
    """One field to be filled in by hand; lengths in millimetres on the form.

    Attributes:
        kind: grammar of the field, as in templates.
        cells: comb cells of equal pitch inside the region; None for a free line.
        options: further keys of the template (length, required, rules, country, date_order).
    """

    name: str
    kind: str
    left: float
    top: float
    width: float
    height: float
    cells: int | None = None
    options: Mapping[str, object] = field(default_factory=dict)

    def cell_edges(self) -> tuple[float, ...]:
        """Left edges of the cells and the right edge of the last."""
        count = self.cells or 1
        return tuple(self.left + self.width * i / count for i in range(count + 1))


@dataclass(frozen=True)
class ChoiceDesign:
    """Tick boxes of which a person marks one: centres in millimetres, and the box's side."""

    centres: tuple[tuple[float, float], ...]
    side: float = 3.6


@dataclass(frozen=True)
class ScrawlDesign:
    """Where a person writes words or signs: left end of the baseline, length and height of small letters, mm."""

    left: float
    baseline: float
    length: float
    height: float = 2.4


@dataclass(frozen=True)
class FormDesign:
    """One form.

    Attributes:
        print_on: prints everything that is not handwritten.
        choices, scrawls: what is marked and written by hand beside the fields, for looks.
    """

    name: str
    version: str
    width_mm: float
    height_mm: float
    fields: tuple[FieldDesign, ...]
    print_on: Callable[[Sheet], None]
    choices: tuple[ChoiceDesign, ...] = ()
    scrawls: tuple[ScrawlDesign, ...] = ()
    note: str = ""


def blank_form(design: FormDesign, dpi: int) -> ColorImage:
    """(H, W, 3) uint8 picture of the form as printed, nothing written on it. Do not alter it: it is kept."""
    return _printed(design.name, design.print_on, design.width_mm, design.height_mm, dpi)


@lru_cache(maxsize=6)
def _printed(name: str, print_on: Callable[[Sheet], None], width: float, height: float, dpi: int) -> ColorImage:
    sheet = Sheet(width, height, dpi)
    print_on(sheet)
    picture = sheet.picture()
    picture.setflags(write=False)
    return picture


def reference_picture(design: FormDesign) -> NDArray[np.uint8]:
    """(H, W) uint8 picture of the blank form for its template."""
    gray = cv2.cvtColor(blank_form(design, REFERENCE_DPI), cv2.COLOR_RGB2GRAY).astype(np.float64)
    return np.asarray(np.round(gray / _REFERENCE_STEP) * _REFERENCE_STEP, np.uint8)


def template_text(design: FormDesign) -> str:
    """The template file (YAML) that describes the form."""
    fields: list[dict[str, object]] = []
    for item in design.fields:
        region = {"left": item.left, "top": item.top, "width": item.width, "height": item.height}
        entry: dict[str, object] = {"name": item.name, "kind": item.kind, "region_mm": region}
        if item.cells is not None:
            entry["cells"] = item.cells
        fields.append({**entry, **item.options})
    content: dict[str, object] = {
        "name": design.name,
        "version": design.version,
        "page": {"width_mm": design.width_mm, "height_mm": design.height_mm},
        "reference": f"{design.name}.png",
        "fields": fields,
    }
    comment = f"# {design.note}\n" if design.note else ""
    return comment + yaml.safe_dump(content, sort_keys=False, default_flow_style=None, width=110)
