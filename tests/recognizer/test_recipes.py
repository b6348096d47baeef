from pathlib import Path

from recognizer.recipes import Recipe, by_recipe
from recognizer.training_options import Optimizer, Schedule, TrainingOptions


def test_a_recipe_leaves_out_everything_of_our_own_and_keeps_what_to_train_on():
    options = TrainingOptions(out=Path("run"), data=Path("data"), answer_sheets=Path("sheets.npz"), seed=7)
    plain = by_recipe(options, Recipe(Optimizer.RMSPROP, batch_size=32, epochs=5))
    assert (plain.optimizer, plain.batch_size, plain.epochs, plain.learning_rate) == (Optimizer.RMSPROP, 32, 5, 1e-3)
    assert plain.schedule is Schedule.CONSTANT
    assert (plain.augment, plain.hold_out, plain.answer_sheets) == (False, False, None)
    assert (plain.averaging, plain.weight_decay) == (0, 0)
    assert (plain.pen_part, plain.rescan_part, plain.non_digit_part) == (0, 0, 0)
    assert (plain.data, plain.out, plain.seed) == (Path("data"), Path("run"), 7)
