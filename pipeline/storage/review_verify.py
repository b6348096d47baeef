"""Is the audit log whole, and does everything in the queue stand as the log says?"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from pipeline.storage.review_item import OPEN_STATES, ItemState, item_id
from pipeline.storage.review_log import FIRST_HASH, Event, chained, digest, seed_standing, standing
from pipeline.storage.tables import ReviewItemRow, ReviewKeyRow, ReviewLogRow, ReviewSeedRow


@dataclass(frozen=True, slots=True)
class Verification:
    """What checking the log came to.

    Attributes:
        entries: in the log.
        blanked: entries whose words retention has removed.
        head: hash of the last entry. Kept elsewhere, it proves later that nothing was cut off the end.
        findings: everything that does not fit, a sentence each; empty when nothing was tampered with.
    """

    entries: int
    blanked: int
    head: str
    findings: tuple[str, ...]


@dataclass(slots=True)
class _Told:
    """What the log says at its end.

    Attributes:
        began: time of its first entry; empty without entries.
        items: last entry that says how an item stands, by item.
        seeds: last entry that says how a seeded error stands, by seeded error.
        keys: entry of each blind key that was given and not taken back, by item and reviewer.
    """

    began: str = ""
    items: dict[str, ReviewLogRow] = field(default_factory=dict)
    seeds: dict[str, ReviewLogRow] = field(default_factory=dict)
    keys: dict[tuple[str, str], ReviewLogRow] = field(default_factory=dict)

    def listen(self, entry: ReviewLogRow) -> None:
        self.began = self.began or entry.at
        if entry.event == Event.KEYED:
            self.keys[entry.item_id, entry.actor] = entry
        if entry.event == Event.REOPENED:
            self.keys.pop((entry.item_id, entry.actor), None)
        if "seeded" in _words(entry):
            self.seeds[entry.item_id] = entry
        elif entry.event in (Event.SETTLED, Event.REOPENED, Event.ESCALATED):
            self.items[entry.item_id] = entry


def verify_log(session: Session, known_head: str | None = None) -> Verification:
    """Check the chain, and that every item, blind key and seeded error is as its last entry says.

    Args:
        known_head: hash noted after an earlier check; it must still be in the log.
    """
    findings: list[str] = []
    previous, entries, blanked = FIRST_HASH, 0, 0
    heads, told = {FIRST_HASH}, _Told()
    for row in session.scalars(select(ReviewLogRow).order_by(ReviewLogRow.number)):
        entries += 1
        if row.number != entries:
            findings.append(f"entry {entries} is missing: number {row.number} follows")
            entries = row.number
        if row.hash != chained(previous, row):
            findings.append(f"entry {row.number} was changed, or one before it taken out or put in")
        if row.detail is None:
            blanked += 1
        elif digest(row.detail) != row.detail_hash:
            findings.append(f"what entry {row.number} says was changed")
        previous = row.hash
        heads.add(row.hash)
        told.listen(row)
    if known_head is not None and known_head not in heads:
        findings.append("the log does not hold the hash noted earlier: entries were cut off or rewritten")
    open_items: set[str] = set()
    findings += _compare_items(session, told, open_items)
    findings += _compare_keys(session, told, open_items)
    findings += _compare_seeds(session, told)
    return Verification(entries, blanked, previous, tuple(findings))


def _compare_items(session: Session, told: _Told, open_items: set[str]) -> Iterator[str]:
    """Items that are not as the log says; on the way, which are open."""
    seen = set()
    for row in session.scalars(select(ReviewItemRow)):
        entry = told.items.get(row.id)
        seen.add(row.id)
        is_open = ItemState(row.state) in OPEN_STATES
        if is_open:
            open_items.add(row.id)
        if row.id != item_id(row.source_id, row.document, row.field):
            yield f"item {row.id} was moved to another field"
        if entry is None:
            # Answers older than the log itself came before there was one.
            if not is_open and (not told.began or (row.keyed_at or "") >= told.began):
                yield f"item {row.id} is {row.state}, and the log does not know of it"
        elif entry.detail is not None and not _stands(row, entry):
            yield f"item {row.id} is not as entry {entry.number} left it"
    for identity, entry in told.items.items():
        if identity not in seen and entry.event == Event.SETTLED and entry.detail is not None:
            yield f"item {identity} is gone, and entry {entry.number} settled it"


def _stands(row: ReviewItemRow, entry: ReviewLogRow) -> bool:
    words = _words(entry)
    if any(words.get(name, "") != value for name, value in standing(row).items()):
        return False
    return entry.event != Event.SETTLED or (row.keyed_at, row.keying) == (entry.at, words.get("keying"))


def _compare_keys(session: Session, told: _Told, open_items: set[str]) -> Iterator[str]:
    """Blind keys to open items that nobody gave, or that are gone or changed; two that agree settle a value."""
    kept = {(row.item_id, row.reviewer): row for row in session.scalars(select(ReviewKeyRow))}
    for place, row in kept.items():
        entry = told.keys.get(place)
        if row.item_id not in open_items:
            continue
        if entry is None:
            yield f"item {row.item_id} has a key of {row.reviewer}, and the log does not know of it"
        elif entry.detail is not None and _words(entry).get("value", "") != row.value:
            yield f"the key of {row.reviewer} to item {row.item_id} is not as entry {entry.number} left it"
    for (identity, reviewer), entry in told.keys.items():
        if identity in open_items and (identity, reviewer) not in kept:
            yield f"the key of {reviewer} to item {identity} is gone, and entry {entry.number} gave it"


def _compare_seeds(session: Session, told: _Told) -> Iterator[str]:
    """Answers to seeded errors that are not as they were given; they go with the items they were made from."""
    kept = {row.id: row for row in session.scalars(select(ReviewSeedRow))}
    items = set(session.scalars(select(ReviewItemRow.id)))
    for identity, seed in kept.items():
        if seed.state not in OPEN_STATES and identity not in told.seeds:
            yield f"seeded error {identity} is {seed.state}, and the log does not know of it"
    for identity, entry in told.seeds.items():
        words, row = _words(entry), kept.get(identity)
        if row is None and words["seeded"] in items:
            yield f"seeded error {identity} is gone, and entry {entry.number} answered it"
        elif row is not None and any(words.get(name, "") != value for name, value in seed_standing(row).items()):
            yield f"seeded error {identity} is not as entry {entry.number} left it"


def _words(entry: ReviewLogRow) -> Mapping[str, object]:
    try:
        words = json.loads(entry.detail or "{}")
    except ValueError:
        return {}
    return words if isinstance(words, dict) else {}
