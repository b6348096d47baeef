"""The strip network from the shell.

python -m recognizer.strip_command train --data DATA --out RUN [--init-from strips.keras]
python -m recognizer.strip_command export --data DATA --model RUN/strips.keras --out strips.tflite
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recognizer.strip_training import StripProgress

_SAMPLE_SEED = 99
_SAMPLES_A_BUCKET = 100


def main() -> None:
    """Train or export."""
    # TensorFlow is imported inside the two: processes that compose strips start from this module too and have no
    # use for it.
    arguments = vars(_arguments())
    verb = arguments.pop("verb")
    given = {name: value for name, value in arguments.items() if value is not None}
    if verb == "train":
        _train(given.pop("threads"), given)
    else:
        _export(given["data"], given["model"], given["out"], int8=given["int8"])


def _train(threads: int, given: dict[str, Path | float | int]) -> None:
    import tensorflow as tf

    from recognizer.strip_training import StripTrainingOptions, train_strips

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    train_strips(StripTrainingOptions(**given), _report)  # type: ignore[arg-type]  # names and types are the parser's


def _export(data: Path, model: Path, out: Path, *, int8: bool) -> None:
    from recognizer.strip_batches import BUCKETS, StripSource, composer_of
    from recognizer.strip_export import export_strips
    from recognizer.strip_views import whole_view

    composer = composer_of(StripSource(data, _SAMPLE_SEED, drawn_hands=40, held_out=True))
    samples = [
        whole_view(composer.compose(bucket.width, bucket.most_digits).gray).ink
        for bucket in BUCKETS
        for _ in range(_SAMPLES_A_BUCKET)
    ]
    export = export_strips(model, out, samples, int8=int8)
    sys.stderr.write(
        f"{out}: {out.stat().st_size} bytes; {export.texts_changed} of {export.strips} composed strips read "
        f"differently, largest difference of a probability {export.largest_difference:.4f}\n"
    )


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m recognizer.strip_command",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    verbs = parser.add_subparsers(dest="verb", required=True)
    train = verbs.add_parser("train", help="train a network, or go on with a run that was killed")
    for name in ("--data", "--out"):
        train.add_argument(name, type=Path, required=True)
    for name in ("--init-from", "--watch"):
        train.add_argument(name, type=Path)
    for name in ("--minutes", "--learning-rate", "--final-learning-rate", "--checkpoint-minutes", "--averaging"):
        train.add_argument(name, type=float)
    for name in ("--seed", "--workers", "--drawn-hands", "--frame-steps", "--warm-up-steps"):
        train.add_argument(name, type=int)
    train.add_argument("--threads", type=int, default=1, help="threads inside one operation")
    export = verbs.add_parser("export", help="write the LiteRT file that is read with")
    for name in ("--data", "--model", "--out"):
        export.add_argument(name, type=Path, required=True)
    export.add_argument("--int8", action="store_true", help="quantise weights and activations")
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
