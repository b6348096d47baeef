"""The application behind `fieldreader serve`: unpack, call one function, turn named errors into status codes."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import FastAPI, File, Form, Request, Security, UploadFile
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse
from fastapi.security import APIKeyQuery, HTTPBearer
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.exceptions import HTTPException

from pipeline.document import Cents, FieldKind, FieldSpec, ModelIdentity
from pipeline.errors import (
    DamagedFileError,
    EmptyFileError,
    NoPagesError,
    SourceError,
    TooLargeError,
    UnsupportedTypeError,
)
from pipeline.serve.answers import ErrorAnswer, FieldAnswer, Health, Prediction, field_answer, prediction_of
from pipeline.serve.gate import Gate, ask_for_token, knows_token, refuse
from pipeline.serve.reading_service import ReadingService
from pipeline.storage.names import display_name
from pipeline.storage.result_json import software_version

MAX_LENGTH = 64
"""Digits of a field; the longest numbers written on forms, IBANs, have 34 characters."""

STATUS_OF = {
    TooLargeError: 413,
    UnsupportedTypeError: 415,
    DamagedFileError: 422,
    EmptyFileError: 422,
    NoPagesError: 422,
}
"""Any other error of an upload is 400."""

_REFUSALS: dict[int | str, dict[str, Any]] = {
    400: {"model": ErrorAnswer, "description": "The body cannot be parsed"},
    401: {"model": ErrorAnswer, "description": "The token is missing or wrong"},
    413: {"model": ErrorAnswer, "description": "Too many bytes or pixels"},
    415: {"model": ErrorAnswer, "description": "Not a picture of a known format"},
    422: {"model": ErrorAnswer, "description": "A damaged picture, or a field of the form that does not fit"},
}

_HTTP_CODES = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large"}

# The gate has checked the token before; these tell the OpenAPI description about it.
_token_in_header = HTTPBearer(auto_error=False, description="The token printed at the start")
_token_in_query = APIKeyQuery(name="token", auto_error=False, description="The same token, for browsers")

Image = Annotated[UploadFile, File(description="PNG, JPEG, TIFF, BMP, WebP, GIF or PNM; the first page is read")]


def create_app(service: ReadingService, model: ModelIdentity, token: str, max_bytes: int) -> FastAPI:
    """Put the application together.

    Args:
        service: reads uploads.
        model: named by `/health`.
        token: without it, requests to read are answered 401.
        max_bytes: of a whole request.
    """
    app = FastAPI(
        title="fieldreader",
        version=software_version(),
        description="Reads handwritten digits and cut-out fields, and says how sure it is.",
        docs_url=None,  # FastAPI's own pages load their scripts from elsewhere
        redoc_url=None,
    )
    app.add_middleware(Gate, allows=knows_token(token), refuses=ask_for_token, max_bytes=max_bytes)
    _add_error_answers(app)
    secured: dict[str, Any] = {
        "dependencies": [Security(_token_in_header), Security(_token_in_query)],
        "responses": _REFUSALS,
    }

    @app.post("/predict", summary="Read one handwritten digit", **secured)
    def predict(image: Image) -> Prediction:
        return prediction_of(service.read_digit(image.file.read()))

    @app.post("/read", summary="Read one cut-out field", **secured)
    def read(
        image: Image,
        kind: Annotated[FieldKind, Form(description="what the field holds")],
        length: Annotated[int | None, Form(ge=1, le=MAX_LENGTH, description="number of digits, when fixed")] = None,
        country: Annotated[str | None, Form(pattern="^[A-Z]{2}$", description="whose postal code it is")] = None,
        date_order: Annotated[
            Literal["DMY", "MDY", "YMD"], Form(description="order of day, month and year in a date")
        ] = "DMY",
        cents: Annotated[Cents | None, Form(description="where an amount has cents")] = None,
        max_error: Annotated[
            float | None, Form(gt=0, lt=1, description="share of accepted values that may be wrong")
        ] = None,
    ) -> FieldAnswer:
        spec = FieldSpec("crop", kind, length=length, country=country, date_order=date_order, cents=cents)
        reading = service.read_field(image.file.read(), spec, max_error)
        return field_answer(display_name(image.filename or "upload"), reading)

    @app.get("/health", summary="Whether the server is up")
    def health() -> Health:
        return Health(status="ok", model=model.name, version=model.version)

    @app.get("/docs", include_in_schema=False)
    def docs(request: Request) -> HTMLResponse:
        return HTMLResponse(_docs_page(app.openapi(), token=request.query_params.get("token", "")))

    return app


def _add_error_answers(app: FastAPI) -> None:
    @app.exception_handler(SourceError)
    def on_source_error(_: Request, error: SourceError) -> JSONResponse:
        return refuse(STATUS_OF.get(type(error), 400), error.code, str(error))

    @app.exception_handler(RequestValidationError)
    def on_invalid_request(_: Request, error: RequestValidationError) -> JSONResponse:
        # Names the field and the rule, never the value: it may be what stands on the form.
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"] if part != "body") or "the body"
        said = "must be a file" if "UploadFile" in first["msg"] else first["msg"][0].lower() + first["msg"][1:]
        return refuse(422, "invalid_request", f"{place}: {said}")

    @app.exception_handler(HTTPException)
    def on_http_error(_: Request, error: HTTPException) -> JSONResponse:
        code = _HTTP_CODES.get(error.status_code, "http_error")
        return refuse(error.status_code, code, str(error.detail), error.headers)

    @app.exception_handler(Exception)
    def on_defect(_: Request, error: Exception) -> JSONResponse:
        return refuse(500, "internal_error", f"this is a defect of fieldreader ({type(error).__name__})")


def _docs_page(description: dict[str, Any], token: str) -> str:
    pages = Environment(loader=PackageLoader("pipeline", "pages"), autoescape=True, undefined=StrictUndefined)
    return pages.get_template("api.html").render(api=description, token=token)
