"""A review station small enough for a test: its form, what fills its queue, and somebody at a browser."""

from __future__ import annotations

import datetime as dt
import re

from sqlalchemy import text

from pipeline.batch_count import summarise
from pipeline.document import FieldKind, FieldSpec, FormTemplate, ModelIdentity, ResultStatus, RuleSpec
from pipeline.storage.review_queue import ReviewQueue
from pipeline.storage.run_log import RunLog
from pipeline.summary import FileOutcome, FormOutcome
from tests.storage.review_samples import SURVEY, crop, reading, result

TOKEN = "a token of this test"
PASSWORD = "correct horse battery"
POSTAL = FieldSpec("postal_code", FieldKind.POSTAL_CODE, length=5, rules=(RuleSpec("range", {"max": 2000}),))
FORM = FormTemplate(SURVEY, (210.0, 297.0), (POSTAL,), ())


def fill(desk, *readings, names=("inbox/a.pdf",), keying="shown"):
    crops = {(1, one.name): crop() for one in readings or (reading(),)}
    ReviewQueue(desk.engine).put_result(result(*readings, names=names), crops)
    with desk.engine.begin() as connection:
        connection.execute(text("UPDATE review_items SET keying = :keying"), {"keying": keying})


class Person:
    """Somebody at a browser of his own."""

    def __init__(self, client, name=None):
        self.client = client
        if name is None:
            self.page = self.client.get("/", params={"token": TOKEN})
        else:
            self.page = self.client.post("/sign-in", data={"name": name, "password": PASSWORD})
        assert self.page.status_code == 200, self.page.text
        self.form_token = re.search('data-form-token="([^"]+)"', self.page.text)[1]

    def call(self, path, **body):
        return self.client.post(path, json=body, headers={"X-Form-Token": self.form_token})


def finish_run(desk, number, straight, model="1", shifts=()):
    """A run of a hundred documents of four fields each, so many of which went straight through."""
    log = RunLog(desk.engine, lambda: dt.datetime(2026, 5, number, 2, tzinfo=dt.UTC))
    form = FormOutcome("survey", ResultStatus.ACCEPTED, 4, 3, 0, 1)
    other = FormOutcome("survey", ResultStatus.NEEDS_REVIEW, 4, 1, 2, 1)
    outcomes = [
        FileOutcome((f"{n}.pdf",), f"{n}.json", form.status, False, 1, (form if n < straight else other,), (), 0.1)
        for n in range(100)
    ]
    log.begin(f"run {number}", "nightly")
    identity = ModelIdentity("fieldreader", model, "0" * 64, "estimated")
    log.finish(f"run {number}", summarise(outcomes, 10.0), identity, shifts)
