"""Results as a batch makes them, small enough to read in a test."""

from __future__ import annotations

import numpy as np

from pipeline.document import (
    Alternative,
    Box,
    CharacterReading,
    Decision,
    DocumentResult,
    FieldKind,
    FieldReading,
    MediaType,
    ModelIdentity,
    RegistrationStatus,
    ResultStatus,
    SourceResult,
    TemplateIdentity,
)

SURVEY = TemplateIdentity("survey", "1", "0" * 64)
CORNERS = ((10.0, 20.0), (110.0, 20.0), (110.0, 50.0), (10.0, 50.0))


def reading(name="postal_code", value="01234", kind=FieldKind.POSTAL_CODE, decision=Decision.REVIEW):
    characters = tuple(
        CharacterReading(char, 0.9, Box(10 + 20 * i, 22, 28 + 20 * i, 48)) for i, char in enumerate(value or "")
    )
    return FieldReading(
        name, kind, 1, CORNERS, value, value, 0.8, 0.97, decision, ("low_confidence",),
        (Alternative("07234", 0.1),), characters,
    )  # fmt: skip


def result(*readings, source="a" * 64, names=("inbox/a.pdf",), fingerprint="one", template=SURVEY):
    document = DocumentResult(
        1, (1,), ResultStatus.NEEDS_REVIEW, template, RegistrationStatus.OK, 0.5, readings or (reading(),)
    )
    return SourceResult(
        ResultStatus.NEEDS_REVIEW, source, names, MediaType.PDF, 99, (), (document,), (), fingerprint,
        ModelIdentity("m", "1", "0" * 64, "estimated"), "2026-01-01T00:00:00+00:00", 0.1,
    )  # fmt: skip


def crop(shade=0):
    image = np.full((30, 100), 255, np.uint8)
    image[10:20, 10:90] = shade
    return image
