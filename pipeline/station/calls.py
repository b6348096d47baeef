"""The calls of the page's script: fields in hand, checks while typing, answers, skips, undoing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Annotated, Any

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field

from pipeline.serve.gate import refuse
from pipeline.station.facts import check_keyed, item_facts
from pipeline.station.station import REFUSALS, Person, Station, seen_by
from pipeline.storage.review_desk import HAND
from pipeline.storage.review_item import Answer, ReviewItem
from pipeline.storage.review_turn import Wanted
from pipeline.storage.reviewers import Reviewer, SignedIn

Text = Annotated[str, Field(max_length=256)]


class Asked(BaseModel):
    """Which fields the reviewer wants, and which his page has loaded already."""

    model_config = ConfigDict(strict=True)  # the text "true" is no truth value

    template: Text | None = None
    reason: Text | None = None
    known: Annotated[list[Text], Field(max_length=4 * HAND)] = []

    def wanted(self) -> Wanted:
        return Wanted(self.template or None, self.reason or None)


class Keyed(Asked):
    """A value as keyed; `?` for unreadable, `blank` for blank."""

    id: Text
    text: Text
    insist: bool = False


class Named(Asked):
    """A field to skip or to leave to a supervisor."""

    id: Text
    note: Text | None = None


def add_calls(app: FastAPI, station: Station) -> None:
    """Give the application its calls."""
    desk = station.desk

    @app.post("/api/hand", responses=REFUSALS)
    def hand(asked: Asked, person: Person) -> dict[str, Any]:
        return _state(station, person, asked)

    @app.post("/api/check", responses=REFUSALS)
    def check(keyed: Keyed, person: Person) -> dict[str, Any]:
        return asdict(check_keyed(keyed.text, seen_by(person.reviewer, station, keyed.id), station.specs))

    @app.post("/api/answer", responses=REFUSALS)
    def answer(keyed: Keyed, person: Person) -> Any:
        item = desk.find(keyed.id)
        if item is None:  # a newer reading was sure enough; nothing is lost by not asking
            return _state(station, person, keyed)
        checked = check_keyed(keyed.text, item, station.specs)
        if not checked.fits:
            return refuse(422, "does_not_fit", checked.remark)
        if checked.broken and not keyed.insist:
            return refuse(409, "breaks_a_rule", "; ".join(checked.broken))
        note = f"insisted: {'; '.join(checked.broken)}" if checked.broken else None
        text = checked.value if checked.value is not None else keyed.text  # a word, such as "blank"
        desk.answer(person.reviewer, Answer(keyed.id, text, "this field"), note)
        return _state(station, person, keyed)

    @app.post("/api/skip", responses=REFUSALS)
    def skip(named: Named, person: Person) -> dict[str, Any]:
        desk.skip(person.reviewer, named.id)
        return _state(station, person, named)

    @app.post("/api/escalate", responses=REFUSALS)
    def escalate(named: Named, person: Person) -> dict[str, Any]:
        desk.escalate(person.reviewer, named.id, named.note)
        return _state(station, person, named)

    @app.post("/api/back", responses=REFUSALS)
    def back(asked: Asked, person: Person) -> dict[str, Any]:
        item = desk.take_back(person.reviewer)
        state = _state(station, person, asked)
        return state | {"back": None if item is None else _facts(station, person.reviewer, item)}


def _state(station: Station, person: SignedIn, asked: Asked) -> dict[str, Any]:
    """New fields in hand, and the counts: the answer to every call, so that the page is never behind for long."""
    items = station.desk.hand(person.reviewer, asked.wanted())
    new = [_facts(station, person.reviewer, item) for item in items if item.id not in asked.known]
    progress = station.desk.progress(person.reviewer, asked.wanted(), person.began)
    return {"hand": new, "progress": asdict(progress)}


def _facts(station: Station, reviewer: Reviewer, item: ReviewItem) -> Mapping[str, Any]:
    keys = station.desk.keys(item.id) if reviewer.is_supervisor else ()
    return item_facts(item, station.desk.crop_png(item.id), station.specs, keys)
