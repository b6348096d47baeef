"""The server over a real socket: what it answers, what it refuses, and that it tells nobody."""

import io
import json
import logging
import threading
from contextlib import contextmanager

import httpx
import numpy as np
import pytest
import uvicorn
from PIL import Image
from typer.testing import CliRunner

from pipeline.cli import app as command_line
from pipeline.process import ReadingOptions
from pipeline.reading_model import open_model
from pipeline.serve.app import create_app
from pipeline.serve.listening import listen, url_of
from pipeline.serve.reading_service import ReadingService
from pipeline.storage.limits import DEFAULT_LIMITS
from recognizer.pen import draw_digit, random_hand
from recognizer.reader import load_recognizer
from tests.stages.scripted import ScriptedRecognizer, row

TOKEN = "a token of this test"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
MAX_BYTES = 300_000
WAIT_S = 60
"""For a machine that has much else to do."""


@contextmanager
def serving(recognizer, model):
    service = ReadingService(recognizer, model.operating_point, ReadingOptions(), DEFAULT_LIMITS)
    api = create_app(service, model.identity, TOKEN, MAX_BYTES)
    with listen("127.0.0.1", 0) as listening:
        server = uvicorn.Server(uvicorn.Config(api, log_config=None, access_log=False, timeout_graceful_shutdown=2))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield url_of(listening)
        finally:
            server.should_exit = True
            thread.join()


@pytest.fixture(scope="module")
def url():
    model = open_model(None)
    with serving(load_recognizer(model.bundle, "cpu"), model) as url:
        yield url


@pytest.fixture(scope="module")
def client(url):
    with httpx.Client(base_url=url, headers=BEARER, timeout=WAIT_S) as client:
        yield client


def png(gray):
    stream = io.BytesIO()
    Image.fromarray(gray).save(stream, "png")
    return stream.getvalue()


def drawn(digits="7", seed=3):
    rng = np.random.default_rng(seed)
    hand = random_hand(rng)
    return 255 - np.hstack([np.pad(draw_digit(int(d), hand, rng, height_px=60), ((0, 0), (6, 6))) for d in digits])


SEVEN = png(drawn("7"))


def ask(method, url, **request):
    return httpx.request(method, url, timeout=WAIT_S, **request)


def error_code(answer):
    assert set(answer.json()) == {"error"}
    assert set(answer.json()["error"]) == {"code", "message"}
    return answer.json()["error"]["code"]


def test_a_digit_is_predicted_with_its_probabilities(client):
    answer = client.post("/predict", files={"image": SEVEN})
    said = answer.json()
    assert answer.status_code == 200
    assert said["prediction"] == 7
    assert said["is_digit"] is True
    assert len(said["probabilities"]) == 10
    assert sum(said["probabilities"]) + said["not_a_digit"] == pytest.approx(1, abs=1e-5)
    assert [guess["digit"] for guess in said["top"]] == sorted(range(10), key=lambda d: -said["probabilities"][d])[:3]
    assert said["confidence"] == said["probabilities"][7] == said["top"][0]["confidence"]


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(np.full((40, 40), 255, np.uint8), id="blank paper"),
        pytest.param(np.full((1, 1), 0, np.uint8), id="one pixel"),
        pytest.param(drawn("38"), id="two digits"),
    ],
)
def test_a_picture_of_no_single_digit_is_said_to_be_none(client, picture):
    said = client.post("/predict", files={"image": png(picture)}).json()
    assert said["is_digit"] is False
    assert isinstance(said["prediction"], int)


@pytest.mark.parametrize(
    "options",
    [
        {"kind": "postal_code", "length": "5", "country": "US", "max_error": "0.05"},
        {"kind": "amount", "cents": "implied"},
        {"kind": "date", "date_order": "MDY"},
    ],
    ids=lambda options: options["kind"],
)
def test_a_field_is_read_as_the_command_reads_it(client, tmp_path, options):
    content = png(drawn("40213"))
    (tmp_path / "crop.png").write_bytes(content)
    answer = client.post("/read", files={"image": ("crop.png", content)}, data=options)
    words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", value)]
    told = CliRunner().invoke(command_line, ["read", str(tmp_path / "crop.png"), *words], catch_exceptions=False)
    line = json.loads(told.stdout)
    assert answer.status_code == 200
    assert answer.json() == {**line, "file": "crop.png"}


@pytest.mark.parametrize("path", ["/predict", "/read", "/nothing"])
@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="no token"),
        pytest.param({"headers": {"Authorization": "Bearer wrong"}}, id="wrong token"),
        pytest.param({"headers": {"Authorization": f"Basic {TOKEN}"}}, id="other scheme"),
        pytest.param({"params": {"token": ""}}, id="empty token"),
    ],
)
def test_without_the_token_nothing_is_read(url, path, given):
    answer = ask("POST", url + path, files={"image": SEVEN}, **given)
    assert answer.status_code == 401
    assert error_code(answer) == "unauthorized"
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_the_token_may_stand_in_the_address(url):
    assert ask("POST", f"{url}/predict", params={"token": TOKEN}, files={"image": SEVEN}).status_code == 200


def test_anybody_may_ask_whether_it_is_up(url):
    said = ask("GET", f"{url}/health").json()
    assert (said["status"], said["model"]) == ("ok", "fieldreader")


LARGE = png(np.random.default_rng(0).integers(0, 256, (700, 700), dtype=np.uint8))
BOMB = png(np.zeros((9000, 9000), np.uint8))
PDF = b"%PDF-1.4\n"


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        pytest.param(b"no picture", 415, "unsupported_type", id="text"),
        pytest.param(PDF, 415, "unsupported_type", id="PDF"),
        pytest.param(b"", 422, "empty_file", id="empty"),
        pytest.param(SEVEN[:80], 422, "damaged_file", id="truncated"),
        pytest.param(LARGE, 413, "too_large", id="too many bytes"),
        pytest.param(BOMB, 413, "too_large", id="too many pixels"),
    ],
)
@pytest.mark.parametrize("path", ["/predict", "/read"])
def test_an_upload_that_cannot_be_read_is_refused_plainly(client, path, content, status, code):
    answer = client.post(path, files={"image": ("a.png", content)}, data={"kind": "digits"})
    assert answer.status_code == status
    assert error_code(answer) == code


@pytest.mark.parametrize(
    ("form", "named"),
    [
        pytest.param({}, "kind", id="no kind"),
        pytest.param({"kind": "letters"}, "kind", id="unknown kind"),
        pytest.param({"kind": "digits", "length": "0"}, "length", id="length 0"),
        pytest.param({"kind": "digits", "length": "1000000000"}, "length", id="huge length"),
        pytest.param({"kind": "digits", "max_error": "nan"}, "max_error", id="error NaN"),
        pytest.param({"kind": "digits", "max_error": "1"}, "max_error", id="error 1"),
    ],
)
def test_a_form_that_does_not_fit_names_its_field(client, form, named):
    answer = client.post("/read", files={"image": SEVEN}, data=form)
    assert answer.status_code == 422
    assert error_code(answer) == "invalid_request"
    assert answer.json()["error"]["message"].startswith(named)


def test_a_body_without_a_file_is_refused(client):
    assert client.post("/predict").status_code == 422
    assert client.post("/predict", data={"image": "text"}).json()["error"]["message"] == "image: must be a file"
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert client.post("/predict", content=b"no parts", headers=broken).status_code == 400


def test_a_body_that_hides_its_length_is_counted(client):
    parts = (b"x" * 10_000 for _ in range(100))
    answer = client.post("/predict", content=parts, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert answer.status_code in {400, 413}
    boundary = b'--x\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n'
    parts = (boundary if i == 0 else b"x" * 10_000 for i in range(100))
    answer = client.post("/predict", content=parts, headers={"Content-Type": "multipart/form-data; boundary=x"})
    assert (answer.status_code, error_code(answer)) == (413, "too_large")


def test_unknown_paths_and_methods_are_answered_in_the_same_shape(client):
    assert error_code(client.get("/nothing")) == "not_found"
    answer = client.get("/predict")
    assert (answer.status_code, error_code(answer)) == (405, "method_not_allowed")


def test_the_page_names_every_operation_and_fetches_nothing(url):
    page = ask("GET", f"{url}/docs", params={"token": '"><script>'}).text
    assert "/predict" in page
    assert "max_error" in page
    assert "<script" not in page
    assert "src=" not in page
    assert ask("GET", f"{url}/docs").text.count("<form") == 0, "a form to try it would need the token"


def test_logs_hold_neither_token_nor_contents(client, caplog):
    with caplog.at_level(logging.INFO):
        client.post("/predict", params={"token": TOKEN}, files={"image": ("4711.png", SEVEN)})
        client.post("/predict", content=b"4711", headers={"Content-Type": "multipart/form-data; boundary=x"})
    ours = [record for record in caplog.records if not record.name.startswith(("httpx", "httpcore"))]
    assert not [record for record in ours if "4711" in record.getMessage() or TOKEN in record.getMessage()]


class Slow(ScriptedRecognizer):
    def __init__(self):
        super().__init__([row(1)])
        self.entered, self.go_on = threading.Event(), threading.Event()

    def read_digits(self, crops):
        self.entered.set()
        assert self.go_on.wait(WAIT_S)
        return super().read_digits(crops)


def test_the_server_answers_while_a_picture_is_read():
    recognizer = Slow()
    with serving(recognizer, open_model(None)) as url:
        answers = []
        upload = threading.Thread(
            target=lambda: answers.append(ask("POST", f"{url}/predict", headers=BEARER, files={"image": SEVEN}))
        )
        upload.start()
        assert recognizer.entered.wait(WAIT_S)
        assert ask("GET", f"{url}/health").status_code == 200
        recognizer.go_on.set()
        upload.join()
        assert answers[0].json()["prediction"] == 1


class Defective(ScriptedRecognizer):
    def read_digits(self, crops):
        raise ZeroDivisionError("what stands on the form: 4711")


def test_a_defect_is_said_without_contents():
    with serving(Defective(), open_model(None)) as url:
        answer = ask("POST", f"{url}/predict", headers=BEARER, files={"image": SEVEN})
    assert (answer.status_code, error_code(answer)) == (500, "internal_error")
    assert "4711" not in answer.text
