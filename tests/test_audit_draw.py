from __future__ import annotations

from dataclasses import replace

import pytest

from flows.audit_page import Audited, audit_page
from pipeline.audit_draw import Draw, draw_accepted
from pipeline.audit_sampling import tally
from pipeline.batch import BatchOptions, plan_batch, run_batch
from pipeline.plan import BatchPlan
from pipeline.routing import Routing
from pipeline.storage.review_item import Keying
from pipeline.storage.review_queue import ReviewQueue
from tests.batch_parts import draw_form, open_scripted
from tests.faults.killing import results

ALL = Routing(audit_share=1.0)


@pytest.fixture
def options(tmp_path):
    """Two documents, read and accepted, with nothing in the queue."""
    inbox = tmp_path / "inbox"
    inbox.mkdir()
    for number in range(2):
        draw_form(inbox / f"{number}.png", number)
    made = BatchOptions(tmp_path / "out", queue_url=f"sqlite:///{tmp_path}/queue.db", jobs=1)
    assert run_batch(plan_batch([inbox], made.out), made, open_with=open_scripted).accepted == 2
    return made


@pytest.fixture
def queue(options):
    with ReviewQueue.open(options.queue_url) as opened:
        yield opened


def open_auditing(options):
    return replace(open_scripted(options), queue=ReviewQueue.open(options.queue_url, ALL))


def test_accepted_fields_of_earlier_results_reach_people_with_their_pictures(options, queue):
    before = results(options.out)
    draw = draw_accepted(options.out, ALL, queue)
    assert (draw.fields, len(draw.files), draw.out_of_reach) == (2, 2, 0)
    run_batch(BatchPlan(draw.files), replace(options, again=True), open_with=open_auditing)
    items = queue.list_items()
    assert [item.keying for item in items] == [Keying.AUDIT, Keying.AUDIT]
    pictures = [queue.crop(item.id) for item in items]
    assert all(picture is not None and picture.min() < 128 for picture in pictures)
    assert results(options.out) == before
    assert draw_accepted(options.out, ALL, queue) == Draw((), 0, 0)  # they are there


def test_blank_fields_of_earlier_results_are_drawn_with_their_pictures_too(options, queue, tmp_path):
    draw_form(tmp_path / "inbox" / "2.png", 2, is_filled=False)
    run_batch(plan_batch([tmp_path / "inbox"], options.out), options, open_with=open_scripted)
    draw = draw_accepted(options.out, ALL, queue)
    assert (draw.fields, len(draw.files)) == (3, 3)
    run_batch(BatchPlan(draw.files), replace(options, again=True), open_with=open_auditing)
    (blank,) = (item for item in queue.list_items() if item.machine_value is None)
    assert blank.keying is Keying.AUDIT
    assert queue.crop(blank.id) is not None


def test_the_lot_draws_its_share_and_nothing_without_one(options, queue):
    assert draw_accepted(options.out, Routing(), queue) == Draw((), 0, 0)
    once = draw_accepted(options.out, Routing(audit_share=0.5), queue)
    assert draw_accepted(options.out, Routing(audit_share=0.5), queue) == once


def test_originals_are_found_in_the_archive_and_told_when_they_are_gone(options, queue, tmp_path):
    first, second = sorted((tmp_path / "inbox").iterdir())
    archive = tmp_path / "done"
    archive.mkdir()
    first.rename(archive / first.name)
    second.write_bytes(b"something else under the same name")
    draw = draw_accepted(options.out, ALL, queue, archive)
    assert [file.path for file in draw.files] == [archive / first.name]
    assert (draw.fields, draw.out_of_reach) == (2, 1)


def test_the_page_says_how_the_budget_stands_by_form():
    kept, broken, none = tally([False] * 100, 3, 0.01), tally([True] * 30, 0, 0.01), tally([], 0, 0.01)
    page = audit_page(Audited(kept, none), {"a|b": Audited(kept, none)}, Draw((), 4, 1))
    assert "| `a\\|b` | values | 100 | 0 | 0.00% | 0.00% to 3.62% | 1.00% | 3 |" in page
    assert "| `a\\|b` | blanks | 0 | 0 |  | 0.00% to 100.00% | 1.00% | 0 |" in page
    assert "more, none of them wrong, would prove" in page
    assert "4 accepted and blank fields were drawn now, in 0 files. 1 are out of reach" in page
    assert "**The error budget is broken** for values" in audit_page(Audited(broken, kept), {}, Draw((), 0, 0))
    assert "**The error budget is broken** for blanks" in audit_page(Audited(kept, broken), {}, Draw((), 0, 0))
    assert "Nobody has keyed an audited value" in audit_page(Audited(none, none), {}, Draw((), 0, 0))
