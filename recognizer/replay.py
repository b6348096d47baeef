"""What a challenger must not forget: digits of its parent's own kind, with what the parent makes of them.

A challenger learns to give its parent's very logits on known digits, doubts included, instead of being told the right
digit anew. Having learnt a four drawn as an arrow, of 5,920 digits of unseen writers it then lost 9 and
gained 2; with the parent's probabilities as targets 17 and 5.

Source: Buzzega et al. 2020, Dark experience for general continual learning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from recognizer.augment import ImageStack, bend
from recognizer.dataset import UNKNOWN_WRITER, DigitSet, load_mnist, split_by_writer
from recognizer.epochs import EpochPlan, compose_epoch, draw_pen_digits
from recognizer.export import master_logits
from recognizer.readings import CLASS_COUNT, FloatArray

SHARES = (1.0, 0.75, 0.5, 0.35, 0.25, 0.15)
"""How far a challenger may go from its parent, see `mixed`."""
MOST_LOST = 0.00025
"""Share of the kept digits that a challenger may lose: half of what the gate grants, on digits that choose nothing."""
_NON_DIGITS = 0.25
_KEPT_BENT = 0.8


@dataclass(frozen=True)
class Replay:
    """Known digits.

    Attributes:
        images: (N, 28, 28) uint8, digits and things that are none, varied as in the parent's training.
        logits: (N, classes) float32, what the parent makes of them.
        kept: digits that are never replayed, bent; they say how far a challenger may go, and check its export.
        are_right: (M,) whether the parent reads each of the kept ones right.
    """

    images: ImageStack
    logits: FloatArray
    kept: DigitSet
    are_right: NDArray[np.bool_]


def draw_replay(parent: keras.Model, replayed: int, kept: int, data: Path | None, seed: int) -> Replay:
    """Known digits for the challengers of one parent.

    Args:
        parent: network of the parent.
        replayed, kept: number of digits.
        data: folder with `mnist.npz`; None: digits drawn by our own pen.
        seed: of everything random.

    Raises:
        DatasetError: MNIST is damaged.
    """
    rng = np.random.default_rng(seed)
    known = _known_digits(replayed + kept, data, rng)
    replayed = min(replayed, len(known) - min(kept, len(known) // 2))
    non_digits = _NON_DIGITS if parent.output_shape[-1] == CLASS_COUNT else 0.0
    images, _ = compose_epoch(known.take(np.arange(replayed)), EpochPlan(1, seed, non_digit_part=non_digits), 0)
    # As they are, too: what a network makes of varied digits does not hold its doubts about plain ones.
    images = np.concatenate([images, known.images[: replayed // 2]])
    # The parent learnt these, too, and hardly forgets them as they are; bent, they are to it what others' digits are.
    rest = known.take(np.arange(replayed, len(known)))
    rest = replace(rest, images=bend(rest.images, rng, _KEPT_BENT))
    return Replay(images, master_logits(parent, images), rest, _are_right(parent, rest))


def _known_digits(count: int, data: Path | None, rng: np.random.Generator) -> DigitSet:
    if data is not None:
        training, _ = split_by_writer(load_mnist(data)[0])
        return training.take(rng.permutation(len(training))[:count])
    images, labels = draw_pen_digits(count, rng)
    return DigitSet("our own pen", images, labels, np.full(count, UNKNOWN_WRITER, np.int32))


def _are_right(model: keras.Model, digits: DigitSet) -> NDArray[np.bool_]:
    return np.asarray(master_logits(model, digits.images).argmax(axis=1) == digits.labels, np.bool_)


def likeness_loss(weight: float) -> Callable[[keras.KerasTensor, keras.KerasTensor], keras.KerasTensor]:
    """Loss of a batch of labelled and known digits.

    Args:
        weight: of the known ones.

    Returns:
        Function of targets (N, classes + 1) and logits (N, classes): cross entropy where a target's last number is 0,
        the other ones being probabilities; where it is 1, the mean square by which the logits miss them.
    """

    def loss(targets: keras.KerasTensor, logits: keras.KerasTensor) -> keras.KerasTensor:
        wanted, is_known = targets[:, :-1], targets[:, -1]
        keyed = keras.ops.categorical_crossentropy(wanted, logits, from_logits=True)
        known = keras.ops.mean(keras.ops.square(logits - wanted), axis=1)
        return (1 - is_known) * keyed + weight * is_known * known

    return loss


def mixed(model: keras.Model, parent: keras.Model, replay: Replay, shares: Iterable[float] = SHARES) -> float:
    """Move a challenger back towards its parent until it has forgotten next to nothing of the kept digits.

    Args:
        model: the challenger; its weights become the mean of both networks', weighted by the share returned.
        parent: of the same shape.
        shares: how far it may go, largest first; the last one is taken when all of them lose too much.

    Returns:
        The share of the way from the parent that is kept.

    Source: Wortsman et al. 2022, Robust fine-tuning of zero-shot models.
    """
    far, near = model.get_weights(), parent.get_weights()
    for share in shares:
        model.set_weights([before + share * (after - before) for before, after in zip(near, far, strict=True)])
        lost = int(replay.are_right.sum()) - int(_are_right(model, replay.kept).sum())
        if lost <= MOST_LOST * len(replay.kept):
            break
    return share
