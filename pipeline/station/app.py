"""The application behind `fieldreader review`: pages, pictures and the few calls of the page's script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, Form, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.types import Scope

from pipeline.audit_sampling import tally
from pipeline.document import Polygon
from pipeline.errors import QueueError, SourceError
from pipeline.serve.answers import ErrorAnswer
from pipeline.serve.gate import Gate, refuse, token_in_address
from pipeline.station.access import COOKIE, SAFE_METHODS, Access, SafeHeaders, carries_form_token, is_from_here
from pipeline.station.facts import Specs, check_keyed, item_facts
from pipeline.station.monitor import PLOTTED_RUNS, monitor_facts
from pipeline.station.pictures import StationPictures
from pipeline.storage.review_desk import HAND, ReviewDesk, Wanted
from pipeline.storage.review_figures import queue_figures
from pipeline.storage.review_item import Answer, ItemState, ReviewItem
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.reviewers import LONGEST_S, Reviewer, SignedIn
from pipeline.storage.run_log import RunLog

MAX_BYTES = 16_384
"""Of a request; an answer has a few hundred bytes."""
STATIC = {"station.css": "text/css", "station.js": "text/javascript"}
Text = Annotated[str, Field(max_length=256)]
_REFUSALS: dict[int | str, dict[str, Any]] = {
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


class Asked(BaseModel):
    """Which fields the reviewer wants, and which his page has loaded already."""

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


def create_station(station: Station) -> FastAPI:
    """Put the application together."""
    app = FastAPI(title="fieldreader review station", docs_url=None, redoc_url=None, openapi_url=None)
    access = station.access
    app.state.access = access
    app.add_middleware(Gate, allows=access.allows, refuses=_ask_to_sign_in(access), max_bytes=MAX_BYTES)
    app.add_middleware(SafeHeaders)
    _add_error_answers(app)
    _add_pages(app, station)
    _add_calls(app, station)
    return app


# --- people --------------------------------------------------------------------------------------


def _person(request: Request) -> SignedIn:
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


Person = Annotated[SignedIn, Depends(_person)]


def _ask_to_sign_in(access: Access) -> Any:
    def refuses(scope: Scope) -> Response:
        if Request(scope).method == "GET" and scope["path"] in ("/", "/monitor"):
            return HTMLResponse(_sign_in_page(access), 401)
        return refuse(401, "unauthorized", "sign in first")

    return refuses


def _sign_in_page(access: Access, remark: str = "") -> str:
    return _page("sign_in.html", has_accounts=access.reviewers.has_accounts(), remark=remark)


def _page(name: str, **values: object) -> str:
    pages = Environment(loader=PackageLoader("pipeline", "pages"), autoescape=True, undefined=StrictUndefined)
    return pages.get_template(name).render(**values)


# --- pages ---------------------------------------------------------------------------------------


def _add_pages(app: FastAPI, station: Station) -> None:
    access = station.access

    @app.get("/")
    def review(request: Request) -> Response:
        given = token_in_address(request.scope)
        if given and request.scope["signed_in"] is not None:  # a second tab shares the session of the first
            return RedirectResponse("/", 303)
        if given and access.is_token(given):  # out of the address at once: it would stay in the browser's history
            return _with_cookie(request, access.sign_in_by_token())
        person = _person(request)
        templates, reasons = station.desk.choices()
        shows_pages = person.reviewer.is_supervisor or not station.snippets_only
        return HTMLResponse(
            _page("station.html", person=person, templates=templates, reasons=reasons, shows_pages=shows_pages)
        )

    @app.get("/sign-in")
    def sign_in_form() -> HTMLResponse:
        return HTMLResponse(_sign_in_page(access))

    @app.post("/sign-in")
    def sign_in(request: Request, name: Annotated[str, Form()] = "", password: Annotated[str, Form()] = "") -> Response:
        if not is_from_here(request):
            raise HTTPException(403, "sign in on the page of the station")
        try:
            cookie = access.sign_in_by_password(name, password)
        except PermissionError:
            return HTMLResponse(_sign_in_page(access, "Too many tries. Wait five minutes."), 429)
        if cookie is None:
            return HTMLResponse(_sign_in_page(access, "Name or password is wrong."), 401)
        return _with_cookie(request, cookie)

    @app.post("/sign-out")
    def sign_out(request: Request, form_token: Annotated[str, Form()] = "") -> Response:
        person: SignedIn = request.scope["signed_in"]
        if not is_from_here(request) or form_token != person.form_token:
            raise HTTPException(403, "sign out on the page of the station")
        access.reviewers.sign_out(request.cookies.get(COOKIE, ""))
        answer = RedirectResponse("/sign-in", 303)
        answer.delete_cookie(COOKIE)
        return answer

    @app.get("/monitor")
    def monitor(person: Person) -> HTMLResponse:
        if not person.reviewer.is_supervisor:
            raise HTTPException(403, "the monitor is for supervisors")
        figures = queue_figures(station.desk.engine, datetime.now(UTC))
        outcomes, waiting = ReviewQueue(station.desk.engine).audited()
        runs = RunLog(station.desk.engine).runs(limit=PLOTTED_RUNS)
        return HTMLResponse(
            _page("monitor.html", **monitor_facts(figures, tally(outcomes, waiting, station.max_error), runs))
        )

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        if name not in STATIC:
            raise HTTPException(404, "there is no such file")
        text = (Path(__file__).parents[1] / "pages" / name).read_text(encoding="utf-8")
        return Response(text, media_type=STATIC[name], headers={"Cache-Control": "no-cache"})

    @app.get("/crop/{item_id}", response_class=Response, responses=_REFUSALS)
    def crop(item_id: str, person: Person) -> Response:
        item = _seen_by(person.reviewer, station, item_id)
        return Response(station.pictures.crop_png(item), media_type="image/png", headers=_PICTURE_HEADERS)

    @app.get("/page/{item_id}", response_class=Response, responses=_REFUSALS)
    def page(item_id: str, person: Person) -> Response:
        if station.snippets_only and not person.reviewer.is_supervisor:
            raise HTTPException(403, "only single fields are shown here")
        item = _seen_by(person.reviewer, station, item_id)
        if person.reviewer.is_supervisor:
            covered: Sequence[Polygon] = ()
        elif item.accounts_px is None:
            raise HTTPException(403, "where account numbers stand on this page is not known; ask a supervisor")
        else:
            covered = item.accounts_px
        return Response(station.pictures.page_jpeg(item, covered), media_type="image/jpeg", headers=_PICTURE_HEADERS)


_PICTURE_HEADERS = {"Cache-Control": "private, max-age=300"}
"""The next picture is loaded ahead; it must still be there when its turn comes."""


def _with_cookie(request: Request, cookie: str) -> Response:
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        COOKIE, cookie, max_age=int(LONGEST_S), httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
    return answer


def _seen_by(reviewer: Reviewer, station: Station, item_id: str) -> ReviewItem:
    """A field that this person may look at: his own or a free one, while it is open; supervisors may see every one."""
    item = station.desk.find(item_id)
    if item is None:
        raise HTTPException(404, "this field is no longer in the queue")
    is_open = item.state in (ItemState.PENDING, ItemState.CLAIMED)
    if not reviewer.is_supervisor and not (is_open and item.claimed_by in (None, reviewer.name)):
        raise HTTPException(403, "this field is not in your hand")
    return item


# --- calls of the script -------------------------------------------------------------------------


def _add_calls(app: FastAPI, station: Station) -> None:
    desk = station.desk

    @app.post("/api/hand", responses=_REFUSALS)
    def hand(asked: Asked, person: Person) -> dict[str, Any]:
        return _state(station, person, asked)

    @app.post("/api/check", responses=_REFUSALS)
    def check(keyed: Keyed, person: Person) -> dict[str, Any]:
        return asdict(check_keyed(keyed.text, _seen_by(person.reviewer, station, keyed.id), station.specs))

    @app.post("/api/answer", responses=_REFUSALS)
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

    @app.post("/api/skip", responses=_REFUSALS)
    def skip(named: Named, person: Person) -> dict[str, Any]:
        desk.skip(person.reviewer, named.id)
        return _state(station, person, named)

    @app.post("/api/escalate", responses=_REFUSALS)
    def escalate(named: Named, person: Person) -> dict[str, Any]:
        desk.escalate(person.reviewer, named.id, named.note)
        return _state(station, person, named)

    @app.post("/api/back", responses=_REFUSALS)
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


# --- errors --------------------------------------------------------------------------------------


def _add_error_answers(app: FastAPI) -> None:
    @app.exception_handler(QueueError)
    def on_queue_error(_: Request, error: QueueError) -> JSONResponse:
        return refuse(409, error.code, str(error))

    @app.exception_handler(SourceError)
    def on_source_error(_: Request, error: SourceError) -> JSONResponse:
        return refuse(404, error.code, str(error))

    @app.exception_handler(RequestValidationError)
    def on_invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
        return refuse(422, "invalid_request", f"{place}: {first['msg']}")

    @app.exception_handler(HTTPException)
    def on_http_error(_: Request, error: HTTPException) -> JSONResponse:
        return refuse(error.status_code, "http_error", str(error.detail), error.headers)

    @app.exception_handler(Exception)
    def on_defect(_: Request, error: Exception) -> JSONResponse:
        return refuse(500, "internal_error", f"this is a defect of fieldreader ({type(error).__name__})")
