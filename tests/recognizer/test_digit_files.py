"""Labelled digits come out the same from every form in which people keep them, and faults are named."""

import csv
import gzip
import struct

import numpy as np
import pytest
from PIL import Image

from recognizer.digit_files import Part, load_labelled_digits, require_every_digit
from recognizer.errors import DatasetError
from recognizer.normalize import ink_of_picture, normalize_digits
from recognizer.pen import draw_digit, random_hand

LABELS = np.array([3, 1, 4, 1, 5])


def pictures():
    """Five digits, 28 x 28, bright on black as in MNIST."""
    rng = np.random.default_rng(4)
    hand = random_hand(rng)
    inks = [draw_digit(int(label), hand, rng, height_px=60) for label in LABELS]
    return normalize_digits(inks)


def normalised(images):
    return normalize_digits([ink_of_picture(image) for image in images])


def write_npz(folder):
    np.savez(folder / "own.npz", x=pictures(), y=LABELS)
    return folder / "own.npz"


def write_keras(folder):
    x = pictures()
    np.savez(folder / "keras.npz", x_train=x[:1], y_train=LABELS[:1], x_test=x, y_test=LABELS)
    return folder / "keras.npz"


def idx_bytes(array):
    return struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.astype(np.uint8).tobytes()


def write_idx(folder):
    (folder / "t10k-images-idx3-ubyte").write_bytes(idx_bytes(pictures()))
    (folder / "t10k-labels-idx1-ubyte").write_bytes(idx_bytes(LABELS))
    return folder / "t10k-images-idx3-ubyte"


def write_gzipped_idx_folder(folder):
    for part, count in (("train", 2), ("t10k", 5)):
        (folder / f"{part}-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx_bytes(pictures()[:count])))
        (folder / f"{part}-labels-idx1-ubyte.gz").write_bytes(gzip.compress(idx_bytes(LABELS[:count])))
    return folder


def write_crops(folder):
    with (folder / "crops.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["file", "label"])
        for number, (picture, label) in enumerate(zip(pictures(), LABELS, strict=True)):
            Image.fromarray(255 - picture).save(folder / f"{number}.png")
            table.writerow([f"{number}.png", label])
    return folder / "crops.csv"


def write_pixels(folder, header=True):
    with (folder / "pixels.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        if header:
            table.writerow(["label", *(f"pixel{i}" for i in range(784))])
        for picture, label in zip(pictures(), LABELS, strict=True):
            table.writerow([label, *picture.ravel()])
    return folder / "pixels.csv"


def write_pixels_without_header(folder):
    return write_pixels(folder, header=False)


@pytest.mark.parametrize(
    "write",
    [
        write_npz,
        write_keras,
        write_idx,
        write_gzipped_idx_folder,
        write_crops,
        write_pixels,
        write_pixels_without_header,
    ],
)
def test_digits_are_the_same_in_every_form(write, tmp_path):
    found = load_labelled_digits(write(tmp_path))
    assert found.digits.labels.tolist() == LABELS.tolist()
    # Dark on light is the exact opposite of light on dark, up to the paper's own brightness.
    assert np.abs(found.digits.images.astype(int) - normalised(pictures())).max() <= 2
    assert len(found.places) == 5


def test_a_folder_a_digit_holds_pictures_of_any_size_polarity_and_format(tmp_path):
    for number, (picture, label) in enumerate(zip(pictures(), LABELS, strict=True)):
        (tmp_path / str(label)).mkdir(exist_ok=True)
        large = Image.fromarray(255 - picture).resize((90 + number, 120))
        large.save(tmp_path / str(label) / f"{number}.{('png', 'jpg', 'bmp', 'tif', 'webp')[number]}")
    (tmp_path / "1" / ".DS_Store").write_bytes(b"left behind")
    found = load_labelled_digits(tmp_path)
    assert found.digits.labels.tolist() == sorted(LABELS.tolist())
    assert found.digits.images.shape == (5, 28, 28)
    assert found.places[0].startswith("1/")


def test_black_on_transparent_is_read_as_black_on_white(tmp_path):
    ink = pictures()[0]
    rgba = np.dstack([np.zeros((28, 28, 3), np.uint8), ink])
    (tmp_path / "3").mkdir()
    Image.fromarray(rgba).save(tmp_path / "3" / "a.png")
    found = load_labelled_digits(tmp_path).digits.images[0].astype(int)
    assert np.abs(found - normalised([ink])[0]).max() <= 2


def test_the_training_part_is_taken_when_asked_for(tmp_path):
    assert len(load_labelled_digits(write_keras(tmp_path), Part.TRAIN).digits) == 1
    (tmp_path / "idx").mkdir()
    assert len(load_labelled_digits(write_gzipped_idx_folder(tmp_path / "idx"), Part.TRAIN).digits) == 2


def npz(**changes):
    def write(folder):
        np.savez(folder / "bad.npz", **{"x": pictures(), "y": LABELS, **changes})
        return folder / "bad.npz"

    return write


def text(content, name="bad.csv"):
    def write(folder):
        (folder / name).write_text(content)
        return folder / name

    return write


def folder_of(*names, content=b"no picture"):
    def write(folder):
        for name in names:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            if name.endswith("/"):
                (folder / name).mkdir()
            else:
                (folder / name).write_bytes(content)
        return folder

    return write


def cut_idx(folder):
    path = write_idx(folder)
    path.write_bytes(path.read_bytes()[:-1])
    return path


def lonely_idx(folder):
    path = write_idx(folder)
    (folder / "t10k-labels-idx1-ubyte").unlink()
    return path


def npz_without_y(folder):
    np.savez(folder / "bad.npz", x=pictures())
    return folder / "bad.npz"


FAULTS = [
    pytest.param(lambda folder: folder / "none.npz", r"none\.npz does not exist", id="missing file"),
    pytest.param(npz(x=pictures()[:, :, 0]), r"bad\.npz: x must be \(N, h, w\) uint8.*\(5, 28\)", id="wrong shape"),
    pytest.param(npz(x=pictures() / 255), "x must be .*float64", id="floats"),
    pytest.param(npz(x=np.where(np.arange(5)[:, None, None] == 2, np.nan, 1.0)), "x row 2 .*NaN", id="pixel NaN"),
    pytest.param(npz(y=np.array([1, 2, 3, 4, np.nan])), "y row 4 .*NaN", id="label NaN"),
    pytest.param(npz(y=LABELS[:4]), "5 pictures", id="label missing"),
    pytest.param(npz(y=np.array([1, 2, 3, 10, 4])), "row 3: label 10", id="label out of range"),
    pytest.param(npz(x=pictures()[:0], y=LABELS[:0]), "no digits", id="no rows"),
    pytest.param(text("PK\3\4 but no more", "bad.npz"), r"bad\.npz cannot be read as NPZ", id="damaged NPZ"),
    pytest.param(npz_without_y, "array y is missing", id="no labels"),
    pytest.param(cut_idx, "announces 3920 bytes of data and holds 3919", id="IDX cut off"),
    pytest.param(lonely_idx, r"no labels beside it; expected .*t10k-labels-idx1-ubyte", id="IDX without labels"),
    pytest.param(folder_of(), "neither IDX files nor folders", id="empty folder"),
    pytest.param(folder_of("letters/a.png"), "letters: a folder of pictures must be named", id="folder of no digit"),
    pytest.param(folder_of("7/"), "7 holds no picture", id="empty class"),
    pytest.param(folder_of("7/a.png"), r"7/a\.png cannot be read as a picture", id="no picture"),
    pytest.param(text("file,label\nno.png,3\n"), r"line 2: .*no\.png does not exist", id="crop missing"),
    pytest.param(text("file,digit\nno.png,3\n"), "column label is missing", id="column missing"),
    pytest.param(text("file,label\na.png\n"), "line 2: 1 cells", id="cell missing"),
    pytest.param(text("label,a,b,c,d\n1,0,0,0,0\n12,0,0,0,0\n"), "line 3: label 12 is not a digit", id="label 12"),
    pytest.param(text("label,a,b,c,d\n1,0,0,nan,0\n"), "line 2: pixel 2 is 'nan'", id="pixel is no number"),
    pytest.param(text("label,a,b,c,d\n1,0,0,256,0\n"), "line 2: pixel 2 is 256", id="pixel too bright"),
    pytest.param(text("1,0,0,0,0\n1,0,0,0\n"), "line 2: 4 numbers", id="pixel missing"),
    pytest.param(text("label,a,b\n1,0,0\n"), "square picture", id="no square"),
    pytest.param(text(""), "square picture", id="empty table"),
    pytest.param(text("label,a,b,c,d\n"), "no digits", id="header alone"),
    pytest.param(text("a\0b", "bad.bin"), "none of NPZ, IDX, CSV", id="something else"),
]


@pytest.mark.parametrize(("write", "message"), FAULTS)
def test_what_does_not_fit_is_named(write, message, tmp_path):
    with pytest.raises(DatasetError, match=message):
        load_labelled_digits(write(tmp_path))


def test_training_needs_all_ten_digits(tmp_path):
    digits = load_labelled_digits(write_npz(tmp_path)).digits
    with pytest.raises(DatasetError, match=r"own\.npz holds no example of the digit 0"):
        require_every_digit(digits, tmp_path / "own.npz")
