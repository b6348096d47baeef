"""The station's calls keep to their own OpenAPI description, whatever is sent to them, and never break."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    negative_data_rejection,
    positive_data_acceptance,
    unsupported_method,
)

from pipeline.station.access import Access, Limit
from pipeline.station.app import create_station
from pipeline.station.pictures import StationPictures
from pipeline.station.station import Station
from pipeline.storage.limits import DEFAULT_LIMITS
from pipeline.storage.review_desk import ReviewDesk
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.reviewers import Reviewers
from tests.served import served
from tests.storage.review_samples import crop, reading, result
from tests.test_station import TOKEN, Person

pytestmark = pytest.mark.slow
CALLS = ("hand", "check", "answer", "skip", "escalate", "back")
FIELDS = 30


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Address, description, a person signed in, and ids of fields in the queue."""
    with closing(ReviewDesk.open(f"sqlite:///{tmp_path_factory.mktemp('q')}/q.db")) as desk:
        access = Access(Reviewers(desk.engine), TOKEN)
        access._requests = Limit(1_000_000, 1.0)  # this test is a script that asks on and on
        readings = [reading(f"field{number}") for number in range(FIELDS)]
        ReviewQueue(desk.engine).put_result(result(*readings), {(1, "field0"): crop()})
        api = create_station(Station(desk, access, StationPictures(desk, DEFAULT_LIMITS), {}))
        with served(api) as address, httpx.Client(base_url=address, follow_redirects=True, timeout=60) as client:
            person = Person(client)
            items = [item.id for item in ReviewQueue(desk.engine).list_items(None)]
            yield address, schemathesis.openapi.from_dict(api.openapi()), person, items
            assert desk.verify().findings == ()


@pytest.mark.parametrize("mode", list(GenerationMode), ids=["as described", "against the description"])
@pytest.mark.parametrize("call", CALLS)
def test_answers_keep_to_the_description(place, call, mode):
    address, described, person, items = place
    operation = described[f"/api/{call}"]["POST"]
    described_body = body_validator(described.raw_schema, f"/api/{call}")
    statuses = set()
    refused: list[object] = []

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
    @given(case=operation.as_strategy(generation_mode=mode), known=st.sampled_from([None, *items]))
    def holds(case, known):
        if known and mode is GenerationMode.POSITIVE and isinstance(case.body, dict) and "id" in case.body:
            case.body["id"] = known
        answer = case.call_and_validate(
            base_url=address,
            headers={"X-Form-Token": person.form_token},
            cookies=dict(person.client.cookies),
            # What a value may be depends on its field, and the gate stands before the methods; what is against the
            # description is judged below, for a "too long" item of an empty list counts as against it there.
            excluded_checks=[negative_data_rejection, positive_data_acceptance, unsupported_method],
        )
        statuses.add(answer.status_code)
        if not described_body.is_valid(case.body):
            assert 400 <= answer.status_code < 500, (case.body, answer.text)
            refused.append(case.body)

    holds()
    assert max(statuses) < 500, statuses
    if mode is GenerationMode.POSITIVE:
        assert 200 in statuses, statuses
    else:
        assert refused


def body_validator(description: dict[str, Any], path: str) -> Draft202012Validator:
    """Says whether a body is as described."""
    body = description["paths"][path]["post"]["requestBody"]["content"]["application/json"]["schema"]
    return Draft202012Validator({**body, "components": description["components"]})
