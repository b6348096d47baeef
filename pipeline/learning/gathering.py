"""From settled fields to the training set: what may be learnt, what it was cut from, and what looks like a mistake."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.learning.label_check import suspected
from pipeline.learning.labelling import label_digits
from pipeline.storage.review_item import ItemState, ReviewItem
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.training_set import TrainingSet
from pipeline.summary import NO_TEMPLATE
from pipeline.training_sample import Sample, digits_of_samples, samples_of
from recognizer.readings import DIGIT_COUNT, Recognizer

ALL_FORMS = "*"


@dataclass(frozen=True)
class Suspect:
    """A label that is probably a mistake.

    Attributes:
        read_as: the digit that the model in service is sure of instead, and how sure.
    """

    sample: Sample
    read_as: int
    confidence: float


@dataclass(frozen=True)
class Gathered:
    """What the queue has to teach.

    Attributes:
        settled: confirmed and corrected fields of the forms that may be learnt from.
        aligned: those whose picture gave labelled digits.
        training: samples to learn from, without the suspected ones.
        held_out: samples that judge, from other documents; all of them, since where the model in service is surely
            wrong the challenger is to show it.
        suspects: of both.
        checked: samples whose label was looked at.
        items: the settled fields by id.
        version: identity of the training set.
    """

    settled: int
    aligned: int
    training: tuple[Sample, ...]
    held_out: tuple[Sample, ...]
    suspects: tuple[Suspect, ...]
    checked: int
    items: Mapping[str, ReviewItem]
    version: str

    @property
    def held_out_items(self) -> tuple[ReviewItem, ...]:
        """The fields that the judging samples are of."""
        judging = {sample.item_id for sample in self.held_out}
        return tuple(item for item in self.items.values() if item.id in judging)


def settled_items(queue: ReviewQueue, learn_from: Sequence[str]) -> tuple[ReviewItem, ...]:
    """Fields that people settled with a value, on forms that may be learnt from.

    Args:
        learn_from: names of forms; `*` for all.
    """
    states = (ItemState.CONFIRMED, ItemState.CORRECTED)
    return tuple(item for state in states for item in queue.list_items(state) if is_allowed(item.template, learn_from))


def is_allowed(template: str | None, learn_from: Sequence[str]) -> bool:
    """Whether the fields of a form may be learnt from."""
    return ALL_FORMS in learn_from or (template or NO_TEMPLATE) in learn_from


def gather(
    queue: ReviewQueue,
    training_set: TrainingSet,
    recognizer: Recognizer,
    learn_from: Sequence[str],
    trusts_labels: bool = False,
) -> Gathered:
    """Bring the training set in line with the queue, check its labels, and write down the version that comes of it.

    Args:
        recognizer: of the model in service; helps to cut the digits, and doubts the labels.
        learn_from: names of forms; samples of all others are removed.
        trusts_labels: learn suspected labels as well, since somebody has looked at them.
    """
    items = settled_items(queue, learn_from)
    _bring_up_to_date(items, queue, training_set, recognizer)
    samples = training_set.samples()
    suspects = _suspects(samples, recognizer)
    doubtful = frozenset[str]() if trusts_labels else frozenset(suspect.sample.id for suspect in suspects)
    training = tuple(s for s in samples if not s.is_held_out and s.id not in doubtful)
    held_out = tuple(s for s in samples if s.is_held_out)
    return Gathered(
        settled=len(items),
        aligned=len({sample.item_id for sample in samples}),
        training=training,
        held_out=held_out,
        suspects=suspects,
        checked=len(samples),
        items={item.id: item for item in items},
        version=training_set.freeze((*training, *held_out)),
    )


def _bring_up_to_date(
    items: Sequence[ReviewItem], queue: ReviewQueue, training_set: TrainingSet, recognizer: Recognizer
) -> None:
    """Cut what was settled since, one picture in memory at a time; remove what is no longer allowed or answered."""
    known = training_set.answers()
    training_set.remove(known.keys() - {item.id for item in items})
    for item in items:
        if known.get(item.id) != item.keyed_at:
            picture = queue.crop(item.id)
            digits = label_digits(item, picture, recognizer) if picture is not None else ()
            if digits or item.id in known:
                training_set.replace(item.id, samples_of(item, digits))


def _suspects(samples: Sequence[Sample], recognizer: Recognizer) -> tuple[Suspect, ...]:
    if not samples:
        return ()
    crops, labels = digits_of_samples(samples)
    probabilities = recognizer.read_digits(crops).probabilities
    digits = probabilities[:, :DIGIT_COUNT]
    return tuple(
        Suspect(samples[row], int(digits[row].argmax()), float(digits[row].max()))
        for row in np.flatnonzero(suspected(probabilities, labels)).tolist()
    )
