import csv

import cv2
import numpy as np
import pytest

from recognizer.errors import DatasetError
from recognizer.strip_watch import edit_distance, half_of, load_amounts


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [
        ("", "", 0),
        ("", "12", 2),
        ("12", "", 2),
        ("1024", "1024", 0),
        ("1024", "124", 1),
        ("100", "700", 1),
        ("12", "21", 2),
    ],
    ids=["both empty", "all missing", "all too much", "equal", "one lost", "one wrong", "swapped"],
)
def test_edits_are_counted(first, second, distance):
    assert edit_distance(first, second) == distance


@pytest.fixture
def amounts(tmp_path):
    (tmp_path / "images").mkdir()
    names = [f"{number}.png" for number in range(8)]
    for name in names:
        cv2.imwrite(str(tmp_path / "images" / name), np.full((20, 40), 200, np.uint8))
    with (tmp_path / "labels.csv").open("w", newline="") as table:
        writer = csv.writer(table)
        writer.writerows([("file", "label"), *((name, str(number)) for number, name in enumerate(names))])
    return tmp_path


def test_every_amount_is_in_one_half(amounts):
    tune, report = load_amounts(amounts, "tune"), load_amounts(amounts, "report")
    assert len(tune) == sum(half_of(f"{number}.png") == "tune" for number in range(8))
    assert sorted(strip.label for strip in tune + report) == [str(number) for number in range(8)]


def test_a_picture_that_cannot_be_read_is_named(amounts):
    for number in range(8):
        (amounts / "images" / f"{number}.png").write_bytes(b"no picture")
    with pytest.raises(DatasetError, match=r"\d\.png"):
        load_amounts(amounts, "tune")


def test_a_folder_without_labels_is_named(tmp_path):
    with pytest.raises(DatasetError, match=r"labels\.csv"):
        load_amounts(tmp_path, "tune")
