"""What stands in the review queue: one field with the machine's proposal and, later, a person's answer."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from dataclasses import dataclass
from enum import StrEnum

from pipeline.document import Alternative, CharacterReading, FieldKind, FieldSpec, Polygon
from pipeline.errors import QueueError
from pipeline.values.grammar import digits_of, lengths_allowed, normalise

ID_LENGTH = 20
"""Hexadecimal digits of an item's id: 80 bits, so that two of a billion items collide once in a million queues."""
LONGEST_ANSWER = 64
"""No digit field holds more; what is longer was pasted by mistake."""
CONFIRMS, UNREADABLE, BLANK = "=", "?", "blank"
"""Answers that are no values. A word for "nothing is written here", since a dash may be what is written."""

_KEYED_DIGITS = re.compile(r"[0-9][0-9 /.-]*", re.ASCII)
_KEYED_AMOUNT = re.compile(r"-?[0-9][0-9 .,']*", re.ASCII)
_ISO_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)


class ItemState(StrEnum):
    """Where an item stands. Open ones still wait for a person; the others are settled.

    `CLAIMED` is a pending item that somebody has on his screen. It is not stored: it ends by itself, with the claim.
    """

    PENDING = "pending"
    CLAIMED = "claimed"
    ESCALATED = "escalated"
    CONFIRMED = "confirmed"
    CORRECTED = "corrected"
    BLANK = "blank"
    """Nothing is written there, as a person saw."""
    UNREADABLE = "unreadable"


OPEN_STATES = frozenset({ItemState.PENDING, ItemState.CLAIMED, ItemState.ESCALATED})


class Keying(StrEnum):
    """How a person keys an item."""

    SHOWN = "shown"
    """The machine's reading stands beside the field, to confirm or replace."""
    BLIND = "blind"
    """Second key: the machine's reading is hidden and counts as the first key."""
    AUDIT = "audit"
    """Second key to a value that was accepted, to measure how many of those are wrong."""


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """One field in the queue.

    Attributes:
        id: stable for source, document and field; see `item_id`.
        source_id: SHA-256 of the file's bytes.
        source_names: every path under which the content was seen.
        document: number of the filled-in form in the file, from 1.
        page: page in the file, from 1.
        template: name of the form; None without one.
        spec: what the form promises of the field; without its place.
        polygon_px: corners of the field in page pixels.
        machine_value, raw, confidence, threshold, reasons, alternatives, characters: as in `FieldReading`; kept for
            good beside the person's answer.
        fingerprint: of the model, templates and settings that read it.
        run: name of the batch run that read it last; None when it had none.
        created_at: ISO 8601, UTC.
        human_value: normalised answer; None while open, when blank and when unreadable.
        reviewer, keyed_at: who answered and when; None while open.
        priority: higher ones come first.
        keying: whether the machine's reading is shown to the person who keys.
        claimed_by: who has it on his screen now; None when nobody has.
        accounts_px: corners of other account numbers on its page, in page pixels, which not everybody may see; None
            when they are not known.
    """

    id: str
    state: ItemState
    created_at: str
    source_id: str
    source_names: tuple[str, ...]
    document: int
    page: int
    template: str | None
    spec: FieldSpec
    polygon_px: Polygon
    machine_value: str | None
    raw: str | None
    confidence: float
    threshold: float
    reasons: tuple[str, ...]
    alternatives: tuple[Alternative, ...]
    characters: tuple[CharacterReading, ...]
    fingerprint: str
    run: str | None
    human_value: str | None
    reviewer: str | None
    keyed_at: str | None
    priority: int = 0
    keying: Keying = Keying.SHOWN
    claimed_by: str | None = None
    accounts_px: tuple[Polygon, ...] | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a person says about one item.

    Attributes:
        text: as keyed: `=` or the machine's value confirms, `?` means nobody can read it, `blank` that nothing is
            written there, anything else corrects.
        place: where it was keyed, for messages, such as "queue.csv, row 3".
    """

    item_id: str
    text: str
    place: str


def item_id(source_id: str, document: int, field: str) -> str:
    """Identity of a field for all time: the same field of the same file has it on every machine and in every run."""
    text = f"{source_id}\n{document}\n{field}"
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:ID_LENGTH]


def judge(answer: Answer, item: ReviewItem) -> tuple[ItemState, str | None]:
    """New state and normalised value that an answer gives to an item.

    Raises:
        QueueError: the answer does not fit the field; the message names its place and what would fit.
    """
    text = answer.text.strip()
    if text == UNREADABLE:
        return ItemState.UNREADABLE, None
    if text.lower() == BLANK:
        return ItemState.BLANK, None
    if text == CONFIRMS and item.machine_value is None:
        raise QueueError(f"{answer.place}: nothing was read here that '=' could confirm; key the value, '?' or 'blank'")
    is_confirmed = text in (CONFIRMS, item.machine_value)
    # A confirmed proposal must still be a value of its kind; the machine proposes bare digits where it cannot make one.
    value = _normalised(item.machine_value or "" if is_confirmed else text, item.spec, answer.place)
    if not is_confirmed:
        _check_length(value, item.spec, answer.place)
    return ItemState.CONFIRMED if value == item.machine_value else ItemState.CORRECTED, value


def _normalised(text: str, spec: FieldSpec, place: str) -> str:
    if len(text) > LONGEST_ANSWER:
        raise QueueError(f"{place}: the value has {len(text)} characters, more than any field holds")
    # A leading apostrophe is how spreadsheets are told to leave digits alone.
    text = text.removeprefix("'").strip()
    if spec.kind is FieldKind.AMOUNT:
        value = normalise(text, spec) if _KEYED_AMOUNT.fullmatch(text) else None
        expected = "an amount such as 1250.00"
    elif spec.kind is FieldKind.DATE:
        value = _date(text, spec)
        expected = f"a date as YYYY-MM-DD, or its digits in the order {spec.date_order}"
    else:
        value = digits_of(text) if _KEYED_DIGITS.fullmatch(text) else None
        expected = "digits"
    if value is None:
        raise QueueError(f"{place}: not a value of kind {spec.kind}; expected {expected}, '?' or 'blank'")
    return value


def _date(text: str, spec: FieldSpec) -> str | None:
    if _ISO_DATE.fullmatch(text):
        try:
            return dt.date.fromisoformat(text).isoformat()
        except ValueError:
            return None
    return normalise(text, spec) if _KEYED_DIGITS.fullmatch(text) else None


def _check_length(value: str, spec: FieldSpec, place: str) -> None:
    allowed = lengths_allowed(spec)
    if allowed is None or spec.kind in (FieldKind.AMOUNT, FieldKind.DATE) or len(value) in allowed:
        return
    wanted = " or ".join(str(length) for length in allowed)
    raise QueueError(
        f"{place}: {len(value)} digits where the field holds {wanted}; if a spreadsheet dropped leading zeros, "
        "format the column as text"
    )
