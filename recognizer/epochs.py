"""What the network sees in one epoch: handwriting varied anew, our own pen's digits, and things that are no digit."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

import cv2
import numpy as np

from recognizer.augment import ImageStack, bend, rescan
from recognizer.dataset import DigitSet, IntArray
from recognizer.normalize import normalize_digits
from recognizer.not_a_digit import draw_non_digits
from recognizer.pen import draw_digit, random_hand
from recognizer.readings import DIGIT_COUNT, NOT_A_DIGIT

_DIGITS_A_HAND = 10
_ECCENTRICITY = 0.2
"""Rare shapes are drawn oftener than people write them, or they would hardly be learnt."""
_VARIED_NON_DIGITS = 0.8
"""Share of the non-digits that are bent or scanned; the others stay as they were drawn."""
_CALMER_FROM = 0.7
_CALMER_STRENGTH = 0.65
"""The last 30 % of the epochs bend less, so that the network ends on shapes as people write them."""


@dataclass(frozen=True, slots=True)
class EpochPlan:
    """How an epoch is mixed.

    Attributes:
        epochs: of the whole run.
        seed: of the whole run; epoch e of two runs with the same seed is the same.
        augment: bend and rescan handwriting; otherwise it is used as it is.
        rescan_part: share of the handwriting that is redrawn at scan size.
        pen_part: pen-drawn digits, as a share of the handwriting.
        non_digit_part: non-digits, as a share of the handwriting; 0 for networks without the eleventh class.
    """

    epochs: int
    seed: int
    augment: bool = True
    rescan_part: float = 0.5
    pen_part: float = 0.2
    non_digit_part: float = 0.25

    def length(self, digits: int) -> int:
        """Images in an epoch of so many digits of handwriting."""
        return digits + round(self.pen_part * digits) + round(self.non_digit_part * digits)


def compose_epoch(digits: DigitSet, plan: EpochPlan, epoch: int) -> tuple[ImageStack, IntArray]:
    """Images and labels of one epoch, shuffled.

    Args:
        digits: handwriting to train on.
        plan: the mixture.
        epoch: from 0.

    Returns:
        (N, 28, 28) uint8 and (N,) int32, 10 for 'not one digit'.
    """
    rng = np.random.default_rng((plan.seed, epoch))
    strength = 1.0 if epoch < _CALMER_FROM * plan.epochs else _CALMER_STRENGTH
    images, labels = digits.images, digits.labels
    if plan.augment:
        images = _varied(digits.images, rng, strength, plan.rescan_part)
    pen_images, pen_labels = draw_pen_digits(round(plan.pen_part * len(digits)), rng)
    if plan.augment:
        pen_images = _varied(pen_images, rng, 0.5 * strength, plan.rescan_part)
    others = draw_non_digits(round(plan.non_digit_part * len(digits)), rng, digits.images)
    if plan.augment and len(others):
        # As drawn, bent and scanned: a network that sees them in one state only tells them by that, not by their shape.
        is_varied = rng.random(len(others)) < _VARIED_NON_DIGITS
        others[is_varied] = _varied(others[is_varied], rng, 0.5 * strength, plan.rescan_part)
    everything = np.concatenate([images, pen_images, others])
    classes = np.concatenate([labels, pen_labels, np.full(len(others), NOT_A_DIGIT, np.int32)])
    order = rng.permutation(len(classes))
    return everything[order], classes[order]


def draw_pen_digits(count: int, rng: np.random.Generator) -> tuple[ImageStack, IntArray]:
    """Digits of our own pen in many hands, normalised: (count, 28, 28) uint8 and (count,) int32."""
    labels = rng.integers(DIGIT_COUNT, size=count).astype(np.int32)
    inks = []
    for place, label in enumerate(labels):
        if place % _DIGITS_A_HAND == 0:
            hand = random_hand(rng, eccentricity=_ECCENTRICITY)
        inks.append(draw_digit(int(label), hand, rng, height_px=float(rng.uniform(18, 56))))
    return normalize_digits(inks), labels


def _varied(images: ImageStack, rng: np.random.Generator, strength: float, rescan_part: float) -> ImageStack:
    if not len(images):
        return images
    varied = bend(images, rng, strength)
    chosen = rng.random(len(images)) < rescan_part
    varied[chosen] = rescan(varied[chosen], rng, images)
    return varied


# --- one epoch ahead -----------------------------------------------------------------------------


def epochs_ahead(digits: DigitSet, plan: EpochPlan, first: int) -> Iterator[tuple[ImageStack, IntArray]]:
    """Epochs `first` to the last, each composed by a second process while the one before is trained on.

    Raises:
        ChildProcessError: the second process ended, for want of memory perhaps.
    """
    # Forking after TensorFlow has started its threads may hang; a spawned process imports no TensorFlow.
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe()
    worker = context.Process(target=_compose_on_request, args=(there,), daemon=True)
    worker.start()
    there.close()
    try:
        here.send((digits, plan))
        for epoch in range(first, plan.epochs):
            if epoch == first:
                here.send(epoch)
            composed = here.recv()
            if epoch + 1 < plan.epochs:
                here.send(epoch + 1)
            yield composed
    except (EOFError, BrokenPipeError):
        raise ChildProcessError("the process that composes training images ended; is memory short?") from None
    finally:
        here.close()
        worker.join(timeout=1)
        if worker.is_alive():
            worker.terminate()
            worker.join()


def _compose_on_request(requests: Connection) -> None:
    """Body of the second process: the closed pipe ends it, also when the first process was killed."""
    cv2.setNumThreads(1)
    try:
        digits, plan = requests.recv()
        while True:
            requests.send(compose_epoch(digits, plan, requests.recv()))
    except (EOFError, BrokenPipeError):
        return
