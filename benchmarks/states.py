"""Blank, struck out, overflowing, not a digit, faint, clipped: is each told, and is nothing of it accepted?

    FIELDREADER_DATA=... python -m benchmarks.states --bundle recognizer/weights/fieldreader-1 [--fields 100]
        [--half tune|report]

Fields drawn by our own generator, half of them by MNIST test writers, half by fresh hands of our pen; combs and lines.
"Accepted" means at a confidence of 0.9, laxer than a budget of 1 % allows, so that the figures speak of the states and
not of the operating point. "Told" means the reason (or the decision `blank`) that belongs to the state.
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.drawn import stains, states
from benchmarks.drawn.fields import pen_hand
from benchmarks.drawn.glyphs import DigitSource, WriterHand, unseen_hands
from benchmarks.drawn.states import Manner, Sheet, draw_state
from benchmarks.machine import describe_machine
from pipeline.confidence.operating_point import OperatingPoint, Threshold, load_operating_point
from pipeline.document import Decision, FieldReading, Reason
from pipeline.stages.decide import DecideOptions, decide_field
from pipeline.stages.decode import decode_field
from pipeline.stages.read import read_fields
from pipeline.stages.segment import segment_field
from recognizer.bundle import OPERATING_POINT, open_bundle
from recognizer.proportions import wilson_interval
from recognizer.reader import load_recognizer
from recognizer.readings import Recognizer

SEED = 20
CHUNK = 50
LAX = Threshold(0.9, True)
STATES = tuple(
    str(name)
    for name in (
        *(Decision.BLANK, Reason.STRUCK_OUT, Reason.NOT_A_DIGIT),
        *(Reason.OVERFLOW, Reason.FAINT, Reason.CLIPPED),
    )
)


@dataclass(frozen=True)
class Case:
    """One manner of one state.

    Attributes:
        told: what shows that the state was recognised.
        share: how many of the fields asked for are drawn; blanks are cheap and their target is strict.
    """

    state: str
    manner: str
    draw: Manner
    told: Callable[[FieldReading], bool]
    share: float = 1.0


@dataclass(frozen=True)
class Tally:
    """What became of the fields of one case; `called` counts every state that they were taken for."""

    case: Case
    layout: str
    n: int
    accepted: int
    told: int
    called: Mapping[str, int]

    @property
    def line(self) -> str:
        return (
            f"| {self.case.state} | {self.case.manner} | {self.layout} | {self.n} | {_share(self.accepted, self.n)} "
            f"| {_share(self.told, self.n)} |"
        )


def is_blank(reading: FieldReading) -> bool:
    return reading.decision is Decision.BLANK


def has_reason(*reasons: Reason) -> Callable[[FieldReading], bool]:
    """Claim that a field goes to review with one of these reasons."""
    return lambda reading: any(str(reason) in reading.reasons for reason in reasons)


def cases() -> Iterator[Case]:
    """Every state in every manner."""
    for name, stain in stains.BLANKS.items():
        yield Case("blank", name, stain, is_blank, share=3.0)
    yield Case(
        "filled", "plain", states.write, lambda reading: reading.value is not None and not is_blank(reading), 5.0
    )
    for name, strike in states.STRIKES.items():
        mark = " (looked at)" if name in states.LOOKED_AT else ""
        yield Case("struck out", name + mark, struck(strike), has_reason(Reason.STRUCK_OUT))
    for name, stain in stains.NON_DIGITS.items():
        yield Case("not a digit", name, stain, has_reason(Reason.NOT_A_DIGIT, Reason.STRUCK_OUT))
    for name, manner in (("too large", states.too_large), ("beyond the end", states.beyond_the_end)):
        yield Case("overflow", name, manner, has_reason(Reason.OVERFLOW))
    yield Case("faint", "20 to 35 gray levels", states.faint, has_reason(Reason.FAINT))
    yield Case("clipped", "cut in the last digit", states.cut_off, has_reason(Reason.CLIPPED))


def struck(strike: Callable[[Sheet, np.random.Generator], None]) -> Manner:
    """A field written, then struck out."""

    def manner(sheet: Sheet, source: DigitSource, rng: np.random.Generator) -> None:
        states.write(sheet, source, rng)
        strike(sheet, rng)

    return manner


def measure(
    case: Case,
    is_comb: bool,
    count: int,
    hands: Sequence[WriterHand],
    recognizer: Recognizer,
    point: OperatingPoint,
    seed: int = SEED,
) -> Tally:
    """Draw, read and decide the fields of one case."""
    rng = np.random.default_rng([seed, is_comb, *case.manner.encode()])
    accepted = told = 0
    called: Counter[str] = Counter()
    for start in range(0, count, CHUNK):
        sources = [
            pen_hand(rng) if i % 2 else hands[int(rng.integers(len(hands)))] for i in range(min(CHUNK, count - start))
        ]
        fields = [segment_field(draw_state(case.draw, is_comb, source, rng)) for source in sources]
        for field, evidence in zip(fields, read_fields(fields, recognizer), strict=True):
            reading = decide_field(field, decode_field(field, evidence, point), LAX, DecideOptions())
            accepted += reading.decision is Decision.ACCEPTED
            told += case.told(reading)
            called.update(state for state in STATES if state in (*reading.reasons, str(reading.decision)))
    return Tally(case, "comb" if is_comb else "line", count, accepted, told, called)


def _share(count: int, n: int) -> str:
    low, high = wilson_interval(count, n)
    return f"{100 * count / n:.2f} % ({100 * low:.2f}-{100 * high:.2f})"


def totals(tallies: Sequence[Tally]) -> Iterator[str]:
    """One line a state and layout; strikes only in manners that nothing was tuned on, if there are any."""
    for state in dict.fromkeys(tally.case.state for tally in tallies):
        for layout in ("comb", "line"):
            mine = [
                t for t in tallies if t.case.state == state and t.layout == layout and "(looked" not in t.case.manner
            ]
            if mine:
                n, accepted, told = (sum(v) for v in zip(*((t.n, t.accepted, t.told) for t in mine), strict=True))
                yield f"| {state} | all | {layout} | {n} | {_share(accepted, n)} | {_share(told, n)} |"


def mistaken(tallies: Sequence[Tally]) -> Iterator[str]:
    """A table of what the fields of every state were called, in percent."""
    yield "| state | layout | n | " + " | ".join(STATES) + " |"
    yield "|---|---|---|" + "---|" * len(STATES)
    for state in dict.fromkeys(tally.case.state for tally in tallies):
        for layout in ("comb", "line"):
            mine = [t for t in tallies if t.case.state == state and t.layout == layout]
            n = sum(t.n for t in mine)
            shares = (_share(sum(t.called.get(name, 0) for t in mine), n) for name in STATES)
            yield f"| {state} | {layout} | {n} | " + " | ".join(shares) + " |"


def main() -> None:
    """Measure every state and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bundle", type=Path, required=True)
    parser.add_argument("--fields", type=int, default=100, help="fields a manner and layout")
    parser.add_argument("--seed", type=int, default=SEED, help="other fields")
    parser.add_argument("--half", choices=("tune", "report"), default="tune", help="of MNIST's test writers")
    parser.add_argument("--only", help="measure one state")
    arguments = parser.parse_args()
    bundle = open_bundle(arguments.bundle)
    recognizer = load_recognizer(bundle, "cpu")
    point = load_operating_point(bundle.file(OPERATING_POINT))
    data = Path(os.environ.get("FIELDREADER_DATA", ""))
    hands = [hand for hand in unseen_hands(data, arguments.half) if len(hand.by_digit) == 10]
    print(f"{describe_machine()}\n")
    print("| state | manner | layout | n | accepted at 0.9 | told |")
    print("|---|---|---|---|---|---|")
    tallies = []
    for case in cases():
        if arguments.only not in (None, case.state):
            continue
        for is_comb in (True, False):
            count = round(arguments.fields * case.share)
            tallies.append(measure(case, is_comb, count, hands, recognizer, point, arguments.seed))
            print(tallies[-1].line, flush=True)
    for line in totals(tallies):
        print(line)
    print()
    for line in mistaken(tallies):
        print(line)


if __name__ == "__main__":
    main()
