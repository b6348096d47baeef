"""A small network is trained on drawn digits, then pruned, and taught to a smaller one."""

import numpy as np
import pytest

from recognizer.bundle import DIGITS_MASTER, MODEL_CARD, OPERATING_POINT, STRIPS_INT8, open_bundle
from recognizer.model_store import shipped_bundle
from recognizer.reader import load_recognizer

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("default"),
    pytest.mark.usefixtures("few_non_digits"),
]


@pytest.fixture(scope="module")
def shipped():
    return open_bundle(shipped_bundle())


def options(data, out, **given):
    from recognizer.compression import CompressionOptions

    return CompressionOptions(out, data, command="fieldreader compress", **given)


def test_a_pruned_network_has_its_zeros_and_reads_on(shipped, drawn_data, tmp_path):
    import keras

    from recognizer.pruning import prune, sparsity_of

    seen = []
    pruned = prune(shipped, options(drawn_data, tmp_path / "pruned", epochs=3, batch_size=32), 0.6, seen.append)
    assert sparsity_of(keras.saving.load_model(pruned.file(DIGITS_MASTER), compile=False)) == pytest.approx(0.6, 0.01)
    assert pruned.metrics["mnist_test_accuracy"] > 0.95
    assert [epoch.epoch for epoch in seen] == [1, 2, 3]
    assert seen[-1].seconds_left == 0
    assert pruned.parent == shipped.sha256
    assert pruned.name == "fieldreader-pruned"
    assert all(pruned.files[name] == shipped.files[name] for name in (STRIPS_INT8, OPERATING_POINT))
    assert "60% in the large kernels became zero" in pruned.file(MODEL_CARD).read_text()
    assert len(load_recognizer(pruned, "cpu").read_digits([np.full((9, 9), 255, np.uint8)])) == 1


def test_a_student_is_smaller_than_its_teachers_and_learns_from_them(shipped, drawn_data, tmp_path):
    import keras

    from recognizer.distillation import DistillationOptions, distill

    small = DistillationOptions(width=0.4)
    run = options(
        drawn_data,
        tmp_path / "small",
        epochs=5,
        batch_size=32,
        learning_rate=3e-3,
        answer_sheets=drawn_data / "sheets.npz",
    )
    student = distill([shipped, shipped], run, small)
    masters = [keras.saving.load_model(bundle.file(DIGITS_MASTER), compile=False) for bundle in (shipped, student)]
    assert masters[1].count_params() < 0.25 * masters[0].count_params()
    assert masters[1].output_shape == masters[0].output_shape
    assert student.metrics["mnist_test_accuracy"] > 0.8
    card = student.file(MODEL_CARD).read_text()
    assert shipped.sha256 in card
    assert "ODbL" in card
    assert "fieldreader-width-0.4" in card
    assert student.parent is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"width": 0.0}, "width must lie between 0 and 1"),
        ({"teachers_part": 1.5}, "teachers_part must lie"),
        ({"temperature": 0.0}, "temperature must be positive"),
        ({"preset": "tutorial-conv2-dense128"}, "knows 10 classes"),
        ({"preset": "no-such"}, "no network preset"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_distillation_that_makes_no_sense_is_refused(shipped, drawn_data, tmp_path, change, reason):
    from recognizer.distillation import DistillationOptions, distill

    with pytest.raises(ValueError, match=reason):
        distill([shipped], options(drawn_data, tmp_path / "small"), DistillationOptions(**change))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("sparsity", [0.0, 1.0, -0.1])
def test_a_share_of_zeros_is_between_none_and_all(shipped, drawn_data, tmp_path, sparsity):
    from recognizer.pruning import prune

    with pytest.raises(ValueError, match="sparsity must lie between"):
        prune(shipped, options(drawn_data, tmp_path / "pruned"), sparsity)
