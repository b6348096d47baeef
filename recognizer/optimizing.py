"""Optimizer, learning rate and loss of a digit network's training."""

from __future__ import annotations

from typing import Any

import keras

from recognizer.training_options import Optimizer, Schedule, TrainingOptions

_WARM_UP_PART = 0.05
_DECAYED_TO = 0.005
"""Part of the peak that a schedule ends at."""


def compile_network(model: keras.Model, options: TrainingOptions, steps: int) -> None:
    """Make a network ready to train for so many steps."""
    model.compile(
        _optimizer(options, _rate(options, steps)),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=options.label_smoothing),
        metrics=["accuracy"],
        # XLA trains 2 to 3.5 times slower on CPUs.
        jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
    )


def _optimizer(options: TrainingOptions, rate: Any) -> keras.optimizers.Optimizer:
    averaged = {"use_ema": options.averaging > 0, "ema_momentum": options.averaging or 0.99}
    match options.optimizer:
        case Optimizer.ADAMW:
            return keras.optimizers.AdamW(rate, weight_decay=options.weight_decay, **averaged)
        case Optimizer.ADAM:
            return keras.optimizers.Adam(rate, **averaged)
        case Optimizer.RMSPROP:
            return keras.optimizers.RMSprop(rate, **averaged)
        case Optimizer.SGD:
            return keras.optimizers.SGD(rate, momentum=0.9, nesterov=True, **averaged)


def _rate(options: TrainingOptions, steps: int) -> Any:
    """A number or a Keras schedule."""
    peak = options.learning_rate
    warm_up = max(1, round(_WARM_UP_PART * steps))
    decayed = max(1, steps - warm_up)
    match options.schedule:
        case Schedule.CONSTANT:
            return peak
        case Schedule.COSINE:
            return keras.optimizers.schedules.CosineDecay(
                peak / 20, decayed, alpha=_DECAYED_TO, warmup_target=peak, warmup_steps=warm_up
            )
        case Schedule.EXPONENTIAL:
            return keras.optimizers.schedules.ExponentialDecay(peak, steps, _DECAYED_TO)
