import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.confidence.combiner import FITTED, PRIOR, Candidate, Combiner, fit_combiner

LOGS = st.one_of(st.none(), st.floats(-40, 0))
CANDIDATES = st.lists(st.builds(Candidate, st.text("0123456789", min_size=1, max_size=9), LOGS, LOGS), max_size=8)


@settings(deadline=None)
@given(CANDIDATES, st.sampled_from([FITTED, Combiner(PRIOR), Combiner({})]))
def test_probabilities_of_candidates_sum_to_one(candidates, combiner):
    logs = combiner.log_probabilities(candidates)
    assert len(logs) == len(candidates)
    if candidates:
        assert math.fsum(map(math.exp, logs)) == pytest.approx(1)


@pytest.mark.parametrize("combiner", [FITTED, Combiner(PRIOR)], ids=["fitted", "prior"])
def test_both_readers_are_heard_and_the_strip_louder(combiner):
    both, strip_only = Candidate("17", -1.0, -1.0), Candidate("71", -1.0, -9.0)
    assert combiner.log_probabilities([both, strip_only])[0] > math.log(0.5)
    strip, lattice = Candidate("17", -1.0, -6.0), Candidate("71", -6.0, -1.0)
    assert combiner.log_probabilities([strip, lattice])[0] > math.log(0.5)


def test_fit_learns_whom_to_believe():
    rng = np.random.default_rng(0)
    lines, truths = [], []
    for _ in range(200):
        truth = "1" if rng.random() < 0.5 else "7"
        heard = truth if rng.random() < 0.9 else "17".replace(truth, "")
        noise = rng.choice(["1", "7"])
        lines.append([Candidate(c, -0.1 if c == noise else -3.0, -0.1 if c == heard else -3.0) for c in "17"])
        truths.append(truth)
    weights = fit_combiner(lines, truths).weights
    assert weights["by_lattice"] > 3 * abs(weights["by_strip"])


def test_without_lines_that_teach_the_prior_stays():
    assert fit_combiner([], []).weights == PRIOR
    assert fit_combiner([[Candidate("1", -1.0, None)]], ["7"]).weights == PRIOR
