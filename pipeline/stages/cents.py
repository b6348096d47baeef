"""Cents that a hand writes small and raised, often over a dash, behind the whole amount: found by their place."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from pipeline.document import Box
from pipeline.stages.paths import Step
from pipeline.values.amounts import DECIMALS, RAISED

SMALL = 0.75
"""Height beside the digits before, under which both of the last two are small."""
LIFTED = 0.2
"""How far their feet stand over the others', in digit heights; a slanting line lifts its end by less."""
SURE = 0.9
"""Sureness of the break before digits that are both small and lifted; by eye on drawn amounts."""


def with_raised_cents(steps: Sequence[Step]) -> tuple[Step, ...]:
    """Steps of an amount, with `^` before its last two digits where these are small and raised.

    A dash under such digits belongs to them and is dropped.

    Args:
        steps: digits and marks, left to right, boxes tight from top to bottom.
    """
    places = [place for place, step in enumerate(steps) if step.char.isdigit()]
    if len(places) <= DECIMALS:
        return tuple(steps)
    before, small = [steps[i].box for i in places[:-DECIMALS]], [steps[i].box for i in places[-DECIMALS:]]
    height = median(box.height for box in before)
    # The nearest digit tells a slanting line from raised cents.
    foot = before[-1].bottom
    is_raised = height > 0 and all(
        0 < box.height <= SMALL * height and foot - box.bottom >= LIFTED * height for box in small
    )
    if not is_raised:
        return tuple(steps)
    kept = [step for step in steps if not (step.char == "-" and _is_under(step.box, small[0].union(small[1])))]
    start = kept.index(steps[places[-DECIMALS]])
    edge = Box(small[0].left, small[0].top, small[0].left, small[0].bottom)
    return (*kept[:start], Step(RAISED, SURE, edge), *kept[start:])


def _is_under(dash: Box, digits: Box) -> bool:
    shared = min(dash.right, digits.right) - max(dash.left, digits.left)
    return shared > 0.5 * min(dash.width, digits.width) and dash.top + dash.bottom > digits.top + digits.bottom
