"""Reads real cheque amounts with the strip network alone: exact match, character errors, milliseconds a field.

    FIELDREADER_DATA=... python -m benchmarks.strips [--model strips.tflite] [--half tune|report]

Each amount is one strip, as cut; nothing but the strip reader sees it. Times are processor time of one thread.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

import cv2

from benchmarks.machine import describe_machine
from recognizer.evaluation import wilson_interval
from recognizer.model_store import shipped_bundle
from recognizer.strip_decode import combine_views, greedy_text, search_beam
from recognizer.strip_reader import StripReader
from recognizer.strip_views import views_of
from recognizer.strip_watch import LabelledStrip, edit_distance, load_amounts

Given = TypeVar("Given")
Made = TypeVar("Made")


def main() -> None:
    arguments = _arguments()
    cv2.setNumThreads(1)
    reader = StripReader(arguments.model)
    print(describe_machine())
    print(f"{arguments.model.name}, {arguments.model.stat().st_size / 1e6:.1f} MB")
    print("\n| half | reading | n | exact | 95 % interval | CER | ms a field |\n|---|---|---|---|---|---|---|")
    for half in ("tune", "report") if arguments.half is None else (arguments.half,):
        _measure(reader, load_amounts(arguments.data / "real" / "courtesy_amounts", half), half)


def _measure(reader: StripReader, strips: Sequence[LabelledStrip], half: str) -> None:
    reader.read_strips([strip.gray for strip in strips])  # every width prepared before the clock starts
    views, views_ms = _timed(lambda strip: views_of(strip.gray), strips)
    first, first_ms = _timed(lambda own: reader.evidence(own[0]), views)
    every, every_ms = _timed(lambda own: [reader.evidence(view) for view in own], views)
    greedy, greedy_ms = _timed(greedy_text, first)
    beam, beam_ms = _timed(lambda columns: search_beam(columns)[0].text, first)
    combined, combined_ms = _timed(lambda columns: combine_views(columns)[0].text, every)
    share = views_ms / len(views[0])
    for reading, texts, ms in (
        ("one view, greedy", greedy, share + first_ms + greedy_ms),
        ("one view, prefix beam", beam, share + first_ms + beam_ms),
        (f"{len(views[0])} views, beam", combined, views_ms + every_ms + combined_ms),
    ):
        exact = sum(text == strip.label for text, strip in zip(texts, strips, strict=True))
        edits = sum(edit_distance(text, strip.label) for text, strip in zip(texts, strips, strict=True))
        low, high = wilson_interval(exact, len(strips))
        error = edits / sum(len(strip.label) for strip in strips)
        print(
            f"| {half} | {reading} | {len(strips)} | {exact / len(strips):.1%} | {low:.1%} to {high:.1%} "
            f"| {error:.1%} | {ms:.2f} |"
        )


def _timed(step: Callable[[Given], Made], items: Sequence[Given]) -> tuple[list[Made], float]:
    started = time.process_time()
    results = [step(item) for item in items]
    return results, (time.process_time() - started) / len(items) * 1000


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.strips", description=__doc__)
    data = os.environ.get("FIELDREADER_DATA")
    parser.add_argument("--data", type=Path, default=data, required=data is None, help="folder with real/")
    parser.add_argument("--model", type=Path, default=shipped_bundle() / "strips.tflite")
    parser.add_argument("--half", choices=("tune", "report"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
