"""What speaks for a way to see a picture of one field."""

from __future__ import annotations

import numpy as np
import pytest

from pipeline.document import Box, FieldKind, FieldSpec
from pipeline.stages.blobs import Blob
from pipeline.stages.crop_choice import (
    MAX_READ,
    WEIGHTS,
    BlobFacts,
    CropView,
    features_of,
    score_view,
    worth_reading,
)
from pipeline.stages.crop_spans import Span
from pipeline.stages.field_crop import whole_picture
from recognizer.readings import NOT_A_DIGIT
from tests.stages.scripted import row

DIGITS, DATE = FieldSpec("crop", FieldKind.DIGITS), FieldSpec("crop", FieldKind.DATE)
PICTURE = np.full((60, 300), 230, np.uint8)
BLOBS = tuple(Blob(i + 1, Box(10 + 40 * i, 15, 32 + 40 * i, 45), 300) for i in range(6))
FACTS = BlobFacts(
    {blob.label: i for i, blob in enumerate(BLOBS)},
    (),
    np.array([6.0, 6, 4, 4, 4, 4]),
    np.array([150.0, 150, 90, 90, 90, 90]),
)
CAPTION_OF_TWO = np.stack([row(NOT_A_DIGIT), row(NOT_A_DIGIT), *(row(3) for _ in range(4))])
"""What the digit network says: two letters, then four digits; the letters are printed bold."""


def view_from(first: int, last: int = 6) -> CropView:
    span = Span(0, BLOBS[first:last], BLOBS[:first], BLOBS[last:], 18.0, False, False, False, False, 18.0)
    return CropView(whole_picture(PICTURE, DIGITS), span)


def place(view: CropView) -> float:
    return score_view(features_of(view, [("3333", -0.3)], DIGITS, FACTS, CAPTION_OF_TWO))


def test_leaving_print_out_counts_for_a_view_and_leaving_digits_out_against_it() -> None:
    assert place(view_from(2)) > place(view_from(0))
    assert place(view_from(2)) > place(view_from(3))
    assert place(view_from(2)) > place(view_from(2, 5))


def test_a_surer_reading_counts_for_a_view() -> None:
    sure, unsure = (
        features_of(view_from(2), [("3333", score), ("333", -9.0)], DIGITS, FACTS, CAPTION_OF_TWO)
        for score in (-0.1, -6.0)
    )
    assert score_view(sure) > score_view(unsure)


@pytest.mark.parametrize(
    ("spec", "text", "fits"),
    [
        (DATE, "13072012", 1.0),
        (DATE, "130720121", 0.0),
        (FieldSpec("crop", FieldKind.DIGITS, length=4), "3333", 1.0),
        (FieldSpec("crop", FieldKind.DIGITS, length=4), "33331", 0.0),
        (DIGITS, "", 0.0),
    ],
    ids=["date", "no date", "length", "other length", "nothing"],
)
def test_what_the_caller_promised_is_looked_at(spec: FieldSpec, text: str, fits: float) -> None:
    assert features_of(view_from(2), [(text, -0.5)], spec, FACTS, CAPTION_OF_TWO)["fits"] == fits


def test_nothing_read_is_as_bad_as_the_worst_reading() -> None:
    assert features_of(view_from(2), [], DIGITS, FACTS, CAPTION_OF_TWO)["digits"] == 0.0


def test_every_weight_belongs_to_some_evidence() -> None:
    whole = features_of(CropView(whole_picture(PICTURE, DIGITS)), [], DIGITS, FACTS, CAPTION_OF_TWO)
    comb = features_of(CropView(whole_picture(PICTURE, DIGITS), is_comb=True), [], DIGITS, FACTS, CAPTION_OF_TWO)
    span = features_of(view_from(2), [], DIGITS, FACTS, CAPTION_OF_TWO)
    assert set(WEIGHTS) <= {*whole, *comb, *span}


def test_few_views_are_read_and_a_comb_always() -> None:
    views = [*(view_from(first) for first in range(6)), CropView(whole_picture(PICTURE, DIGITS), is_comb=True)]
    kept = worth_reading(views, DIGITS, FACTS, CAPTION_OF_TWO)
    assert len(kept) <= MAX_READ + 1
    assert kept[-1].is_comb
    assert any(view is views[2] for view in kept)


def test_ink_of_the_same_pen_is_not_left_out() -> None:
    one_pen = BlobFacts(FACTS.numbers, (), np.full(6, 4.0), np.full(6, 90.0))

    def gain(facts: BlobFacts) -> float:
        with_all, without_two = (
            score_view(features_of(view_from(first), [("3333", -0.3)], DIGITS, facts, CAPTION_OF_TWO))
            for first in (0, 2)
        )
        return without_two - with_all

    assert gain(FACTS) > gain(one_pen)
