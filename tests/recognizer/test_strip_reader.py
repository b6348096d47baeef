import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import recognizer
from recognizer.errors import ModelError
from recognizer.pen import draw_strokes, random_hand, write_line
from recognizer.strip_reader import StripReader

SHIPPED = Path(recognizer.__file__).parent / "weights" / "fieldreader-1" / "strips.tflite"


@pytest.fixture(scope="module")
def reader():
    return StripReader(SHIPPED)


def written(text, seed, height=40):
    """A clean strip: `text` in one imagined hand, dark on light."""
    random = np.random.default_rng(seed)
    hand = random_hand(random)
    ink = draw_strokes(write_line(text, hand, random).strokes, height, hand.pen_width * height, hand.touch, random)
    return np.pad(255 - ink, 12, constant_values=255)


def random_text(random):
    return "".join(map(str, random.integers(0, 10, random.integers(1, 9))))


def test_no_strips_give_no_readings(reader):
    assert len(reader.read_strips([])) == 0


@pytest.mark.parametrize(
    "strip",
    [
        np.zeros((0, 0), np.uint8),
        np.zeros((0, 40), np.uint8),
        np.full((1, 1), 128, np.uint8),
        np.full((1, 300), 10, np.uint8),
        np.full((300, 1), 10, np.uint8),
        np.full((40, 200), 255, np.uint8),
        np.zeros((40, 200), np.uint8),
        np.full((5, 9000), 200, np.uint8),
    ],
    ids=["no pixels", "no rows", "one pixel", "one row", "one column", "white", "all ink", "very long"],
)
def test_a_strip_without_writing_still_gets_a_reading(reader, strip):
    (candidates,) = reader.read_strips([strip]).candidates
    assert 1 <= len(candidates) <= 5
    assert all(np.isfinite(candidate.log_probability) for candidate in candidates)


@pytest.mark.parametrize("strip", [np.full((40, 200), 255, np.uint8), np.full((1, 1), 128, np.uint8)])
def test_blank_paper_reads_as_no_digits(reader, strip):
    assert reader.read_strips([strip]).candidates[0][0].text == ""


def test_most_clean_writing_is_read(reader):
    random = np.random.default_rng(0)
    texts = [random_text(random) for _ in range(40)]
    readings = reader.read_strips([written(text, seed) for seed, text in enumerate(texts)])
    right = sum(candidates[0].text == text for candidates, text in zip(readings.candidates, texts, strict=True))
    assert right >= 32


def test_combs_are_read_by_their_writing_whatever_paper_lies_above_and_below(reader):
    picture = written("4807", seed=5)
    low = np.pad(picture, ((picture.shape[0] // 3, 0), (0, 0)), mode="edge")
    assert [candidates[0].text for candidates in reader.read_combs([picture, low]).candidates] == ["4807", "4807"]


def test_candidates_come_likeliest_first_with_a_span_a_digit(reader):
    strip = written("2096", seed=3)
    (candidates,) = reader.read_strips([strip]).candidates
    scores = [candidate.log_probability for candidate in candidates]
    assert scores == sorted(scores, reverse=True)
    assert max(scores) <= 0
    for candidate in candidates:
        assert len(candidate.spans) in (0, len(candidate.text))
        edges = [edge for span in candidate.spans for edge in span]
        assert edges == sorted(edges)
        assert all(0 <= edge <= strip.shape[1] for edge in edges)


def test_spans_lie_on_the_digits(reader):
    random = np.random.default_rng(8)
    hand = random_hand(random)
    line = write_line("38", hand, random)
    ink = draw_strokes(line.strokes, 40, 3, hand.touch, random)
    strip = np.pad(255 - ink, ((6, 6), (30, 30)), constant_values=255)
    best = reader.read_strips([strip]).candidates[0][0]
    columns = np.flatnonzero((strip < 128).any(axis=0))
    assert best.text == "38"
    assert columns[0] - 6 <= best.spans[0][0] < best.spans[1][1] <= columns[-1] + 6


def test_a_strip_reads_the_same_alone_and_among_others(reader):
    strips = [written("71", 1), written("12345678", 2, height=90), written("5", 3, height=16)]
    together = reader.read_strips(strips).candidates
    backwards = reader.read_strips(strips[::-1]).candidates[::-1]
    alone = tuple(reader.read_strips([strip]).candidates[0] for strip in strips)
    assert together == alone == backwards


@pytest.mark.parametrize("content", [None, b"", b"not a network"], ids=["missing", "empty", "foreign"])
def test_a_bad_model_file_is_refused_by_name(tmp_path, content):
    path = tmp_path / "strips.tflite"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ModelError, match=r"strips\.tflite"):
        StripReader(path)


def test_a_truncated_model_file_is_refused(tmp_path):
    path = tmp_path / "strips.tflite"
    path.write_bytes(SHIPPED.read_bytes()[:20_000])
    with pytest.raises(ModelError, match="damaged"):
        StripReader(path)


def test_reading_loads_neither_tensorflow_nor_keras():
    check = "import sys, recognizer.strip_reader; sys.exit(bool({'tensorflow', 'keras'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", check], check=False).returncode == 0
