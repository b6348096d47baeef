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
        held_out: samples of documents that never train.
        judging: samples that prove a challenger, suspected ones too, since where the model in service is surely wrong
            the challenger is to show it: those held out, and those that the model in service has not learnt from.
        suspects: of both.
        checked: samples whose label was looked at.
        items: the settled fields by id.
        version: identity of the training set.
    """

    settled: int
    aligned: int
    training: tuple[Sample, ...]
    held_out: tuple[Sample, ...]
    judging: tuple[Sample, ...]
    suspects: tuple[Suspect, ...]
    checked: int
    items: Mapping[str, ReviewItem]
    version: str

    def items_of(self, samples: Sequence[Sample]) -> tuple[ReviewItem, ...]:
        """The fields that samples are of."""
        named = {sample.item_id for sample in samples}
        return tuple(item for item in self.items.values() if item.id in named)


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
    learnt: str = "",
) -> Gathered:
    """Bring the training set in line with the queue, check its labels, and write down the version that comes of it.

    Args:
        recognizer: of the model in service; helps to cut the digits, and doubts the labels.
        learn_from: names of forms; samples of all others are removed.
        trusts_labels: learn suspected labels as well, since somebody has looked at them.
        learnt: training set of the model in service, `data_fingerprint` of its bundle.
    """
    items = settled_items(queue, learn_from)
    _bring_up_to_date(items, queue, training_set, recognizer)
    samples = training_set.samples()
    suspects = _suspects(samples, recognizer)
    doubtful = frozenset[str]() if trusts_labels else frozenset(suspect.sample.id for suspect in suspects)
    training = tuple(s for s in samples if not s.is_held_out and s.id not in doubtful)
    held_out = tuple(s for s in samples if s.is_held_out)
    by_id = {item.id: item for item in items}
    known = _forms_before(training_set.made_at(learnt), samples, by_id)
    return Gathered(
        settled=len(items),
        aligned=len({sample.item_id for sample in samples}),
        training=training,
        held_out=held_out,
        judging=tuple(s for s in samples if s.is_held_out or s.form not in known),
        suspects=suspects,
        checked=len(samples),
        items=by_id,
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


def _forms_before(
    moment: str | None, samples: Sequence[Sample], items: Mapping[str, ReviewItem]
) -> frozenset[tuple[str, int]]:
    """Documents that the model in service, or one before it, may have learnt from: they were in the queue by then.

    Which samples a version holds would not tell: a field that is answered anew has new ones.
    """
    return frozenset(s.form for s in samples if moment is not None and items[s.item_id].created_at <= moment)


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
