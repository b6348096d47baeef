"""What is written into a field, beside the truth about it: short ways to say so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sample_docs.generator.fill import Entry, Treatment

Answers = Mapping[str, "Answer"]
"""By field name; fields left out are empty."""


class Expected(StrEnum):
    """What a good reader does with a field."""

    ACCEPTED = "accepted"
    REVIEW = "review"
    BLANK = "blank"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Answer:
    """One field as filled in, with the truth about it.

    Attributes:
        entry: what is written.
        value: normalised as in result files; None when nothing can be read.
    """

    entry: Entry
    value: str | None
    expected: Expected = Expected.ACCEPTED
    reason: str = ""
    note: str = ""


def digits(
    text: str, crowding: float = 0.0, expected: Expected = Expected.ACCEPTED, reason: str = "", note: str = ""
) -> Answer:
    """A number in a comb or on a line: the value is what is written."""
    return Answer(Entry(text, crowding), text, expected, reason, note)


def amount_cells(value: str) -> Answer:
    """An amount in the eight cells of a slip, right-aligned, its last two cells cents."""
    return Answer(Entry(value.replace(".", "").rjust(8)), value)


def amount_line(text: str, value: str) -> Answer:
    """An amount as written on a free line."""
    return Answer(Entry(text), value)


def day(value: str) -> Answer:
    """An ISO date in eight boxes, day first."""
    year, month, date = value.split("-")
    return Answer(Entry(date + month + year), value)


def crossed_out(text: str) -> Answer:
    """Digits written and then struck through: no value stands."""
    return Answer(Entry(text, treatment=Treatment.STRUCK_OUT), None, Expected.REVIEW, "struck_out")


def scribbled() -> Answer:
    """A field full of scribble."""
    return Answer(
        Entry("", treatment=Treatment.SCRIBBLED), None, Expected.REVIEW, "not_a_digit", "blotted with scribble"
    )


def survey(respondent: str, home: str, work: str = "", crowding: float = 0.0) -> dict[str, Answer]:
    """Answers on the survey form."""
    answers = {"respondent": respondent, "postal_code_home": home, "postal_code_work": work}
    return {name: digits(text, crowding) for name, text in answers.items() if text}


def giro(account: str, reference: str, amount: str) -> dict[str, Answer]:
    """What is to be paid, on a slip."""
    return {"account": digits(account), "reference": digits(reference), "amount": amount_cells(amount)}


def cheque(date: str, amount: Answer) -> dict[str, Answer]:
    """What is to be paid, on a cheque."""
    return {"date": day(date), "amount": amount}


def exam(student: str, booklet: str, grade: str) -> dict[str, Answer]:
    """The head of an exam sheet; an empty text leaves its field empty."""
    answers = {"student_id": student, "booklet": booklet, "grade": grade}
    return {name: digits(text) for name, text in answers.items() if text}
