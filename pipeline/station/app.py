"""The application behind `fieldreader review`: its pages and pictures, and how people come in."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Form, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.types import Scope

from pipeline.audit_sampling import AuditTally, tally
from pipeline.document import Polygon
from pipeline.errors import QueueError, SourceError
from pipeline.serve.gate import Gate, refuse, token_in_address
from pipeline.station.access import COOKIE, Access, SafeHeaders, is_from_here
from pipeline.station.calls import add_calls
from pipeline.station.kept import Kept
from pipeline.station.monitor import PLOTTED_RUNS, monitor_facts
from pipeline.station.station import REFUSALS, Person, Station, person_of, seen_by
from pipeline.storage.review_figures import QueueFigures, queue_figures
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.reviewers import LONGEST_S, SignedIn
from pipeline.storage.run_log import RunLog

MAX_BYTES = 16_384
"""Of a request; an answer has a few hundred bytes."""
STATIC = {"station.css": "text/css", "station.js": "text/javascript"}


def create_station(station: Station) -> FastAPI:
    """Put the application together."""
    app = FastAPI(title="fieldreader review station", docs_url=None, redoc_url=None, openapi_url=None)
    access = station.access
    app.state.access = access
    app.add_middleware(Gate, allows=access.allows, refuses=_ask_to_sign_in(access), max_bytes=MAX_BYTES)
    app.add_middleware(SafeHeaders)
    _add_error_answers(app)
    _add_pages(app, station)
    add_calls(app, station)
    return app


# --- people --------------------------------------------------------------------------------------


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
    choices = Kept(station.desk.choices)
    counted = Kept(lambda: _count(station))

    @app.get("/")
    def review(request: Request) -> Response:
        given = token_in_address(request.scope)
        if given and request.scope["signed_in"] is not None:  # a second tab shares the session of the first
            return RedirectResponse("/", 303)
        if given and access.is_token(given):  # out of the address at once: it would stay in the browser's history
            return _with_cookie(request, access.sign_in_by_token())
        person = person_of(request)
        templates, reasons = choices.get()
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
        figures, values, blanks, at = counted.get()
        runs = RunLog(station.desk.engine).runs(limit=PLOTTED_RUNS)
        return HTMLResponse(_page("monitor.html", **monitor_facts(figures, values, blanks, runs, at)))

    @app.get("/static/{name}")
    def static(name: str) -> Response:
        if name not in STATIC:
            raise HTTPException(404, "there is no such file")
        text = (Path(__file__).parents[1] / "pages" / name).read_text(encoding="utf-8")
        return Response(text, media_type=STATIC[name], headers={"Cache-Control": "no-cache"})

    @app.get("/crop/{item_id}", response_class=Response, responses=REFUSALS)
    def crop(item_id: str, person: Person) -> Response:
        item = seen_by(person.reviewer, station, item_id)
        return Response(station.pictures.crop_png(item), media_type="image/png", headers=_PICTURE_HEADERS)

    @app.get("/page/{item_id}", response_class=Response, responses=REFUSALS)
    def page(item_id: str, person: Person) -> Response:
        if station.snippets_only and not person.reviewer.is_supervisor:
            raise HTTPException(403, "only single fields are shown here")
        item = seen_by(person.reviewer, station, item_id)
        if person.reviewer.is_supervisor:
            covered: Sequence[Polygon] = ()
        elif item.accounts_px is None:
            raise HTTPException(403, "where account numbers stand on this page is not known; ask a supervisor")
        else:
            covered = item.accounts_px
        return Response(station.pictures.page_jpeg(item, covered), media_type="image/jpeg", headers=_PICTURE_HEADERS)


def _count(station: Station) -> tuple[QueueFigures, AuditTally, AuditTally, datetime]:
    """What the monitor counts, of values and of blanks, and when it did; for each it goes through all fields."""
    now, queue = datetime.now(UTC), ReviewQueue(station.desk.engine)
    values, blanks = (
        tally(*queue.audited(called_blank=called_blank), station.max_error) for called_blank in (False, True)
    )
    return queue_figures(station.desk.engine, now), values, blanks, now


_PICTURE_HEADERS = {"Cache-Control": "private, max-age=300"}
"""The next picture is loaded ahead; it must still be there when its turn comes."""


def _with_cookie(request: Request, cookie: str) -> Response:
    answer = RedirectResponse("/", 303)
    answer.set_cookie(
        COOKIE, cookie, max_age=int(LONGEST_S), httponly=True, samesite="strict", secure=request.url.scheme == "https"
    )
    return answer


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
