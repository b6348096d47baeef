"""Trains each preset by its recipe and prints the table of what they reach on MNIST's test part.

    FIELDREADER_DATA=... python -m benchmarks.presets [--presets NAME ...] [--limit N] [--epochs N] [--seeds 1 2 3]

The tutorials' networks are trained as their tutorials do, the others as the shipped one. The figure of a run is that of
its Keras network on the test images as they are; the best of several seeds is never picked by it: each is printed.
"""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from benchmarks.machine import describe_machine
from recognizer.dataset import DigitSet, load_mnist
from recognizer.evaluation import wilson_interval
from recognizer.export import master_logits
from recognizer.network import PRESETS
from recognizer.recipes import by_recipe
from recognizer.training import train
from recognizer.training_options import TrainingOptions


def main() -> None:
    arguments = _arguments()
    _, test = load_mnist(arguments.data)
    print(describe_machine())
    print(f"\nn = {len(test):,} test digits\n")
    print("| preset | parameters | recipe | epochs | seed | MNIST test | 95 % interval | minutes |")
    print("|---|---|---|---|---|---|---|---|")
    for preset in arguments.presets:
        for seed in arguments.seeds:
            print(_row(preset, seed, test, arguments), flush=True)


def _row(preset: str, seed: int, test: DigitSet, arguments: argparse.Namespace) -> str:
    out = arguments.out / f"{preset}-{seed}"
    options = TrainingOptions(
        out=out, preset=preset, data=arguments.data, seed=seed, limit=arguments.limit, resume=True
    )
    recipe = PRESETS[preset].recipe
    if recipe:
        options = by_recipe(options, recipe)
    if arguments.epochs:
        options = replace(options, epochs=arguments.epochs)
    started = time.monotonic()
    run = train(options)
    minutes = (time.monotonic() - started) / 60
    model = keras.saving.load_model(out / "best.keras", compile=False)
    right = int((master_logits(model, test.images).argmax(axis=1) == test.labels).sum())
    low, high = wilson_interval(right, len(test))
    return (
        f"| {preset} | {model.count_params():,} | {'tutorial' if recipe else 'ours'} | {len(run.history)} | {seed} "
        f"| {right / len(test):.2%} | {low:.2%} to {high:.2%} | {minutes:.1f} |"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.presets", description=__doc__)
    data = os.environ.get("FIELDREADER_DATA")
    parser.add_argument("--data", type=Path, default=data, required=data is None, help="folder with mnist.npz")
    parser.add_argument("--out", type=Path, default=Path("runs/presets"), help="run folders; finished ones are kept")
    parser.add_argument("--presets", nargs="+", choices=PRESETS, default=list(PRESETS))
    parser.add_argument("--seeds", nargs="+", type=int, default=[1])
    parser.add_argument("--limit", type=int, help="so many digits only, for a trial")
    parser.add_argument("--epochs", type=int, help="fewer epochs, for a trial")
    return parser.parse_args()


if __name__ == "__main__":
    main()
