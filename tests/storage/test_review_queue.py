from __future__ import annotations

import datetime as dt
import sqlite3
import threading
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import text

from pipeline.document import Decision, ErrorItem, FieldKind, FieldSpec, FormTemplate
from pipeline.errors import QueueError
from pipeline.packed_fields import PackedFields
from pipeline.storage.database import open_database
from pipeline.storage.review_item import Answer, ItemState, item_id
from pipeline.storage.review_queue import ReviewQueue
from tests.storage.review_samples import CORNERS, SURVEY, crop, reading, result


@pytest.fixture
def queue(database_url):
    with ReviewQueue.open(database_url) as opened:
        yield opened


def answer(item, text, place="queue.csv, row 2"):
    return Answer(item.id, text, place)


def test_field_in_review_becomes_an_item_with_all_that_was_read(queue):
    survey = FormTemplate(SURVEY, (210.0, 297.0), (FieldSpec("postal_code", FieldKind.POSTAL_CODE, length=5),), ())

    assert queue.put_result(result(), {(1, "postal_code"): crop()}, [survey], run="night-1") == 1

    (item,) = queue.list_items()
    assert item.id == item_id("a" * 64, 1, "postal_code")
    assert (item.state, item.template, item.run, item.source_names) == (
        "pending",
        "survey",
        "night-1",
        ("inbox/a.pdf",),
    )
    assert item.spec == FieldSpec("postal_code", FieldKind.POSTAL_CODE, length=5)
    expected = reading()
    assert item.machine_value == expected.value
    assert item.polygon_px == expected.polygon_px
    assert item.characters == expected.characters
    assert item.alternatives == expected.alternatives
    assert item.reasons == expected.reasons
    np.testing.assert_array_equal(queue.crop(item.id), crop())


def test_accepted_and_blank_fields_need_no_person(queue):
    accepted = reading("a", decision=Decision.ACCEPTED)
    blank = reading("b", value=None, decision=Decision.BLANK)
    assert queue.put_result(result(accepted, blank), {}) == 0
    assert queue.list_items(state=None) == ()


def test_same_result_twice_is_one_item(queue):
    queue.put_result(result(), {(1, "postal_code"): crop()})
    before = queue.list_items()
    queue.put_result(result(), {(1, "postal_code"): crop()})
    assert queue.list_items() == before


def test_same_content_under_another_name_is_one_item_with_both_names(queue):
    queue.put_result(result(), {})
    queue.put_result(result(names=("inbox/copy.pdf",)), {})
    (item,) = queue.list_items()
    assert item.source_names == ("inbox/a.pdf", "inbox/copy.pdf")


def test_pending_item_follows_a_newer_reading_and_its_picture(queue):
    queue.put_result(result(), {(1, "postal_code"): crop(0)}, run="night-1")
    created = queue.list_items()[0].created_at
    queue.put_result(result(reading(value="01235"), fingerprint="two"), {(1, "postal_code"): crop(9)}, run="night-2")

    (item,) = queue.list_items()
    assert (item.machine_value, item.fingerprint, item.run) == ("01235", "two", "night-2")
    assert item.created_at == created
    np.testing.assert_array_equal(queue.crop(item.id), crop(9))


def test_pending_item_goes_when_a_newer_reading_is_accepted(queue):
    queue.put_result(result(), {(1, "postal_code"): crop()})
    (item,) = queue.list_items()
    assert queue.put_result(result(reading(decision=Decision.ACCEPTED), fingerprint="two"), {}) == 0
    assert queue.list_items(state=None) == ()
    assert queue.crop_png(item.id) is None


def test_pending_item_stays_when_a_newer_run_could_not_read_its_page(queue):
    queue.put_result(result(), {})
    failed = replace(result(fingerprint="two"), documents=(), errors=(ErrorItem("damaged_file", "truncated", 1),))
    queue.put_result(failed, {})
    assert queue.count()["pending"] == 1


@pytest.mark.parametrize("decision", [Decision.REVIEW, Decision.ACCEPTED])
def test_settled_item_is_never_touched_by_a_newer_reading(queue, decision):
    queue.put_result(result(), {(1, "postal_code"): crop()})
    (item,) = queue.list_items()
    queue.settle([answer(item, "91234")], "ann")
    settled = queue.list_items(state=None)

    queue.put_result(result(reading(value="55555", decision=decision), fingerprint="two"), {})

    assert queue.list_items(state=None) == settled
    assert queue.list_items() == ()


def test_items_without_a_picture_are_kept(queue):
    queue.put_result(result(reading(value=None)), {})
    (item,) = queue.list_items()
    assert queue.crop(item.id) is None
    assert item.machine_value is None


def test_file_names_that_are_not_text_are_kept(queue):
    queue.put_result(result(names=("inbox/\udce4.pdf",)), {})
    assert queue.list_items()[0].source_names == ("inbox/\udce4.pdf",)


def test_items_are_listed_by_state_template_source_and_number(queue):
    queue.put_result(result(reading("x"), reading("y")), {})
    queue.put_result(result(reading("z"), source="b" * 64, template=None), {})
    x, y, z = queue.list_items()
    assert [item.spec.name for item in (x, y, z)] == ["x", "y", "z"]
    queue.settle([answer(x, "=")], "ann")
    assert queue.list_items() == (y, z)
    assert queue.list_items(limit=1) == (y,)
    assert queue.list_items(template="survey") == (y,)
    assert queue.list_items(source_id="b" * 64) == (z,)
    assert [item.spec.name for item in queue.list_items(state=ItemState.CONFIRMED)] == ["x"]
    assert queue.count() == {
        "pending": 2, "claimed": 0, "escalated": 0, "confirmed": 1, "corrected": 0, "blank": 0, "unreadable": 0,
    }  # fmt: skip


def test_corrections_keep_the_machines_value_beside_the_persons(tmp_path):
    noon = dt.datetime(2026, 5, 1, 12, tzinfo=dt.UTC)
    ReviewQueue.open(f"sqlite:///{tmp_path}/q.db").close()

    with ReviewQueue(open_database(f"sqlite:///{tmp_path}/q.db"), now=lambda: noon) as queue:
        queue.put_result(result(reading("x"), reading("y"), reading("z")), {})
        x, y, z = queue.list_items()
        settled = queue.settle([answer(x, "="), answer(y, "91234"), answer(z, "?")], "ann")

        assert settled == {"confirmed": 1, "corrected": 1, "unreadable": 1}
        found = [(c.item_id, c.machine_value, c.human_value) for c in queue.corrections()]
        assert found == [(x.id, "01234", "01234"), (y.id, "01234", "91234"), (z.id, "01234", None)]
        assert {(c.reviewer, c.keyed_at) for c in queue.corrections()} == {("ann", "2026-05-01T12:00:00.000+00:00")}


@pytest.mark.parametrize(
    ("kind", "keyed", "value"),
    [
        pytest.param(FieldKind.DIGITS, "007", "007", id="digits keep leading zeros"),
        pytest.param(FieldKind.DIGITS, "'007", "007", id="apostrophe of a spreadsheet"),
        pytest.param(FieldKind.ACCOUNT, "12 34-56", "123456", id="account with separators"),
        pytest.param(FieldKind.POSTAL_CODE, "90210-1234", "902101234", id="long postal code"),
        pytest.param(FieldKind.AMOUNT, "1250", "1250.00", id="whole amount"),
        pytest.param(FieldKind.AMOUNT, "3,22,000.5", "322000.50", id="amount in Indian grouping"),
        pytest.param(FieldKind.DATE, "2026-03-09", "2026-03-09", id="ISO date"),
        pytest.param(FieldKind.DATE, "09.03.2026", "2026-03-09", id="date as written"),
        pytest.param(FieldKind.DATE, "090326", "2026-03-09", id="date as digits"),
    ],
)
def test_answers_are_normalised_by_kind(queue, kind, keyed, value):
    queue.put_result(result(reading("f", value=None, kind=kind)), {})
    (item,) = queue.list_items()
    queue.settle([answer(item, keyed)], "ann")
    assert queue.corrections()[0].human_value == value


@pytest.mark.parametrize(
    ("kind", "keyed"),
    [
        pytest.param(FieldKind.DIGITS, "12a4", id="letters"),
        pytest.param(FieldKind.DIGITS, "١٢٣", id="digits of another script"),
        pytest.param(FieldKind.DIGITS, "1" * 65, id="far too long"),
        pytest.param(FieldKind.AMOUNT, "twelve", id="amount in words"),
        pytest.param(FieldKind.AMOUNT, "=1+2", id="formula"),
        pytest.param(FieldKind.DATE, "2026-02-30", id="no such day"),
        pytest.param(FieldKind.DATE, "1.2", id="day and month without a year"),
        pytest.param(FieldKind.DIGITS, "=", id="nothing to confirm"),
    ],
)
def test_answer_that_does_not_fit_its_field_names_its_place(queue, kind, keyed):
    queue.put_result(result(reading("f", value=None, kind=kind)), {})
    (item,) = queue.list_items()
    with pytest.raises(QueueError, match=r"^morning.csv, row 7: "):
        queue.settle([answer(item, keyed, "morning.csv, row 7")], "ann")
    assert queue.count()["pending"] == 1


def test_proposal_that_is_no_value_of_its_kind_cannot_be_confirmed(queue):
    queue.put_result(result(reading("f", value="310226", kind=FieldKind.DATE)), {})
    (item,) = queue.list_items()
    with pytest.raises(QueueError, match="not a value of kind date"):
        queue.settle([answer(item, "=")], "ann")


def test_proposal_of_another_length_can_be_confirmed(queue):
    survey = FormTemplate(SURVEY, (210.0, 297.0), (FieldSpec("postal_code", FieldKind.POSTAL_CODE, length=6),), ())
    queue.put_result(result(), {}, [survey])
    queue.settle([answer(queue.list_items()[0], "=")], "ann")
    assert queue.corrections()[0].human_value == "01234"


def test_dropped_leading_zero_is_noticed_where_the_length_is_known(queue):
    survey = FormTemplate(SURVEY, (210.0, 297.0), (FieldSpec("postal_code", FieldKind.POSTAL_CODE, country="US"),), ())
    queue.put_result(result(), {}, [survey])
    with pytest.raises(QueueError, match="4 digits where the field holds 5 or 9; if a spreadsheet dropped"):
        queue.settle([answer(queue.list_items()[0], "1234")], "ann")


def test_one_wrong_answer_leaves_all_items_as_they_were(queue):
    queue.put_result(result(reading("x"), reading("y")), {})
    x, y = queue.list_items()
    with pytest.raises(QueueError):
        queue.settle([answer(x, "="), answer(y, "letters")], "ann")
    assert queue.count()["pending"] == 2


def test_answers_already_taken_change_nothing(queue):
    queue.put_result(result(), {})
    (item,) = queue.list_items()
    queue.settle([answer(item, "91234")], "ann")
    before = queue.list_items(state=None)
    assert not any(queue.settle([answer(item, "91234")], "bob").values())
    assert queue.list_items(state=None) == before


def test_own_answer_can_be_changed_but_not_somebody_elses(queue):
    queue.put_result(result(), {})
    (item,) = queue.list_items()
    queue.settle([answer(item, "91234")], "ann")
    queue.settle([answer(item, "91235")], "ann")
    with pytest.raises(QueueError, match="ann has answered this item differently"):
        queue.settle([answer(item, "?")], "bob")
    assert queue.corrections()[0].human_value == "91235"


def test_reviewer_and_item_must_be_known(queue):
    with pytest.raises(QueueError, match="needs a name"):
        queue.settle([], " ")
    with pytest.raises(QueueError, match="there is no item nowhere"):
        queue.settle([Answer("nowhere", "=", "queue.csv, row 2")], "ann")


def test_opening_twice_migrates_once_and_keeps_what_is_there(tmp_path):
    url = f"sqlite:///{tmp_path}/a folder with 100% signs/q.db"
    with ReviewQueue.open(url) as queue:
        queue.put_result(result(), {})
    with ReviewQueue.open(url) as queue:
        assert queue.count()["pending"] == 1


def test_many_may_open_a_new_database_at_once_and_write(tmp_path):
    failures: list[QueueError] = []

    def work(number: int) -> None:
        try:
            with ReviewQueue.open(f"sqlite:///{tmp_path}/q.db") as queue:
                queue.put_result(result(source=f"{number:064d}"), {(1, "postal_code"): crop()})
        except QueueError as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with ReviewQueue.open(f"sqlite:///{tmp_path}/q.db") as queue:
        assert queue.count()["pending"] == 8


def test_migrations_make_exactly_the_tables_that_the_code_uses(tmp_path):
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext

    from pipeline.storage.tables import Table

    engine = open_database(f"sqlite:///{tmp_path}/q.db")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Table.metadata) == []
    engine.dispose()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        pytest.param("nonsense", "not one", id="not a URL"),
        pytest.param("mysql://localhost/x", "not supported", id="another kind of database"),
        pytest.param("sqlite:////proc/version/q.db", "cannot make the folder", id="folder that cannot be"),
    ],
)
def test_database_that_cannot_be_used_is_said_plainly(url, message):
    with pytest.raises(QueueError, match=message):
        ReviewQueue.open(url)


@pytest.mark.skipif(find_spec("psycopg") is not None, reason="the driver is installed")
def test_missing_driver_names_the_extra_that_brings_it():
    with pytest.raises(QueueError, match=r"psycopg is missing; pip install 'fieldreader\[postgres\]'"):
        ReviewQueue.open("postgresql+psycopg://somebody:secret@localhost/x")


def test_file_that_is_no_database_is_said_plainly(tmp_path):
    (tmp_path / "q.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(QueueError, match="file is not a database"):
        ReviewQueue.open(f"sqlite:///{tmp_path}/q.db")


def test_database_of_a_newer_release_is_refused(tmp_path):
    ReviewQueue.open(f"sqlite:///{tmp_path}/q.db").close()
    with sqlite3.connect(tmp_path / "q.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    with pytest.raises(QueueError, match="9999"):
        ReviewQueue.open(f"sqlite:///{tmp_path}/q.db")


def test_error_of_the_database_does_not_show_field_contents(queue, database_url):
    engine = open_database(database_url)
    with engine.begin() as connection:
        connection.execute(text("DROP TABLE review_crops"))
    engine.dispose()
    with pytest.raises(QueueError) as caught:
        queue.put_result(result(reading(value="4242424242")), {(1, "postal_code"): crop()})
    assert "4242424242" not in str(caught.value)
    assert "4242424242" not in str(caught.value.__cause__)


def test_item_ids_differ_by_source_document_and_field():
    ids = {item_id("a", 1, "x"), item_id("b", 1, "x"), item_id("a", 2, "x"), item_id("a", 1, "y")}
    assert len(ids) == 4


def test_database_is_made_in_a_new_folder_that_others_cannot_read(tmp_path):
    ReviewQueue.open(f"sqlite:///{tmp_path}/deep/er/q.db").close()
    folder = Path(tmp_path / "deep" / "er")
    assert (folder / "q.db").is_file()
    assert folder.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("is_long", [False, True], ids=["a short file", "a file of many pages"])
def test_places_of_the_other_account_numbers_on_its_page_go_with_a_field(queue, is_long):
    mine, other, apart = (
        replace(reading(name, kind=FieldKind.ACCOUNT), page=page, polygon_px=((x, 0.0), *CORNERS[1:]))
        for name, page, x in (("mine", 1, 1.0), ("other", 1, 2.0), ("apart", 2, 3.0))
    )
    whole = result(mine, other, apart)
    if is_long:
        (document,) = whole.documents
        whole = replace(whole, documents=(replace(document, fields=PackedFields([[mine, other], [apart]])),))
    queue.put_result(whole, {})
    assert {item.spec.name: item.accounts_px for item in queue.list_items()} == {
        "mine": (other.polygon_px,),
        "other": (mine.polygon_px,),
        "apart": (),
    }
    assert [item.spec.name for item in queue.list_items()] == ["mine", "other", "apart"]


def test_a_long_file_is_unpacked_a_few_times_only(queue):
    class Counted(PackedFields):
        rounds = 0

        def __iter__(self):
            Counted.rounds += 1
            return super().__iter__()

    fields = Counted([[reading(f"f{number}")] for number in range(30)])
    (document,) = result().documents
    queue.put_result(replace(result(), documents=(replace(document, fields=fields),)), {})
    assert Counted.rounds <= 3
