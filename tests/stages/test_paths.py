import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.stages.lattice import EMPTY_LATTICE
from pipeline.stages.paths import best_paths, scores_of
from pipeline.stages.segment import segment_field
from tests.stages.drawing import line_region

STROKES = [
    [(40, 25), (36, 85)],
    [(70, 25), (110, 25), (85, 85)],
    [(130, 30), (160, 30), (160, 80), (130, 80), (130, 30)],
]
LATTICE = segment_field(line_region(STROKES)).line.lattice
ROWS = st.lists(
    st.lists(st.floats(0.001, 1.0), min_size=11, max_size=11),
    min_size=len(LATTICE.candidates),
    max_size=len(LATTICE.candidates),
)


@given(ROWS)
def test_a_given_string_scores_no_less_than_the_path_that_proposed_it(rows):
    probabilities = np.array(rows, np.float32)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    paths = best_paths(LATTICE, probabilities)
    scores = scores_of([path.digits for path in paths], LATTICE, probabilities)
    assert all(scores[path.digits] >= path.score - 1e-4 for path in paths)
    best = max(paths, key=lambda path: path.score)
    assert scores[best.digits] == pytest.approx(best.score, abs=1e-4)


def test_strings_that_the_search_gave_up_have_scores_too():
    probabilities = np.full((len(LATTICE.candidates), 11), 0.01, np.float32)
    probabilities[:, 1] = 0.9
    few = best_paths(LATTICE, probabilities, count=1)
    scores = scores_of(["171", "111"], LATTICE, probabilities)
    assert "171" not in [path.digits for path in few]
    assert scores["171"] == pytest.approx(scores["111"] + np.log(0.01 / 0.9), abs=1.0)
    assert scores["171"] < scores["111"]


@pytest.mark.parametrize("text", ["1", "123456789012345678901234567890"], ids=["too few", "more than pieces"])
def test_string_that_no_path_spells_has_no_score(text):
    probabilities = np.full((len(LATTICE.candidates), 11), 1 / 11, np.float32)
    assert (text in scores_of([text], LATTICE, probabilities)) == (len(text) == 1 and has_path_of(1, probabilities))


def has_path_of(count, probabilities):
    return any(len(path.digits) == count for path in best_paths(LATTICE, probabilities, count=64))


def test_line_without_ink_spells_nothing():
    nothing = np.zeros((0, 11), np.float32)
    assert scores_of(["1"], EMPTY_LATTICE, nothing) == {}
    assert scores_of([], EMPTY_LATTICE, nothing) == {}
