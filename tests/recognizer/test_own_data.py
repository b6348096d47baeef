import numpy as np
import pytest
from PIL import Image

from recognizer.dataset import UNKNOWN_WRITER, DigitSet
from recognizer.digit_files import comes_in_parts
from recognizer.errors import DatasetError
from recognizer.own_data import load_own_data, split_by_class
from recognizer.training_options import Classes


def pictures(count):
    """Dark bars of different heights on light paper."""
    x = np.full((count, 20, 20), 240, np.uint8)
    for row, picture in enumerate(x):
        picture[2 : 8 + row % 10, 9:11] = 10
    return x


def npz(path, labels, **more):
    np.savez(path, x=pictures(len(labels)), y=np.asarray(labels), **more)
    return path


def folder_of(tmp_path, counts):
    for name, count in counts.items():
        place = tmp_path / "set" / name
        place.mkdir(parents=True)
        for number, picture in enumerate(pictures(count)):
            Image.fromarray(picture).save(place / f"{number}.png")
    return tmp_path / "set"


def test_each_class_is_parted_alike_though_the_file_is_sorted(tmp_path):
    own = load_own_data(npz(tmp_path / "sorted.npz", np.repeat(np.arange(10), 20)), Classes.DIGITS)
    assert (len(own.training), len(own.validation), len(own.test)) == (160, 20, 20)
    for part in (own.training, own.validation, own.test):
        assert np.unique(part.labels).tolist() == list(range(10))
    assert own.test.name == "sorted test"


def test_a_test_part_of_its_own_is_taken_as_it_is(tmp_path):
    x, y = pictures(40), np.tile(np.arange(10), 4)
    np.savez(tmp_path / "keras.npz", x_train=x, y_train=y, x_test=x[:10], y_test=y[:10])
    own = load_own_data(tmp_path / "keras.npz", Classes.DIGITS)
    assert (len(own.training), len(own.validation), len(own.test)) == (30, 10, 10)
    assert comes_in_parts(tmp_path / "keras.npz")
    assert not comes_in_parts(npz(tmp_path / "whole.npz", [1, 2]))


def test_a_trial_takes_of_every_class(tmp_path):
    own = load_own_data(npz(tmp_path / "sorted.npz", np.repeat(np.arange(10), 20)), Classes.DIGITS, limit=50)
    assert len(own.training) + len(own.validation) + len(own.test) == 50
    assert np.unique(own.training.labels).tolist() == list(range(10))


def test_names_of_folders_become_classes(tmp_path):
    own = load_own_data(folder_of(tmp_path, {"b": 5, "a": 4, "ka": 3}), Classes.OWN)
    assert own.classes == ("a", "b", "ka")
    assert np.bincount(own.training.labels).tolist() == [2, 3, 1]


def test_numbers_become_classes_in_the_order_of_their_size(tmp_path):
    own = load_own_data(npz(tmp_path / "letters.npz", np.repeat([2, 10, 1], 5)), Classes.OWN)
    assert own.classes == ("1", "2", "10")
    assert np.bincount(own.training.labels).tolist() == [3, 3, 3]


def test_a_table_may_hold_any_labels(tmp_path):
    folder = folder_of(tmp_path, {"x": 3, "y": 3})
    lines = [f"{name}/{number}.png,letter {name}" for name in "xy" for number in range(3)]
    (folder / "crops.csv").write_text("file,label\n" + "\n".join(lines))
    assert load_own_data(folder / "crops.csv", Classes.OWN).classes == ("letter x", "letter y")


def lacking_a_digit(tmp_path):
    return npz(tmp_path / "d.npz", np.repeat(np.arange(9), 4)), Classes.DIGITS


def no_digits(tmp_path):
    return npz(tmp_path / "d.npz", np.repeat(np.arange(26), 4)), Classes.DIGITS


def a_rare_class(tmp_path):
    return folder_of(tmp_path, {"a": 5, "b": 2}), Classes.OWN


def an_empty_class(tmp_path):
    folder = folder_of(tmp_path, {"a": 5})
    (folder / "b").mkdir()
    return folder, Classes.OWN


def an_empty_label(tmp_path):
    folder = folder_of(tmp_path, {"a": 5})
    (folder / "t.csv").write_text("file,label\na/0.png,a\na/1.png, \n")
    return folder / "t.csv", Classes.OWN


def a_class_in_the_test_part_only(tmp_path):
    x = pictures(12)
    np.savez(tmp_path / "k.npz", x_train=x, y_train=np.repeat([1, 2], 6), x_test=x[:2], y_test=np.array([1, 3]))
    return tmp_path / "k.npz", Classes.OWN


def not_a_number(tmp_path):
    x = np.zeros((30, 8, 8), np.float32)
    x[4, 1, 1] = np.nan
    np.savez(tmp_path / "n.npz", x=x, y=np.tile(np.arange(10), 3))
    return tmp_path / "n.npz", Classes.OWN


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (lacking_a_digit, r"d\.npz holds no example of the digit 9"),
        (no_digits, r"d\.npz: .*row 40: label 10 is not a digit"),
        (a_rare_class, "class 'b' has too few pictures"),
        (an_empty_class, "set/b holds no picture"),
        (an_empty_label, r"t\.csv, line 3: the label is empty"),
        (a_class_in_the_test_part_only, r"k\.npz, row 1: class '3' does not occur in training"),
        (not_a_number, r"n\.npz: x row 4 is not a number"),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_bad_data_is_refused_with_file_and_place(tmp_path, make, reason):
    with pytest.raises(DatasetError, match=reason):
        load_own_data(*make(tmp_path))


def test_what_is_kept_of_a_class_is_its_end(tmp_path):
    rows = np.arange(20)
    images = np.broadcast_to(rows[:, None, None].astype(np.uint8), (20, 28, 28))
    digits = DigitSet("d", images, (rows % 2).astype(np.int32), np.full(20, UNKNOWN_WRITER, np.int32))
    rest, kept = split_by_class(digits, ("0", "1"), tmp_path)
    assert kept.images[:, 0, 0].tolist() == [18, 19]
    assert rest.images[:, 0, 0].tolist() == list(range(18))
