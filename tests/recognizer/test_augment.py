import multiprocessing

import numpy as np
import pytest

from recognizer.augment import bend, rescan, scan_view
from recognizer.dataset import UNKNOWN_WRITER, DigitSet
from recognizer.epochs import EpochPlan, compose_epoch, draw_pen_digits, epochs_ahead
from recognizer.not_a_digit import HELD_OUT_KINDS, TRAINING_KINDS, draw_non_digits
from recognizer.readings import NOT_A_DIGIT


@pytest.fixture(scope="module")
def drawn():
    return draw_pen_digits(600, np.random.default_rng(1))


@pytest.fixture(scope="module")
def handwriting(drawn):
    images, labels = drawn
    return DigitSet("drawn", images[:100], labels[:100], np.full(100, UNKNOWN_WRITER, np.int32))


def test_bending_without_strength_changes_nothing(drawn):
    images, _ = drawn
    assert np.abs(bend(images, np.random.default_rng(0), 0.0).astype(int) - images).max() <= 1


def test_bending_moves_every_image_on_its_own(drawn):
    same = np.repeat(drawn[0][:1], 600, axis=0)
    bent = bend(same, np.random.default_rng(0))
    assert len(np.unique(bent.reshape(600, -1), axis=0)) == 600
    # No ink comes over from the neighbours in the stack.
    assert bent.astype(int).sum(axis=(1, 2)).max() < 2 * same[0].astype(int).sum()


@pytest.mark.parametrize("vary", [bend, rescan], ids=["bend", "rescan"])
def test_variation_follows_the_seed_and_leaves_its_input_alone(drawn, vary):
    images = drawn[0][:40].copy()
    first, second = (vary(images, np.random.default_rng(7)) for _ in range(2))
    assert np.array_equal(first, second)
    assert np.array_equal(images, drawn[0][:40])
    assert first.shape == images.shape


def test_rescanned_digits_still_look_like_themselves(drawn):
    images = drawn[0][:300]
    redrawn = rescan(images, np.random.default_rng(2), clutter=0)
    alike = [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(images, redrawn, strict=True)]
    assert np.median(alike) > 0.75
    assert redrawn.reshape(300, -1).any(axis=1).all()


@pytest.mark.parametrize(
    "image", [np.zeros((28, 28), np.uint8), np.full((28, 28), 255, np.uint8)], ids=["blank", "full"]
)
def test_scanning_survives_images_that_are_no_digit(image):
    for seed in range(30):
        assert scan_view(image, np.random.default_rng(seed), image[None], clutter=5).dtype == np.uint8


@pytest.mark.parametrize("kind", [*TRAINING_KINDS, *HELD_OUT_KINDS])
def test_every_kind_of_non_digit_is_drawn_normalised_and_varied(drawn, kind):
    makers = {**TRAINING_KINDS, **HELD_OUT_KINDS}
    images = draw_non_digits(20, np.random.default_rng(3), drawn[0], {kind: makers[kind]})
    assert images.shape == (20, 28, 28)
    assert len(np.unique(images.reshape(20, -1), axis=0)) > 5


def test_held_out_kinds_are_not_trained_on():
    assert not set(TRAINING_KINDS) & set(HELD_OUT_KINDS)


def test_an_epoch_holds_the_mixture_that_was_asked_for(handwriting):
    plan = EpochPlan(epochs=2, seed=1, pen_part=0.3, non_digit_part=0.5)
    images, labels = compose_epoch(handwriting, plan, 0)
    assert len(images) == len(labels) == plan.length(100) == 180
    assert (labels == NOT_A_DIGIT).sum() == 50


def test_epochs_differ_from_each_other_but_not_between_runs(handwriting):
    plan = EpochPlan(epochs=3, seed=1)
    first, again, second = (compose_epoch(handwriting, plan, epoch) for epoch in (0, 0, 1))
    assert np.array_equal(first[0], again[0])
    assert not np.array_equal(first[0], second[0])


def test_without_augmentation_handwriting_is_used_as_it_is(handwriting):
    images, labels = compose_epoch(handwriting, EpochPlan(1, 1, augment=False, pen_part=0, non_digit_part=0), 0)
    assert sorted(image.tobytes() for image in images) == sorted(image.tobytes() for image in handwriting.images)
    assert sorted(labels) == sorted(handwriting.labels)


def test_epochs_of_the_second_process_are_the_same(handwriting):
    plan = EpochPlan(epochs=3, seed=4)
    composed = list(epochs_ahead(handwriting, plan, first=1))
    assert len(composed) == 2
    for epoch, (images, labels) in enumerate(composed, start=1):
        expected_images, expected_labels = compose_epoch(handwriting, plan, epoch)
        assert np.array_equal(images, expected_images)
        assert np.array_equal(labels, expected_labels)


def test_the_second_process_ends_when_its_epochs_are_not_wanted(handwriting):
    epochs = epochs_ahead(handwriting, EpochPlan(epochs=50, seed=4), first=0)
    next(epochs)
    epochs.close()
    assert not multiprocessing.active_children()
