"""`fieldreader queue list`: what a terminal may show, where others look on."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import text
from typer.testing import CliRunner

from pipeline.cli import app
from pipeline.document import FieldKind
from pipeline.storage.review_queue import ReviewQueue
from tests.storage.review_samples import reading, result


@pytest.fixture
def queue(own_state):
    with ReviewQueue.open(f"sqlite:///{own_state}/fieldreader.db") as opened:
        yield opened


def listed(*options):
    answer = CliRunner().invoke(app, ["queue", "list", *options])
    assert answer.exit_code == 0, answer.output
    return answer.output


def test_of_an_account_number_only_the_last_digits_are_shown(queue):
    queue.put_result(result(reading("account", "12345678", FieldKind.ACCOUNT), reading("b")), {})
    table = listed()
    assert "····5678" in table
    assert "12345678" not in table
    assert "01234" in table
    assert json.loads(listed("--format", "json").splitlines()[0])["proposal"] == "12345678"


@pytest.mark.parametrize("options", [[], ["--format", "json"]], ids=["table", "JSON"])
@pytest.mark.parametrize("keying", ["blind", "audit"])
def test_nothing_is_told_of_what_is_keyed_without_its_proposal(queue, keying, options):
    queue.put_result(result(reading("b", "98765")), {})
    with queue.engine.begin() as connection:
        connection.execute(text("UPDATE review_items SET keying = :keying"), {"keying": keying})
    said = listed(*options)
    assert keying in said
    for told in ("98765", "0.8", "low_confidence"):
        assert told not in said
