"""From a page to its fields, ready to be read: how it lies, where they are, whether its picture may be trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np

from pipeline.document import (
    Decision,
    ErrorItem,
    FieldKind,
    FieldReading,
    FieldRegion,
    FieldSpec,
    FormTemplate,
    Page,
    PageFacts,
    Reason,
    Registration,
    RegistrationStatus,
)
from pipeline.page_stream import sound_pages
from pipeline.stage_clock import StageClock
from pipeline.stages.locate import find_fields, locate_fields
from pipeline.stages.plane import angle_deg
from pipeline.stages.quality import QualityOptions, find_flaws, measure_quality
from pipeline.stages.register import register_page
from pipeline.stages.segment import Segmentation, segment_field
from recognizer.readings import GrayImage

THUMBNAIL_PX = 1600
"""Longer side of the page picture that a person sees of a page without a template."""


@dataclass(frozen=True)
class PageFields:
    """One page on its way: how it lies, and its fields ready to be read.

    `unplaced` are the fields of a page that fits no template or shows no box: they wait for a person, with `thumbnail`
    to key from. `doubts` keep every field of the page from being accepted.
    """

    facts: PageFacts
    registration: Registration
    fields: tuple[Segmentation, ...]
    doubts: tuple[Reason, ...] = ()
    unplaced: tuple[FieldReading, ...] = ()
    thumbnail: GrayImage | None = field(default=None, repr=False)


def prepare_pages(
    pages: Iterable[Page],
    templates: Sequence[FormTemplate],
    quality: QualityOptions,
    errors: list[ErrorItem],
    on_page: Callable[[int], None] | None,
    clock: StageClock,
) -> Iterator[PageFields]:
    """Register pages and cut their fields, one by one as they are asked for.

    Args:
        pages: see `page_stream.sound_pages`.
        errors: where damage is noted.
        on_page: told the number of every page when it is ready.
        clock: told how long `register`, `segment` and `quality` take.
    """
    for page in sound_pages(pages, lambda e: errors.append(ErrorItem(e.code, str(e), e.page))):
        with clock.stage("register"):
            registration = register_page(page, templates)
        with clock.stage("segment"):
            regions = _regions(page, registration)
            fields = tuple(segment_field(region) for region in regions)
        with clock.stage("quality"):
            flaws = find_flaws(measure_quality(page, registration), quality)
        facts = PageFacts(
            number=page.number,
            width_px=page.gray.shape[1],
            height_px=page.gray.shape[0],
            dpi=page.dpi,
            rotation_deg=_rotation_deg(regions, registration),
            skew_deg=registration.skew_deg,
            flaws=tuple(map(str, flaws)),
        )
        doubts = (Reason.IMAGE_QUALITY,) * bool(facts.flaws) + (Reason.RENDERERS_DIFFER,) * page.renderers_differ
        if on_page is not None:
            on_page(page.number)
        # A page that fits no form, or shows no box to read, is never passed over in silence.
        is_lost = not fields and (registration.status is not RegistrationStatus.OK)
        unplaced = _unplaced(facts, templates) if is_lost else ()
        yield PageFields(facts, registration, fields, doubts, unplaced, _thumbnail(page.gray) if is_lost else None)


def _regions(page: Page, registration: Registration) -> tuple[FieldRegion, ...]:
    if registration.status is RegistrationStatus.OK:
        return locate_fields(page, registration)
    return find_fields(page) if registration.status is RegistrationStatus.NOT_NEEDED else ()


def _rotation_deg(regions: Sequence[FieldRegion], registration: Registration) -> int:
    """Quarter turns of the page: of its form, or without a template as the boxes found on it lie; 0 without any."""
    if registration.status is not RegistrationStatus.NOT_NEEDED or not regions:
        return registration.rotation_deg
    return round(angle_deg(regions[0].region_to_page) / 90) * 90 % 360


def _unplaced(facts: PageFacts, templates: Sequence[FormTemplate]) -> tuple[FieldReading, ...]:
    """What a person must key from a page where nothing was found: its fields when only one form can be meant."""
    width, height = float(facts.width_px), float(facts.height_px)
    specs = templates[0].fields if len(templates) == 1 else (FieldSpec(f"p{facts.number}", FieldKind.DIGITS),)
    return tuple(
        FieldReading(
            name=spec.name,
            kind=spec.kind,
            page=facts.number,
            polygon_px=((0.0, 0.0), (width, 0.0), (width, height), (0.0, height)),
            value=None,
            raw=None,
            confidence=0.0,
            threshold=1.0,
            decision=Decision.REVIEW,
            reasons=(str(Reason.REGISTRATION_FAILED),),
        )
        for spec in specs
    )


def _thumbnail(gray: GrayImage) -> GrayImage:
    scale = min(1.0, THUMBNAIL_PX / max(gray.shape))
    return np.asarray(cv2.resize(gray, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
