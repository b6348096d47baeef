"""`python -m recognizer.strip_command --data DATA --out RUN`: trains a strip network from the shell."""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recognizer.strip_training import StripProgress


def main() -> None:
    """Read the options and train."""
    arguments = _arguments()
    # Imported here: composing processes start from this module too, and have no use for TensorFlow.
    import tensorflow as tf

    from recognizer.strip_training import StripTrainingOptions, train_strips

    tf.config.threading.set_intra_op_parallelism_threads(arguments.threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    given = {name: value for name, value in vars(arguments).items() if value is not None and name != "threads"}
    names = {entry.name for entry in fields(StripTrainingOptions)}
    train_strips(StripTrainingOptions(**{name: value for name, value in given.items() if name in names}), _report)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m recognizer.strip_command", description=__doc__)
    for name in ("--data", "--out"):
        parser.add_argument(name, type=Path, required=True)
    for name in ("--init-from", "--watch"):
        parser.add_argument(name, type=Path)
    for name in ("--minutes", "--learning-rate", "--final-learning-rate", "--checkpoint-minutes", "--averaging"):
        parser.add_argument(name, type=float)
    for name in ("--seed", "--workers", "--drawn-hands", "--frame-steps", "--warm-up-steps"):
        parser.add_argument(name, type=int)
    parser.add_argument("--threads", type=int, default=1, help="threads inside one operation")
    return parser.parse_args()


def _report(progress: StripProgress) -> None:
    line = (
        f"{progress.seconds:7.0f} s  step {progress.steps}  strips {progress.strips} ({progress.strips_per_s:.0f}/s, "
        f"waiting {progress.waiting:.0%})  frames {progress.frame_loss:.3f}  ctc {progress.ctc_loss:.3f}"
    )
    if progress.curve is not None:
        line += f"  exact: composed {progress.curve.composed:.1%}, amounts (tune) {progress.curve.amounts:.1%}"
    sys.stderr.write(line + "\n")


if __name__ == "__main__":
    main()
