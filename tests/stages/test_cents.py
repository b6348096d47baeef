import pytest

from pipeline.document import Box
from pipeline.stages.cents import with_raised_cents
from pipeline.stages.paths import Step

WHOLE = [Step(c, 0.9, Box(40 * i, 20, 40 * i + 28, 70)) for i, c in enumerate("45")]


def small(text: str, top: int, bottom: int) -> list[Step]:
    return [Step(c, 0.9, Box(90 + 20 * i, top, 106 + 20 * i, bottom)) for i, c in enumerate(text)]


DASH = Step("-", 0.9, Box(88, 50, 128, 54))


@pytest.mark.parametrize(
    ("steps", "raw"),
    [
        pytest.param([*WHOLE, *small("67", 20, 48)], "45^67", id="small and raised"),
        pytest.param([*WHOLE, *small("67", 20, 48), DASH], "45^67", id="over a dash"),
        pytest.param([*WHOLE, *small("67", 42, 70)], "4567", id="small on the line"),
        pytest.param([*WHOLE, *small("67", 12, 60)], "4567", id="raised, not small"),
        pytest.param([*WHOLE, *small("6", 20, 48), *small("7", 20, 70)[:1]], "4567", id="one of them only"),
        pytest.param(WHOLE, "45", id="two digits have nothing before them"),
        pytest.param([], "", id="nothing"),
        pytest.param([Step(c, 0.0, Box(0, 0, 0, 0)) for c in "4567"], "4567", id="boxes unknown"),
        pytest.param(
            [Step(c, 0.9, Box(40 * i, 20 - 4 * i, 40 * i + 28, 70 - 4 * i)) for i, c in enumerate("45678")],
            "45678",
            id="a line that climbs",
        ),
    ],
)
def test_small_raised_digits_at_the_end_are_cents(steps, raw):
    assert "".join(step.char for step in with_raised_cents(steps)) == raw
