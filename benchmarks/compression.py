"""Size, speed and accuracy of several models' digit networks, as they are read on a CPU: full int8 by LiteRT.

    python -m benchmarks.compression [MODEL...] [--data DIR] [--rounds N]

The first model, the shipped one unless given, is what the others are compared with. Make others first, for instance:

    fieldreader compress prune --out runs/pruned --sparsity 0.7 --data DATA
    fieldreader compress distill --out runs/small --width 0.5 --data DATA

Models take turns; speed is the median of the rounds, one thread, batch 256, by processor time. Digits are MNIST's test
part where `--data` or FIELDREADER_DATA names it, else drawn by our own pen.
"""

from __future__ import annotations

import argparse
import os
import zlib
from pathlib import Path

import numpy as np

from benchmarks.classifier import rates_of
from benchmarks.machine import describe_machine
from recognizer.calibration import load_calibration
from recognizer.classifier import LiteRtEngine
from recognizer.dataset import DigitSet, load_mnist
from recognizer.epochs import draw_pen_digits
from recognizer.evaluation import report_digits
from recognizer.model_store import DIGITS_CALIBRATION, DIGITS_INT8, open_bundle, shipped_bundle
from recognizer.reader import read_images

SEED = 6


def main() -> None:
    arguments = _arguments()
    digits = _digits(arguments.data)
    bundles = [open_bundle(model) for model in arguments.models or [shipped_bundle()]]
    engines = [LiteRtEngine(bundle.file(DIGITS_INT8)) for bundle in bundles]
    rates = rates_of(
        {str(place): lambda engine=engine: engine.logits(digits.images) for place, engine in enumerate(engines)},
        len(digits),
        arguments.rounds,
    )
    print(describe_machine())
    print(f"load average: {os.getloadavg()[0]:.1f}; {digits.name}, n = {len(digits):,}\n")
    print("| model | int8 kB | packed kB | digits a processor second | read right | 95 % interval | unlike the first |")
    print("|---|---|---|---|---|---|---|")
    first = engines[0].logits(digits.images).argmax(axis=1)
    for place, (bundle, engine) in enumerate(zip(bundles, engines, strict=True)):
        content = bundle.file(DIGITS_INT8).read_bytes()
        packed = zlib.compress(content, 9)
        probabilities = read_images(engine, load_calibration(bundle.file(DIGITS_CALIBRATION)), digits.images)
        report = report_digits(probabilities, digits.labels)
        low, high = report.accuracy_interval
        unlike = int((probabilities.argmax(axis=1) != first).sum())
        print(
            f"| {bundle.name} {bundle.version} | {len(content) / 1000:.0f} | {len(packed) / 1000:.0f} "
            f"| {rates[str(place)].by_processor:,.0f} | {report.accuracy:.2%} | {low:.2%} to {high:.2%} | {unlike} |"
        )


def _digits(data: Path | None) -> DigitSet:
    if data is not None and (data / "mnist.npz").is_file():
        return load_mnist(data)[1]
    images, labels = draw_pen_digits(2000, np.random.default_rng(SEED))
    return DigitSet("digits drawn by our own pen", images, labels, np.full(len(labels), -1, np.int32))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.compression",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = os.environ.get("FIELDREADER_DATA")
    parser.add_argument("models", type=Path, nargs="*", metavar="MODEL", help="model folders")
    parser.add_argument("--data", type=Path, default=Path(data) if data else None, help="folder with mnist.npz")
    parser.add_argument("--rounds", type=int, default=7)
    return parser.parse_args()


if __name__ == "__main__":
    main()
