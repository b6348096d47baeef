"""What the server answers, as its OpenAPI description says."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from pipeline.document import Decision, FieldReading
from pipeline.field_line import field_line
from recognizer.readings import DIGIT_COUNT, NOT_A_DIGIT, DigitReadings

TOP = 3

Probability = Annotated[float, Field(ge=0, le=1)]
Digit = Annotated[int, Field(ge=0, lt=DIGIT_COUNT)]


class DigitGuess(BaseModel):
    """A digit and its probability."""

    digit: Digit
    confidence: Probability


class Prediction(BaseModel):
    """One handwritten digit."""

    prediction: Digit = Field(description="the likeliest digit, also where `is_digit` is false")
    confidence: Probability = Field(description="its probability")
    is_digit: bool = Field(description="false when the picture more likely shows no single digit")
    probabilities: list[Probability] = Field(
        min_length=DIGIT_COUNT, max_length=DIGIT_COUNT, description="of the digits 0 to 9"
    )
    not_a_digit: Probability = Field(description="probability that the picture shows no single digit")
    top: list[DigitGuess] = Field(min_length=TOP, max_length=TOP, description="the likeliest digits, best first")


class OtherValue(BaseModel):
    """Another value the field may have."""

    value: str
    confidence: Probability


class Character(BaseModel):
    """One character as written, with its box in pixels of the picture: left, top, right, bottom."""

    char: str
    confidence: Probability
    box_px: Annotated[list[int], Field(min_length=4, max_length=4)]


class FieldAnswer(BaseModel):
    """One field, as `fieldreader read` prints it."""

    file: str
    value: str | None = Field(description="a proposal where the decision is `review`; null when nothing was read")
    raw: str | None = Field(description="as written")
    confidence: Probability = Field(description="probability that the whole value is right")
    decision: Decision
    reasons: list[str]
    alternatives: list[OtherValue]
    characters: list[Character]


class ErrorFacts(BaseModel):
    """A stable code and a sentence."""

    code: str
    message: str


class ErrorAnswer(BaseModel):
    """Why a request was refused."""

    error: ErrorFacts


class Health(BaseModel):
    """The server is up, and which model it reads with."""

    status: str
    model: str
    version: str


def prediction_of(readings: DigitReadings) -> Prediction:
    """The answer to one picture of a digit."""
    # Rounding in float32 may leave a probability a hair above one.
    row = [min(1.0, float(value)) for value in readings.probabilities[0]]
    order = sorted(range(DIGIT_COUNT), key=lambda digit: -row[digit])
    best = order[0]
    return Prediction(
        prediction=best,
        confidence=row[best],
        is_digit=row[best] >= row[NOT_A_DIGIT],
        probabilities=row[:DIGIT_COUNT],
        not_a_digit=row[NOT_A_DIGIT],
        top=[DigitGuess(digit=digit, confidence=row[digit]) for digit in order[:TOP]],
    )


def field_answer(name: str, reading: FieldReading) -> FieldAnswer:
    """The answer to one picture of a field."""
    return FieldAnswer.model_validate(field_line(name, reading))
