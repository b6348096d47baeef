"""What exports are compared with their masters on: test digits, and strips composed of hands kept out of training."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from recognizer.augment import ImageStack
from recognizer.dataset import UNKNOWN_WRITER, DigitSet, load_mnist, split_by_writer
from recognizer.epochs import draw_pen_digits
from recognizer.network import as_pixels
from recognizer.packaging import representative_images
from recognizer.readings import FloatArray

_CALIBRATION_SEED = 31
_HELD_OUT_SEED = 32
"""Of what is drawn where there is no data set: never the same digits for the ranges and for the comparison."""
_DRAWN_DIGITS = 2000
_BATCH = 250
_STRIPS_A_BUCKET = 40
_CALIBRATION_STRIPS_A_BUCKET = 20
_DRAWN_HANDS = 40


@dataclass(frozen=True, slots=True)
class ExportSamples:
    """Inputs of a network, for an export.

    Attributes:
        name: what the export is compared on, for people.
        calibration: (1, H, W, 1) float32 each; fix the ranges of int8 formats.
        held_out: (N, H, W, 1) float32 batches to compare on, nothing of which is in `calibration`.
    """

    name: str
    calibration: Sequence[FloatArray]
    held_out: Sequence[FloatArray]


def digit_samples(data: Path | None) -> ExportSamples:
    """MNIST's test part where MNIST is at hand, else digits drawn by our own pen. Nothing is downloaded.

    Args:
        data: folder that may hold `mnist.npz`.

    Raises:
        DatasetError: `mnist.npz` is damaged.
    """
    if (folder := _mnist_folder(data)) is not None:
        training, test = load_mnist(folder)
        known, images = split_by_writer(training)[1], test.images
        name = f"MNIST test, {len(images):,} digits"
    else:
        known, images = _drawn(_CALIBRATION_SEED), _drawn(_HELD_OUT_SEED).images
        name = f"{len(images):,} digits drawn by fieldreader's own pen (no mnist.npz at hand)"
    calibration = as_pixels(representative_images(known))
    return ExportSamples(name, [image[None] for image in calibration], _batches(images))


def strip_samples(data: Path | None) -> ExportSamples:
    """Strips composed of digits of hands that were not trained on; of drawn hands where there is no data set.

    Args:
        data: folder that may hold what the strip network is trained on.

    Raises:
        DatasetError: a data file is damaged.
    """
    from recognizer.strip_batches import BUCKETS
    from recognizer.strip_compose import StripComposer
    from recognizer.strip_glyphs import GlyphBank, drawn_hands, load_glyphs
    from recognizer.strip_views import whole_view

    hands = drawn_hands(_DRAWN_HANDS, _HELD_OUT_SEED)
    if data is not None and (data / "mnist_writers.npz").is_file():
        bank, origin = load_glyphs(data, held_out=True), "of MNIST writers kept out of training"
    else:
        bank, origin = GlyphBank(written=hands, sheets=()), "of drawn hands (no data set at hand)"

    def strips(seed: int, count: int) -> list[FloatArray]:
        composer = StripComposer(bank, seed)
        inks = [
            whole_view(composer.compose(bucket.width, bucket.most_digits).gray).ink
            for bucket in BUCKETS
            for _ in range(count)
        ]
        return [_padded(ink) for ink in inks]

    held_out = strips(_HELD_OUT_SEED, _STRIPS_A_BUCKET)
    calibration = strips(_CALIBRATION_SEED, _CALIBRATION_STRIPS_A_BUCKET)
    return ExportSamples(f"{len(held_out):,} composed strips {origin}", calibration, held_out)


def _mnist_folder(data: Path | None) -> Path | None:
    keras_home = Path(os.environ.get("KERAS_HOME", Path.home() / ".keras"))
    folders = [data, keras_home / "datasets"]
    return next((folder for folder in folders if folder is not None and (folder / "mnist.npz").is_file()), None)


def _drawn(seed: int) -> DigitSet:
    images, labels = draw_pen_digits(_DRAWN_DIGITS, np.random.default_rng(seed))
    return DigitSet("drawn", images, labels, np.full(len(labels), UNKNOWN_WRITER, np.int32))


def _batches(images: ImageStack) -> list[FloatArray]:
    return [as_pixels(images[first : first + _BATCH]) for first in range(0, len(images), _BATCH)]


def _padded(ink: FloatArray) -> FloatArray:
    """One strip as the network takes it, its width a multiple of a column's."""
    from recognizer.strip_decode import COLUMN_PX

    return np.pad(ink, ((0, 0), (0, -ink.shape[1] % COLUMN_PX)))[None, :, :, None]
