"""Size, speed and accuracy of smaller digit networks beside the one they come from, as they are read on a CPU.

    python -m benchmarks.compression [MODEL...] [--make DIR [--trial]] [--data DIR] [--rounds N]

The first model, the shipped one unless given, is what the others are compared with; it is measured in 32 bits as well.
`--make` first prunes it to 70 and 90 % zeros and distils students with a half and a third of its channels into DIR, and
keeps those it finds there, so that a run that was killed goes on with the one it was at. All four take about 45 minutes
of one core; with `--trial`, to be given a DIR of its own, a minute each.

Models take turns; speed is the median of the rounds, one thread, batch 256, by processor time. Digits are MNIST's test
part where `--data` or FIELDREADER_DATA names it, else drawn by our own pen.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from benchmarks.classifier import BATCH, rates_of
from benchmarks.machine import describe_machine
from recognizer.bundle import DIGITS_CALIBRATION, DIGITS_INT8, DIGITS_MASTER, Bundle, open_bundle
from recognizer.calibration import load_calibration
from recognizer.classifier import DigitEngine, ImageStack, LiteRtEngine
from recognizer.dataset import DigitSet, load_mnist
from recognizer.epochs import draw_pen_digits
from recognizer.evaluation import report_digits
from recognizer.export_format import ExportFormat
from recognizer.model_store import shipped_bundle
from recognizer.reader import read_images
from recognizer.readings import FloatArray

SEED = 6
SMALLER = {
    "pruned-70": ("prune", "--model", "--sparsity", "0.7"),
    "pruned-90": ("prune", "--model", "--sparsity", "0.9"),
    "student-50": ("distill", "--teacher", "--width", "0.5"),
    "student-33": ("distill", "--teacher", "--width", "0.33"),
}
"""What is made, and the words of `fieldreader compress` that make it."""
FIELDREADER = "from pipeline.cli import main; main()"


@dataclass(frozen=True)
class Contender:
    """A row of the table: how a network is read, the file it is read from, and what calibrates it."""

    name: str
    engine: DigitEngine
    content: bytes
    bundle: Bundle


def main() -> None:
    arguments = _arguments()
    bundles = [open_bundle(model) for model in arguments.models or [shipped_bundle()]]
    if arguments.make:
        bundles += _made(bundles[0], arguments)
    digits = _digits(arguments.data)
    contenders = [_in_full_bits(bundles[0]), *map(_in_8_bits, bundles)]
    rates = rates_of(
        {str(place): partial(own.engine.logits, digits.images) for place, own in enumerate(contenders)},
        len(digits),
        arguments.rounds,
    )
    print(describe_machine())
    print(f"load average: {os.getloadavg()[0]:.1f}; {digits.name}, n = {len(digits):,}\n")
    print("| network | kB | packed kB | digits a processor second | read right | 95 % interval | unlike the first |")
    print("|---|---|---|---|---|---|---|")
    first = contenders[0].engine.logits(digits.images).argmax(axis=1)
    for place, own in enumerate(contenders):
        calibration = load_calibration(own.bundle.file(DIGITS_CALIBRATION))
        probabilities = read_images(own.engine, calibration, digits.images)
        report = report_digits(probabilities, digits.labels)
        low, high = report.accuracy_interval
        unlike = int((probabilities.argmax(axis=1) != first).sum())
        print(
            f"| {own.name} | {len(own.content) / 1000:.0f} | {len(zlib.compress(own.content, 9)) / 1000:.0f} "
            f"| {rates[str(place)].by_processor:,.0f} | {report.accuracy:.2%} | {low:.2%} to {high:.2%} | {unlike} |"
        )


# --- making them ---------------------------------------------------------------------------------


def _made(source: Bundle, arguments: argparse.Namespace) -> Iterator[Bundle]:
    """The smaller networks, each made unless it is there; the hash in the name tells what network it comes from."""
    data = ("--data", str(arguments.data)) if arguments.data else ()
    for name, (way, origin, *how) in SMALLER.items():
        folder = arguments.make / f"{name}-of-{source.files[DIGITS_MASTER][:8]}"
        if not folder.is_dir():
            words = (way, origin, str(source.path), *how, "--out", str(folder), "--name", name, *data, *arguments.trial)
            subprocess.run([sys.executable, "-c", FIELDREADER, "compress", *words], check=False)
        if folder.is_dir():  # one that was refused, because 8 bits read otherwise, has no row
            yield open_bundle(folder)


# --- reading -------------------------------------------------------------------------------------


def _in_8_bits(bundle: Bundle) -> Contender:
    file = bundle.file(DIGITS_INT8)
    return Contender(f"{bundle.name} {bundle.version}, int8", LiteRtEngine(file), file.read_bytes(), bundle)


def _in_full_bits(bundle: Bundle) -> Contender:
    """The master as LiteRT without quantisation."""
    import keras

    from recognizer.export_formats import FORMATS, quiet_libraries

    facts = FORMATS[ExportFormat.LITERT]
    with tempfile.TemporaryDirectory() as folder, quiet_libraries():
        path = Path(folder) / "digits.tflite"
        facts.write(keras.saving.load_model(bundle.file(DIGITS_MASTER), compile=False), path, ())
        engine, content = _Runtime(facts.open(path)), path.read_bytes()
    return Contender(f"{bundle.name} {bundle.version}, 32 bits", engine, content, bundle)


class _Runtime:
    """An exported network as a `DigitEngine`, in whole batches and what is left."""

    def __init__(self, run: Callable[[FloatArray], FloatArray]) -> None:
        self._run = run

    def logits(self, images: ImageStack) -> FloatArray:
        from recognizer.network import as_pixels

        batches = (images[first : first + BATCH] for first in range(0, len(images), BATCH))
        return np.concatenate([self._run(as_pixels(batch)) for batch in batches])


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
    parser.add_argument("--make", type=Path, metavar="DIR", help="prune and distil the first model into this folder")
    parser.add_argument("--data", type=Path, default=Path(data) if data else None, help="folder with mnist.npz")
    parser.add_argument("--trial", action="store_const", const=("--limit", "2000", "--epochs", "1"), default=())
    parser.add_argument("--rounds", type=int, default=7)
    return parser.parse_args()


if __name__ == "__main__":
    main()
