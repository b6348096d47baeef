import numpy as np
import pytest

from recognizer.dataset import (
    UNKNOWN_WRITER,
    DigitSet,
    fingerprint,
    join_digits,
    load_answer_sheets,
    load_digits,
    load_mnist,
    split_by_writer,
)
from recognizer.errors import DatasetError


def digits(count, writers=None, seed=0):
    rng = np.random.default_rng(seed)
    return DigitSet(
        "some",
        rng.integers(0, 256, (count, 28, 28), dtype=np.uint8),
        (np.arange(count) % 10).astype(np.int32),
        np.full(count, UNKNOWN_WRITER, np.int32) if writers is None else np.asarray(writers, np.int32),
    )


def test_no_writer_is_on_both_sides_of_a_split():
    some = digits(600, writers=np.repeat(np.arange(60), 10))
    training, validation = split_by_writer(some)
    assert not set(training.writers) & set(validation.writers)
    assert len(validation) == 60
    assert len(training) + len(validation) == 600


def test_unknown_writers_are_split_at_the_tail():
    some = digits(50)
    training, validation = split_by_writer(some)
    assert np.array_equal(validation.images, some.images[45:])
    assert len(training) == 45


def test_joined_sets_share_no_writer():
    joined = join_digits("both", [digits(4, [0, 0, 1, -1]), digits(3, [0, 1, 1])])
    assert joined.writers.tolist() == [0, 0, 1, -1, 2, 3, 3]


def test_the_fingerprint_follows_images_and_labels():
    some = digits(5)
    assert fingerprint([some]) == fingerprint([digits(5)])
    assert fingerprint([some]) != fingerprint([digits(5, seed=1)])
    assert fingerprint([some]) != fingerprint([DigitSet("some", some.images, some.labels[::-1], some.writers)])


def write_mnist(folder, **changes):
    arrays = {
        "x_train": digits(20).images,
        "y_train": digits(20).labels,
        "x_test": digits(5).images,
        "y_test": digits(5).labels,
    }
    np.savez(
        folder / "mnist.npz", **{name: array for name, array in {**arrays, **changes}.items() if array is not None}
    )


def test_mnist_is_read_from_a_folder_with_its_writers(tmp_path):
    write_mnist(tmp_path)
    np.savez(tmp_path / "mnist_writers.npz", train_writer=np.arange(20), test_writer=np.arange(5))
    training, test = load_mnist(tmp_path)
    assert (len(training), len(test)) == (20, 5)
    assert training.writers.tolist() == list(range(20))


def test_mnist_without_its_writers_has_unknown_ones(tmp_path):
    write_mnist(tmp_path)
    assert set(load_mnist(tmp_path)[0].writers) == {UNKNOWN_WRITER}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"y_test": None}, "array y_test is missing", id="array missing"),
        pytest.param({"x_train": np.zeros((20, 28, 27), np.uint8)}, r"must be \(N, 28, 28\)", id="wrong shape"),
        pytest.param({"x_train": np.zeros((20, 28, 28))}, "uint8", id="floats"),
        pytest.param({"y_train": np.zeros(19, int)}, "20 images but labels", id="label missing"),
        pytest.param({"y_train": np.full(20, 0.5)}, "labels", id="labels that are no integers"),
        pytest.param(
            {"y_train": np.r_[np.zeros(7, int), 10, np.zeros(12, int)]}, "row 7: label 10", id="label of no digit"
        ),
    ],
)
def test_bad_mnist_is_refused_with_file_and_row(tmp_path, changes, reason):
    write_mnist(tmp_path, **changes)
    with pytest.raises(DatasetError, match=reason):
        load_mnist(tmp_path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 but not an archive"], ids=["empty", "damaged"])
def test_a_file_that_is_no_npz_is_refused(tmp_path, content):
    file = tmp_path / "own.npz"
    file.write_bytes(content)
    with pytest.raises(DatasetError, match=r"own\.npz"):
        load_digits(file, "own")


def test_pictures_of_any_size_and_polarity_are_normalised(tmp_path):
    picture = np.full((3, 50, 40), 230, np.uint8)
    picture[:, 10:40, 18:22] = 20
    picture[2] = 255 - picture[2]
    np.savez(tmp_path / "own.npz", x=picture, y=[1, 1, 1], source=["anna", "bert", "anna"])
    own = load_digits(tmp_path / "own.npz", "own")
    assert own.images.shape == (3, 28, 28)
    assert (own.images.max(axis=(1, 2)) == 255).all()
    assert own.writers[0] == own.writers[2] != own.writers[1]


def test_one_exam_of_the_answer_sheets_is_kept_for_reporting(tmp_path):
    picture = np.full((4, 28, 28), 255, np.uint8)
    picture[:, 5:20, 13:15] = 0
    np.savez(tmp_path / "sheets.npz", x=picture, y=[1, 1, 1, 1], source=["1081_1", "1082_2", "1082m", "1091"])
    training, reported = load_answer_sheets(tmp_path / "sheets.npz")
    assert (len(training), len(reported)) == (2, 2)
    assert not set(training.writers) & set(reported.writers)
