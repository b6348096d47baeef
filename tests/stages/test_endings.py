import pytest

from pipeline.document import Box
from pipeline.stages.endings import with_slash_endings
from pipeline.stages.paths import Step


def steps(text: str, last_digit: Box) -> tuple[Step, ...]:
    digits = [i for i, c in enumerate(text) if c.isdigit()]
    return tuple(
        Step(c, 0.9, last_digit if i == digits[-1] else Box(40 * i, 20, 40 * i + 25, 70)) for i, c in enumerate(text)
    )


@pytest.mark.parametrize(
    ("text", "box", "best"),
    [
        pytest.param("5001-", Box(120, 20, 165, 75), "500/-", id="wide stroke is a slash"),
        pytest.param("5001-", Box(120, 10, 140, 75), "500/-", id="tall stroke is a slash"),
        pytest.param("5001-", Box(120, 20, 128, 70), "5001-", id="upright one stays a one"),
        pytest.param("5001", Box(120, 20, 165, 75), "5001", id="no dash, no slash"),
        pytest.param("5007-", Box(120, 20, 165, 75), "5007-", id="no one, no slash"),
        pytest.param("1-", Box(0, 20, 50, 75), "1-", id="a lone one is the amount"),
    ],
)
def test_slash_before_a_dash_is_told_from_a_one(text, box, best):
    told = with_slash_endings([(steps(text, box), 0.8)])
    assert "".join(s.char for s in told[0][0]) == best
    assert sum(p for _, p in told) == pytest.approx(0.8)


@pytest.mark.parametrize(
    ("text", "best", "others"),
    [
        pytest.param("4567/100", "4567/100", 0, id="read as a slash"),
        pytest.param("45671100", "4567/100", 1, id="read as a one"),
        pytest.param("1100", "1100", 0, id="eleven hundred"),
        pytest.param("71100", "71100", 0, id="too short for cents and a hundred"),
    ],
)
def test_slash_before_a_hundred_is_told_from_a_one(text, best, others):
    told = with_slash_endings([(steps(text, Box(300, 20, 325, 70)), 0.8)])
    assert "".join(s.char for s in told[0][0]) == best
    assert len(told) == 1 + others
