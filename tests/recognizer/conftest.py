"""A model small enough to be written in a test, in which nothing is a network; digits to train real ones on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from recognizer.bundle import MODEL_CARD, Bundle, write_bundle


@pytest.fixture
def parts(tmp_path: Path) -> dict[str, Path]:
    """Files of a bundle by their names."""
    folder = tmp_path / "parts"
    folder.mkdir()
    for name in ("digits.keras", "digits.tflite", MODEL_CARD):
        (folder / name).write_text(f"content of {name}")
    return {path.name: path for path in folder.iterdir()}


@pytest.fixture
def bundle(tmp_path: Path, parts: dict[str, Path]) -> Bundle:
    return write_bundle(tmp_path / "m-1", name="m", version="1", files=parts, metrics={"accuracy": 0.5})


@pytest.fixture(scope="session")
def drawn_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like MNIST's, drawn by our own pen: 720 digits of 24 writers, 200 to test, as many on answer sheets."""
    from recognizer.epochs import draw_pen_digits

    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(1)
    x, y = draw_pen_digits(720, rng)
    x_test, y_test = draw_pen_digits(200, rng)
    np.savez(folder / "mnist.npz", x_train=x, y_train=y, x_test=x_test, y_test=y_test)
    np.savez(folder / "mnist_writers.npz", train_writer=np.repeat(np.arange(24), 30), test_writer=np.full(200, 99))
    np.savez(folder / "sheets.npz", x=255 - x_test, y=y_test, source=np.repeat(["1081_1", "1082_1"], 100))
    return folder


@pytest.fixture(scope="module")
def few_non_digits() -> Iterator[None]:
    """Draw fewer things that are no digit: what they measure is not asked where a network learns from few digits."""
    from recognizer import measuring, training_data

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "_NON_DIGITS_A_KIND", 20)
        patch.setattr(training_data, "_NON_DIGITS", 150)
        yield
