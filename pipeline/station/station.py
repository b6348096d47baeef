"""What the station works with, and who asks it for what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from pipeline.serve.answers import ErrorAnswer
from pipeline.station.access import SAFE_METHODS, Access, carries_form_token
from pipeline.station.facts import Specs
from pipeline.station.pictures import StationPictures
from pipeline.storage.review_desk import ReviewDesk
from pipeline.storage.review_item import ItemState, ReviewItem
from pipeline.storage.reviewers import Reviewer, SignedIn

REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"model": ErrorAnswer, "description": words}
    for status, words in {
        400: "the body is no JSON in UTF-8",
        401: "nobody is signed in",
        403: "the request does not come from the page, or this field is not for this person",
        404: "there is no such field or scan",
        409: "the answer cannot be taken, or breaks a rule and nobody insisted",
        413: "too many bytes",
        422: "the request or the value does not fit",
        429: "too many requests",
    }.items()
}
"""Answers of every call beside the good one, for its description."""


@dataclass(frozen=True, slots=True)
class Station:
    """What the station works with.

    Attributes:
        specs: rules of the forms' fields, for remarks while typing.
        snippets_only: reviewers see single fields, never the page round them; supervisors see both.
        max_error: error budget, beside which the monitor shows the audits.
    """

    desk: ReviewDesk
    access: Access
    pictures: StationPictures
    specs: Specs
    snippets_only: bool = False
    max_error: float = 0.01


def person_of(request: Request) -> SignedIn:
    """Who asks; the gate has let nobody else through."""
    person: SignedIn | None = request.scope.get("signed_in")
    if person is None:
        raise HTTPException(401, "sign in first")
    access: Access = request.app.state.access
    if access.is_too_fast(person.reviewer.name):
        raise HTTPException(429, "too many requests; wait a moment")
    if request.method not in SAFE_METHODS and not carries_form_token(request, person):
        raise HTTPException(403, "this request does not come from the page of the station; load it again")
    return person


Person = Annotated[SignedIn, Depends(person_of)]


def seen_by(reviewer: Reviewer, station: Station, item_id: str) -> ReviewItem:
    """A field that this person may look at: his own or a free one, while it is open; supervisors may see every one."""
    item = station.desk.find(item_id)
    if item is None:
        raise HTTPException(404, "this field is no longer in the queue")
    is_open = item.state in (ItemState.PENDING, ItemState.CLAIMED)
    if not reviewer.is_supervisor and not (is_open and item.claimed_by in (None, reviewer.name)):
        raise HTTPException(403, "this field is not in your hand")
    return item
