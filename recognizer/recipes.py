"""How the MNIST tutorials train their networks, as data. Imports no Keras, so that commands start fast."""

from __future__ import annotations

from dataclasses import dataclass, replace

from recognizer.training_options import Optimizer, Schedule, TrainingOptions


@dataclass(frozen=True, slots=True)
class Recipe:
    """The training of one tutorial: MNIST's whole training part as it is, at a constant rate, last weights kept.

    Attributes:
        optimizer, learning_rate, batch_size, epochs: as the tutorial has them; the rates are Keras's own defaults.
    """

    optimizer: Optimizer
    batch_size: int
    epochs: int
    learning_rate: float = 1e-3


def by_recipe(options: TrainingOptions, recipe: Recipe) -> TrainingOptions:
    """The same run, trained as the tutorial does: nothing drawn, varied, averaged, decayed or held out."""
    return replace(
        options,
        optimizer=recipe.optimizer,
        learning_rate=recipe.learning_rate,
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        schedule=Schedule.CONSTANT,
        weight_decay=0.0,
        l2=0.0,
        label_smoothing=0.0,
        averaging=0.0,
        patience=0,
        augment=False,
        rescan_part=0.0,
        pen_part=0.0,
        non_digit_part=0.0,
        hold_out=False,
        answer_sheets=None,
    )
