"""What retraining gains on a shifted source, what it costs elsewhere, and whether a poisoned batch gets through.

`python -m benchmarks.learning shifted`: envelope digits (USPS), which no shipped network learnt from. Combs of five
from the first half of the set are read; the 500 least sure of them are keyed and learnt from. Figures are of the second
half.
`python -m benchmarks.learning poisoned`: the same batch with 20 and 30 % of the digits keyed wrong.
`python -m benchmarks.learning labels`: the same batch with 2 % of them keyed wrong; how many does the label check find?
`python -m benchmarks.learning style`: 100 combs by fresh hands of our pen whose fours nobody writes; figures are of 500
other such combs.
Several may be named at once. With `--without-mnist` rounds go as for somebody who has no `mnist.npz`: what is known is
drawn by our pen, and so is the benchmark of the gate. MNIST's test part then still tells what was lost.
"""

from __future__ import annotations

import argparse
import os
import shutil
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.drawn.corrections import (
    FORM,
    WrittenField,
    mistyped,
    odd_hand,
    read_written,
    settle,
    written_fields,
)
from benchmarks.machine import describe_machine
from pipeline.document import FieldReading
from pipeline.learning.gathering import gather
from pipeline.learning.report import report_text
from pipeline.learning.retraining import RetrainingOptions
from pipeline.learning.round import Round, retraining_round
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.training_set import TrainingSet
from recognizer.augment import ImageStack
from recognizer.bundle import open_bundle
from recognizer.comparison import Comparison
from recognizer.dataset import arrays_of, load_digits, load_mnist
from recognizer.model_store import champion
from recognizer.normalize import normalize_digits
from recognizer.proportions import wilson_interval
from recognizer.reader import FieldRecognizer, load_recognizer

CORRECTIONS = 500
SEED = 7
STYLE_FIELDS, STYLE_UNSEEN = 100, 500
NEED_BATCH = frozenset({"shifted", "poisoned", "labels"})

Fields = list[WrittenField]
Readings = list[FieldReading]


@dataclass(frozen=True)
class Start:
    """What a measurement starts from.

    Attributes:
        out: folder for its queues, models and pages.
        data: folder of the data sets, to measure on.
        known: the same, for rounds to learn known digits from and to judge by; None to draw them.
        champion: reads with the model in service.
    """

    out: Path
    data: Path
    known: Path | None
    champion: FieldRecognizer


def main() -> None:
    """Run the measurements named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("what", nargs="+", choices=[*NEED_BATCH, "style"])
    parser.add_argument("--without-mnist", action="store_true", help="known digits and the gate's benchmark are drawn")
    parser.add_argument("--out", type=Path, help="folder to keep queues, models and pages in")
    chosen = parser.parse_args()
    data = Path(os.environ["FIELDREADER_DATA"])
    out = chosen.out or Path(tempfile.mkdtemp())
    print(describe_machine())
    recognizer = load_recognizer(champion(None), "cpu")
    measures = {"shifted": measure_shifted, "poisoned": measure_poisoned, "labels": measure_labels}
    fields, readings = batch(data, recognizer) if not NEED_BATCH.isdisjoint(chosen.what) else ([], [])
    for what in chosen.what:
        print(f"# {what}", flush=True)
        start = Start(out / what, data, None if chosen.without_mnist else data, recognizer)
        if what == "style":
            measure_style(start)
        else:
            measures[what](start, fields, readings)


def batch(data: Path, recognizer: FieldRecognizer) -> tuple[Fields, Readings]:
    """The fields of the first half that a person would most likely see: those read with the least confidence."""
    arrays = arrays_of(data / "real" / "digits_usps.npz", ("x", "y"))
    half = len(arrays["y"]) // 2
    fields = written_fields(list(arrays["x"][:half]), arrays["y"][:half], SEED)
    readings = read_written(fields, recognizer)
    rows = np.argsort([reading.confidence for reading in readings], kind="stable")[:CORRECTIONS]
    wrong = sum(readings[row].value != fields[row].value for row in rows)
    print(f"{len(fields)} fields read; of the {len(rows)} least sure {wrong} are read wrong")
    return [fields[row] for row in rows], [readings[row] for row in rows]


def learn(
    out: Path, known: Path | None, fields: Fields, readings: Readings, keyed: list[str], trusts_labels: bool = False
) -> Round:
    """A round of retraining in a folder of its own."""
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    url = f"sqlite:///{out}/fieldreader.db"
    with ReviewQueue.open(url) as queue:
        settle(queue, fields, readings, keyed)
    asked = RetrainingOptions(learn_from=(FORM,), data=known, trusts_labels=trusts_labels)
    begun = time.process_time()
    done = retraining_round(url, out / "models", out / "retraining", asked)
    print(report_text(done.report))
    print(f"{time.process_time() - begun:.0f} processor seconds; page: {done.page}\n", flush=True)
    return done


def measure_shifted(start: Start, fields: Fields, readings: Readings) -> None:
    """What 500 keyed fields of another source are worth."""
    learn(start.out, start.known, fields, readings, [field.value for field in fields])
    usps = load_digits(start.data / "real" / "digits_usps.npz", "USPS")
    unseen = usps.take(np.arange(len(usps) // 2, len(usps)))
    after = challenger_of(start)
    print_both("USPS, second half", unseen.images, unseen.labels, start.champion, after)
    print_mnist(start, after)


def measure_style(start: Start) -> None:
    """What 100 keyed fields of a way to write are worth that no network here learnt."""
    fields = written_fields(*odd_hand(STYLE_FIELDS, SEED), SEED)
    readings = read_written(fields, start.champion)
    learn(start.out, start.known, fields, readings, [field.value for field in fields], trusts_labels=True)
    after = challenger_of(start)
    inks, labels = odd_hand(STYLE_UNSEEN, SEED + 1)
    images = normalize_digits(inks)
    for name, rows in (("odd fours", labels == 4), ("other digits of those hands", labels != 4)):
        print_both(name, images[rows], labels[rows].astype(np.int32), start.champion, after)
    print_mnist(start, after)


def challenger_of(start: Start) -> FieldRecognizer:
    """What the round has trained, promoted or not."""
    return load_recognizer(open_bundle(start.out / "models" / "fine-tuned-1"), "cpu")


def print_mnist(start: Start, after: FieldRecognizer) -> None:
    """What was lost of what was known."""
    test = load_mnist(start.data)[1]
    print_both("MNIST test", test.images, test.labels, start.champion, after)


def print_both(
    name: str, images: ImageStack, labels: NDArray[np.int32], before: FieldRecognizer, after: FieldRecognizer
) -> None:
    """Errors of two models on digits that neither learnt from, with 95 % intervals."""
    one = Comparison(labels, *(reader.read_normalized(images).probabilities for reader in (before, after)))
    wrong = one.n - one.champion_right, one.n - one.challenger_right
    spans = " -> ".join(
        f"{100 * count / one.n:.2f} % ({100 * low:.2f}-{100 * high:.2f})"
        for count in wrong
        for low, high in [wilson_interval(count, one.n)]
    )
    errors = " -> ".join(f"{error:.4f}" for error in one.calibration_errors)
    print(f"{name}, n = {one.n}: wrong {wrong[0]} -> {wrong[1]}, {spans}; calibration error {errors}", flush=True)


def measure_poisoned(start: Start, fields: Fields, readings: Readings) -> None:
    """Whether wrong labels get a model into service: by the label check, and by the gate alone."""
    for share in (0.2, 0.3):
        keyed, wrong = mistyped([field.value for field in fields], share, SEED)
        print(f"## {share:.0%} of the digits keyed wrong ({wrong})")
        learn(start.out / f"{share}", start.known, fields, readings, keyed)
        print("## the same, every label trusted: the gate alone")
        learn(start.out / f"{share}-trusted", start.known, fields, readings, keyed, trusts_labels=True)


def measure_labels(start: Start, fields: Fields, readings: Readings) -> None:
    """How many of 2 % wrong labels the label check finds."""
    shutil.rmtree(start.out, ignore_errors=True)
    start.out.mkdir(parents=True)
    keyed, wrong = mistyped([field.value for field in fields], 0.02, SEED)
    truth = {f"{field.name}.png": field.value for field in fields}
    url = f"sqlite:///{start.out}/labels.db"
    with ReviewQueue.open(url) as queue, TrainingSet.open(url) as training_set:
        settle(queue, fields, readings, keyed)
        found = gather(queue, training_set, start.champion, [FORM])
        samples = training_set.samples()
    names = {identity: item.source_names[0] for identity, item in found.items.items()}
    bad = {s.id for s in samples if int(truth[names[s.item_id]][s.position]) != s.digit}
    caught = {suspect.sample.id for suspect in found.suspects}
    print(f"{wrong} of {5 * len(fields)} digits keyed wrong; {len(bad)} of them among the {len(samples)} that were cut")
    right = len(samples) - len(bad)
    print(f"found {len(bad & caught)} of {len(bad)}; suspected {len(caught - bad)} of {right} right ones")


if __name__ == "__main__":
    main()
