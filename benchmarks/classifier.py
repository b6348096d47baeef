"""Speed of the digit network: engines side by side, start-up, memory, and the way from crops to probabilities.

    python -m benchmarks.classifier [--model DIR] [--data DIR] [--rounds N] [--device cpu|gpu] [--json FILE]

Engines take turns, so that what else runs on the machine slows all of them; each figure is the median of the rounds.
Rates are given by the clock and by processor time: on a busy machine the second says what one free core would do.
`keras predict` is called once for all digits, and once for each batch of 256 as by a service that reads batch after
batch: a call costs some 50 ms of processor time. Digits are MNIST's test part where `--data` or FIELDREADER_DATA names
it, else drawn by our own pen. Crops are drawn, 25 to 60 pixels high as at 150 to 300 dpi. With `--device gpu`, only the
GPU is measured, against the CPU's readings.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from benchmarks.machine import describe_machine
from recognizer.bundle import DIGITS_CALIBRATION, DIGITS_INT8, DIGITS_MASTER, Bundle, open_bundle
from recognizer.calibration import load_calibration
from recognizer.classifier import ImageStack, LiteRtEngine, gpu_is_visible
from recognizer.dataset import load_mnist
from recognizer.epochs import draw_pen_digits
from recognizer.model_store import shipped_bundle
from recognizer.normalize import normalize_digits
from recognizer.pen import draw_digit, random_hand
from recognizer.reader import load_recognizer, read_images

BATCH = 256
CROPS = 2048
SEED = 5
ACCEPTED = 0.99

START_UP = """
import resource, sys, time
def resident_mb():
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * resource.getpagesize() / 1e6
if {with_arrays}:
    import cv2, numpy
before, started = resident_mb(), time.perf_counter()
import numpy
from pathlib import Path
from recognizer.classifier import LiteRtEngine
from recognizer.normalize import normalize_digits
engine = LiteRtEngine(Path({network!r}))
engine.logits(normalize_digits([numpy.full((40, 9), 255, numpy.uint8)]))
print(time.perf_counter() - started, resident_mb() - before)
"""


def main() -> None:
    arguments = _arguments()
    cv2.setNumThreads(1)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    bundle = open_bundle(arguments.model)
    print(describe_machine())
    print(f"load average at the start: {os.getloadavg()[0]:.1f}; model {bundle.name} {bundle.version}")
    if arguments.device == "gpu":
        figures = _gpu(bundle, arguments)
    else:
        figures = _engines(bundle, _digits(arguments.data), arguments.rounds) | _start_up(bundle, arguments.rounds)
        figures |= _whole_way(bundle, arguments.rounds)
    _print_table(figures)
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def _engines(bundle: Bundle, digits: ImageStack, rounds: int) -> dict[str, float]:
    """Digits a second on normalised images at batch 256, the same weights in every engine."""
    import keras
    import tensorflow as tf

    from recognizer.network import as_pixels

    model = keras.saving.load_model(bundle.file(DIGITS_MASTER), compile=False)
    compiled = tf.function(lambda x: model(x, training=False), jit_compile=False)
    pixels = as_pixels(digits)

    def by_function() -> None:
        for first in range(0, len(pixels), BATCH):
            compiled(pixels[first : first + BATCH]).numpy()

    def by_calls_of_predict() -> None:
        for first in range(0, len(pixels), BATCH):
            model.predict(pixels[first : first + BATCH], batch_size=BATCH, verbose=0)

    litert = {threads: LiteRtEngine(bundle.file(DIGITS_INT8), threads) for threads in (1, 2)}
    rates = rates_of(
        {
            "LiteRT int8, 1 thread": lambda: litert[1].logits(digits),
            "LiteRT int8, 2 threads": lambda: litert[2].logits(digits),
            "keras predict, one call, all cores": lambda: model.predict(pixels, batch_size=BATCH, verbose=0),
            "keras predict, a call a batch, all cores": by_calls_of_predict,
            "tf.function, all cores": by_function,
        },
        len(digits),
        rounds,
    )
    figures = {}
    for name, rate in rates.items():
        figures[f"{name}: digits/s"] = rate.by_clock
        figures[f"{name}: digits a processor second"] = rate.by_processor
    ours = rates["LiteRT int8, 2 threads"]
    for calls in ("one call", "a call a batch"):
        predict = rates[f"keras predict, {calls}, all cores"]
        ratio = f"LiteRT int8, 2 threads / keras predict, {calls}"
        figures[f"{ratio}, by the clock"] = ours.by_clock / predict.by_clock
        figures[f"{ratio}, by processor time"] = ours.by_processor / predict.by_processor
    return figures


def _start_up(bundle: Bundle, rounds: int) -> dict[str, float]:
    """A fresh process, from nothing to the first reading; and what it adds to one that has NumPy and OpenCV already."""
    figures = {}
    for with_arrays, start in ((False, "bare Python"), (True, "NumPy and OpenCV loaded")):
        program = START_UP.format(with_arrays=with_arrays, network=str(bundle.file(DIGITS_INT8)))
        answers = [
            subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout.split()
            for _ in range(rounds)
        ]
        figures[f"start-up from {start}: s"] = statistics.median(float(answer[0]) for answer in answers)
        figures[f"memory added to {start}: MB"] = statistics.median(float(answer[1]) for answer in answers)
    return figures


def _whole_way(bundle: Bundle, rounds: int) -> dict[str, float]:
    """Crops to calibrated probabilities in one process and in two, as a batch runs; and normalisation alone."""
    crops = _crops(CROPS)
    recognizer = load_recognizer(bundle, "cpu")
    rates = rates_of(
        {"one": lambda: recognizer.read_digits(crops), "normalised": lambda: normalize_digits(crops)},
        len(crops),
        rounds,
    )
    context = get_context("spawn")
    with context.Pool(2, _prepare, (bundle.path,)) as pool:
        pool.map(_read_again, range(2), chunksize=1)
        together = []
        for _ in range(rounds):
            started = time.perf_counter()
            pool.map(_read_again, range(2), chunksize=1)
            together.append(2 * CROPS / (time.perf_counter() - started))
    return {
        "crops to probabilities, 1 process: crops/s": rates["one"].by_clock,
        "crops to probabilities, 1 process: crops a processor second": rates["one"].by_processor,
        "crops to probabilities, 2 processes: crops/s": statistics.median(together),
        "normalisation: us of processor time a crop": 1e6 / rates["normalised"].by_processor,
    }


_worker: dict[str, Any] = {}


def _prepare(model: Path) -> None:
    cv2.setNumThreads(1)
    _worker["recognizer"] = load_recognizer(open_bundle(model), "cpu")
    _worker["crops"] = _crops(CROPS)


def _read_again(_: int) -> int:
    return len(_worker["recognizer"].read_digits(_worker["crops"]))


def _gpu(bundle: Bundle, arguments: argparse.Namespace) -> dict[str, float]:
    """Network only, from images in the GPU's memory, in 32 and in 16 bits; and whether it accepts what the CPU does."""
    if not gpu_is_visible():
        sys.exit("no GPU is visible to Keras here; nothing was measured")
    import keras
    import tensorflow as tf

    from recognizer.network import as_pixels

    digits = _digits(arguments.data)
    figures = {}
    for policy in ("float32", "mixed_float16"):
        keras.config.set_dtype_policy(policy)
        master = keras.saving.load_model(bundle.file(DIGITS_MASTER), compile=False)
        model = keras.models.clone_model(
            master,
            clone_function=lambda layer, p=policy: layer.__class__.from_config(layer.get_config() | {"dtype": p}),
        )
        model.set_weights(master.get_weights())
        compiled = tf.function(lambda x, m=model: m(x, training=False), jit_compile=True)
        for batch in (4096, 16384):
            pixels = tf.constant(as_pixels(np.resize(digits, (batch, *digits.shape[1:]))))
            rate = rates_of({"": partial(_repeat, compiled, pixels)}, batch * 50, arguments.rounds)[""]
            figures[f"GPU, {policy}, batch {batch}, network only: digits/s"] = rate.by_clock
        calibration = load_calibration(bundle.file(DIGITS_CALIBRATION))
        here = read_images(_Compiled(compiled), calibration, digits)
        there = read_images(LiteRtEngine(bundle.file(DIGITS_INT8)), calibration, digits)
        sure = (here[:, :10].max(axis=1) > ACCEPTED) & (there[:, :10].max(axis=1) > ACCEPTED)
        otherwise = here[sure].argmax(axis=1) != there[sure].argmax(axis=1)
        figures[f"GPU, {policy}: accepted by both and read otherwise than on the CPU"] = float(otherwise.sum())
        figures[f"GPU, {policy}: accepted by both, of {len(digits)}"] = float(sure.sum())
    keras.config.set_dtype_policy("float32")
    return figures


class _Compiled:
    """A compiled function as a `DigitEngine`."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function

    def logits(self, images: ImageStack) -> np.ndarray:
        return np.asarray(self._function(images[..., None].astype(np.float32) / 255), np.float32)


def _repeat(compiled: Callable[..., Any], pixels: Any) -> None:
    for _ in range(50):
        logits = compiled(pixels)
    logits.numpy()  # waits for the last one


@dataclass(frozen=True)
class Rate:
    """Items a second, by the clock and by the processor time of all threads."""

    by_clock: float
    by_processor: float


def rates_of(runs: Mapping[str, Callable[[], Any]], count: int, rounds: int) -> dict[str, Rate]:
    """How fast each run works off so many items: once to warm up, then all in turn, the median of the rounds."""
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in runs}
    for turn in range(rounds + 1):
        for name, run in runs.items():
            clock, processor = time.perf_counter(), time.process_time()
            run()
            if turn:
                seconds[name].append((time.perf_counter() - clock, time.process_time() - processor))
    return {
        name: Rate(*(count / statistics.median(column) for column in zip(*times, strict=True)))
        for name, times in seconds.items()
    }


def _digits(data: Path | None) -> ImageStack:
    """Normalised digits, whole batches of them."""
    if data is not None and (data / "mnist.npz").is_file():
        images = load_mnist(data)[1].images
    else:
        images = draw_pen_digits(CROPS, np.random.default_rng(SEED))[0]
    return images[: len(images) // BATCH * BATCH]


def _crops(count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(SEED)
    hand = random_hand(rng)
    return [draw_digit(int(rng.integers(10)), hand, rng, height_px=float(rng.uniform(25, 60))) for _ in range(count)]


def _print_table(figures: Mapping[str, float]) -> None:
    print("\n| what | measured |\n|---|---|")
    for name, value in figures.items():
        print(f"| {name} | {value:,.0f} |" if value >= 100 else f"| {name} | {value:.3g} |")


def _arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.classifier",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    data = os.environ.get("FIELDREADER_DATA")
    parser.add_argument("--model", type=Path, default=shipped_bundle(), help="model folder")
    parser.add_argument("--data", type=Path, default=Path(data) if data else None, help="folder with mnist.npz")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--device", choices=("cpu", "gpu"), default="cpu")
    parser.add_argument("--json", type=Path, help="write the figures here as well")
    return parser.parse_args(given)


if __name__ == "__main__":
    main()
