"""Speed of whole pages, from their pixels to JSON: an A4 form with 64 digits, and a cheque.

    python -m benchmarks.pages [--rounds 15] [--no-naive]

One process, one thread. Pages are drawn by seed and scanned at 300 dpi; each is read with its template and without any,
stage by stage as `pipeline.process` does it, in turns, so that what else runs on the machine slows all of them. Figures
are medians of the rounds, in milliseconds of processor time; the clock's stand beside the whole. The naive sequence is
Otsu's threshold, outer contours of the size of a digit, `resize(28, 28)` and one `keras predict` a page.
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import cv2
import numpy as np

from benchmarks.drawn.measured import MeasuredPage, cheque_page, form_page
from benchmarks.machine import describe_machine
from pipeline.assembly import PagesReading, file_status
from pipeline.confidence.operating_point import OperatingPoint, load_operating_point
from pipeline.document import FormTemplate, MediaType, ModelIdentity, SourceResult
from pipeline.process import ReadingOptions, read_pages
from pipeline.stages.decide import decide_field
from pipeline.stages.decode import decode_field
from pipeline.stages.locate import find_fields, locate_fields
from pipeline.stages.read import read_fields
from pipeline.stages.register import register_page
from pipeline.stages.segment import segment_field
from pipeline.storage.result_json import result_text
from recognizer.bundle import OPERATING_POINT, open_bundle
from recognizer.model_store import shipped_bundle
from recognizer.reader import load_recognizer
from recognizer.readings import DigitReadings, GrayImage, InkImage, Recognizer, StripReadings

STAGES = (
    "register",
    "locate",
    "erase, segment",
    "normalise, digit network",
    "strip network, lines",
    "strip network, combs",
    "decode",
    "decide",
    "JSON",
)
WHOLE, CLOCK = "whole", "whole, by the clock"
TUTORIAL_NETWORK = "tutorial-conv2-dense128"
DIGIT_HEIGHTS_MM = (2.0, 9.0)


@dataclass
class Stopwatch:
    """Processor milliseconds by stage, a list of rounds each."""

    rounds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))

    @contextmanager
    def timed(self, *stages: str) -> Iterator[None]:
        start, clock = time.process_time(), time.perf_counter()
        yield
        spent = {WHOLE: time.process_time() - start, CLOCK: time.perf_counter() - clock}
        for stage in stages:
            self.rounds[stage].append(1000 * spent.get(stage, spent[WHOLE]))

    def medians(self) -> Mapping[str, float]:
        return {stage: statistics.median(times) for stage, times in self.rounds.items()}


@dataclass(frozen=True)
class _TimedRecognizer:
    """A recogniser whose networks are timed apart."""

    recognizer: Recognizer
    watch: Stopwatch

    def read_digits(self, crops: Sequence[InkImage]) -> DigitReadings:
        with self.watch.timed("normalise, digit network"):
            return self.recognizer.read_digits(crops)

    def read_strips(self, strips: Sequence[GrayImage]) -> StripReadings:
        with self.watch.timed("strip network, lines"):
            return self.recognizer.read_strips(strips)

    def read_combs(self, pictures: Sequence[GrayImage]) -> StripReadings:
        with self.watch.timed("strip network, combs"):
            return self.recognizer.read_combs(pictures)


def time_stages(
    measured: MeasuredPage,
    templates: Sequence[FormTemplate],
    recognizer: Recognizer,
    operating_point: OperatingPoint,
    watch: Stopwatch,
) -> None:
    """One round: the stages one after another, then the whole at one go."""
    page, options = measured.page, ReadingOptions()
    with watch.timed("register"):
        registration = register_page(page, templates)
    with watch.timed("locate"):
        regions = locate_fields(page, registration) if templates else find_fields(page)
    with watch.timed("erase, segment"):
        fields = [segment_field(region) for region in regions]
    read = list(zip(fields, read_fields(fields, _TimedRecognizer(recognizer, watch)), strict=True))
    with watch.timed("decode"):
        decoded = [decode_field(segmentation, evidence, operating_point) for segmentation, evidence in read]
    with watch.timed("decide"):
        for segmentation, reading in zip(fields, decoded, strict=True):
            kind = segmentation.region.spec.kind
            threshold = operating_point.threshold(reading.reader, options.max_error, kind)
            decide_field(segmentation, reading, threshold, options.decide)
    with watch.timed(WHOLE, CLOCK):
        whole = read_pages([page], templates, recognizer, operating_point, options)
        _to_json(whole)
    with watch.timed("JSON"):
        _to_json(whole)


def _to_json(read: PagesReading) -> str:
    source = SourceResult(
        status=file_status(read),
        source_id="0" * 64,
        source_names=("page.png",),
        media_type=MediaType.PNG,
        source_bytes=1,
        pages=read.pages,
        documents=read.documents,
        errors=read.errors,
        fingerprint="0",
        model=ModelIdentity("measured", "1", "0" * 64, "0"),
        started="2026-01-01T00:00:00.000+00:00",
        seconds=0.0,
    )
    return "".join(result_text(source))


def count_right(measured: MeasuredPage, read: PagesReading) -> int:
    """Fields whose digits are those written, wherever they were found."""
    raw = [_digits(reading.raw or "") for document in read.documents for reading in document.fields]
    return sum(_digits(text) in raw for text in measured.values.values())


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def naive_reader() -> Callable[[MeasuredPage], int]:
    """Reads a page as tutorials do and tells how many contours it took for digits; weights do not change its speed."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    import tensorflow as tf

    from recognizer.network import build_network

    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    network = build_network(TUTORIAL_NETWORK)

    def read(measured: MeasuredPage) -> int:
        page = measured.page
        least, most = (height * page.dpi / 25.4 for height in DIGIT_HEIGHTS_MM)
        _, binary = cv2.threshold(page.gray, 0, 255, cv2.THRESH_BINARY_INV + cv2.THRESH_OTSU)
        contours, _ = cv2.findContours(binary, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
        boxes = [box for box in map(cv2.boundingRect, contours) if least <= box[3] <= most]
        crops = [cv2.resize(binary[y : y + h, x : x + w], (28, 28)) for x, y, w, h in boxes]
        if crops:
            network.predict(np.array(crops, np.float32)[..., None] / 255, verbose=0).argmax(axis=1)
        return len(crops)

    return read


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--no-naive", action="store_true", help="leave out the naive sequence and TensorFlow")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    bundle = open_bundle(shipped_bundle())
    recognizer, operating_point = load_recognizer(bundle), load_operating_point(bundle.file(OPERATING_POINT))
    pages = (form_page(), cheque_page())
    cases = [(page, templates) for page in pages for templates in ((page.template,), ())]
    watches = [Stopwatch() for _ in cases]
    read = [read_pages([page.page], templates, recognizer, operating_point) for page, templates in cases]
    for _ in range(arguments.rounds):
        for (page, templates), watch in zip(cases, watches, strict=True):
            time_stages(page, templates, recognizer, operating_point, watch)
    print(f"{describe_machine()}; load average {os.getloadavg()[0]:.1f}; {arguments.rounds} rounds\n")
    names = [f"{page.name}, {'template' if templates else 'no template'}" for page, templates in cases]
    print("| processor ms, median | " + " | ".join(names) + " |\n|---|" + "---|" * len(names))
    medians = [watch.medians() for watch in watches]
    for stage in (*STAGES, WHOLE, CLOCK):
        print(f"| {stage} | " + " | ".join(f"{one.get(stage, 0.0):.1f}" for one in medians) + " |")
    right = [count_right(page, one) for (page, _), one in zip(cases, read, strict=True)]
    print(
        "| fields exact | "
        + " | ".join(f"{n} of {len(p.values)}" for n, (p, _) in zip(right, cases, strict=True))
        + " |"
    )
    if not arguments.no_naive:
        _print_naive(pages, arguments.rounds)


def _print_naive(pages: Sequence[MeasuredPage], rounds: int) -> None:
    read = naive_reader()
    watches = [Stopwatch() for _ in pages]
    counts = [read(page) for page in pages]
    for _ in range(rounds):
        for page, watch in zip(pages, watches, strict=True):
            with watch.timed(WHOLE, CLOCK):
                read(page)
    print("\n| naive sequence | contours read | digits written | processor ms | clock ms |\n|---|---|---|---|---|")
    for page, watch, count in zip(pages, watches, counts, strict=True):
        medians = watch.medians()
        print(f"| {page.name} | {count} | {page.digit_count} | {medians[WHOLE]:.1f} | {medians[CLOCK]:.1f} |")


if __name__ == "__main__":
    main()
