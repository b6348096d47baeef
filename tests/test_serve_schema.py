"""The server keeps to its own OpenAPI description, whatever is sent to it."""

import io
import threading

import numpy as np
import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from pipeline.process import ReadingOptions
from pipeline.reading_model import open_model
from pipeline.serve.app import create_app
from pipeline.serve.listening import listen, url_of
from pipeline.serve.reading_service import ReadingService
from pipeline.storage.limits import DEFAULT_LIMITS
from recognizer.pen import draw_digit, random_hand
from recognizer.reader import load_recognizer

pytestmark = pytest.mark.slow

TOKEN = "a token of this test"


@pytest.fixture(scope="module")
def url():
    model = open_model(None)
    recognizer = load_recognizer(model.bundle, "cpu")
    service = ReadingService(recognizer, model.operating_point, ReadingOptions(), DEFAULT_LIMITS)
    api = create_app(service, model.identity, TOKEN, 100_000)
    with listen("127.0.0.1", 0) as listening:
        server = uvicorn.Server(uvicorn.Config(api, log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield url_of(listening)
        server.should_exit = True
        thread.join()


def picture():
    rng, stream = np.random.default_rng(1), io.BytesIO()
    Image.fromarray(255 - draw_digit(4, random_hand(rng), rng, height_px=40)).save(stream, "png")
    return stream.getvalue()


PICTURE = picture()


@pytest.mark.parametrize("mode", list(GenerationMode), ids=["as described", "against the description"])
@pytest.mark.parametrize("path", ["/predict", "/read", "/health"])
def test_answers_keep_to_the_description(url, path, mode):
    described = schemathesis.openapi.from_url(f"{url}/openapi.json")
    operation = described[path]["GET" if path == "/health" else "POST"]
    if path == "/health" and mode is GenerationMode.NEGATIVE:
        pytest.skip("takes nothing that could be wrong")
    statuses = set()

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(case=operation.as_strategy(generation_mode=mode), with_picture=st.booleans())
    def holds(case, with_picture):
        if with_picture and mode is GenerationMode.POSITIVE and isinstance(case.body, dict):
            case.body["image"] = PICTURE
        # Any bytes are a valid `image` to the description, though no picture.
        answer = case.call_and_validate(
            headers={"Authorization": f"Bearer {TOKEN}"}, excluded_checks=[positive_data_acceptance]
        )
        statuses.add(answer.status_code)

    holds()
    assert (200 in statuses) == (mode is GenerationMode.POSITIVE), statuses
