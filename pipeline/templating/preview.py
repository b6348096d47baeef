"""A template drawn over a scan: whether the page is recognised, and whether the fields lie where people wrote."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from pipeline.document import FieldRegion, FormTemplate, Page, Registration, RegistrationStatus
from pipeline.stages.locate import locate_fields, polygon_of
from pipeline.stages.register import register_page
from pipeline.storage.marked_page import Caption, Colour, Mark, draw_marked_page

COMB_COLOUR: Colour = (31, 111, 235)
LINE_COLOUR: Colour = (130, 80, 223)
"""RGB, blue and violet: neither is the colour of a decision, and both are told from black ink."""


@dataclass(frozen=True)
class Preview:
    """A page with the fields of a template drawn in.

    Attributes:
        picture: (h, w, 3) uint8 BGR.
        registration: how the page lies on the template; no field is drawn when it failed.
    """

    picture: NDArray[np.uint8]
    registration: Registration
    field_count: int


def preview_page(page: Page, template: FormTemplate, name: str) -> Preview:
    """Draw every field of a template with its name, kind and cells, as it would be cut out of this page.

    Args:
        name: of the scan, for the caption.
    """
    registration = register_page(page, [template])
    regions = locate_fields(page, registration)
    form = template.identity.name
    title = f"{form} on {name} · page {page.number}"
    notes: tuple[str, ...] = ()
    if registration.status is RegistrationStatus.OK:
        title += f" · recognised with {registration.score:.2f}, anchors {registration.residual_px:.2f} px off"
    else:
        notes = (f"not recognised as {form} (score {registration.score:.2f}): see docs/templates.md",)
    legend = (("cells", COMB_COLOUR), ("free lines", LINE_COLOUR))
    picture = draw_marked_page(page.gray, [_mark(region) for region in regions], Caption(title, legend, notes))
    return Preview(picture, registration, len(regions))


def _mark(region: FieldRegion) -> Mark:
    spec = region.spec
    shown = f"{spec.name} · {spec.kind.value}" + (f" · {spec.cells} cells" if spec.cells else "")
    cells = tuple(polygon_of(cell, region.region_to_page) for cell in region.cells)
    return Mark(region.polygon_px, shown, COMB_COLOUR if cells else LINE_COLOUR, cells)
