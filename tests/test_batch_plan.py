import os
import threading
import time

import pytest

from pipeline.errors import SettingsError
from pipeline.plan import Shard, plan_batch


@pytest.fixture
def inbox(tmp_path):
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def names(plan):
    return [[name.rpartition("/")[2] for name in file.names] for file in plan.files]


def test_files_of_a_folder_are_planned_in_order(inbox, tmp_path):
    for name in ("b.pdf", "a.tif", "c.png"):
        (inbox / name).write_bytes(name.encode())
    assert names(plan_batch([inbox], tmp_path / "out")) == [["a.tif"], ["b.pdf"], ["c.png"]]


def test_an_empty_folder_is_an_empty_plan(inbox, tmp_path):
    assert plan_batch([inbox], tmp_path / "out").files == ()


def test_the_same_content_twice_is_one_file_with_both_names(inbox, tmp_path):
    (inbox / "a.pdf").write_bytes(b"same")
    (inbox / "b.pdf").write_bytes(b"diff")
    (inbox / "c.pdf").write_bytes(b"same")
    assert names(plan_batch([inbox], tmp_path / "out")) == [["a.pdf", "c.pdf"], ["b.pdf"]]


def test_a_file_named_twice_counts_once(inbox, tmp_path):
    (inbox / "a.pdf").write_bytes(b"x")
    assert names(plan_batch([inbox / "a.pdf", inbox, inbox / "a.pdf"], tmp_path / "out")) == [["a.pdf"]]


def test_results_within_the_inbox_are_not_taken_for_documents(inbox):
    (inbox / "a.pdf").write_bytes(b"x")
    (inbox / "a-01234567.json").write_bytes(b"{}")
    assert names(plan_batch([inbox], inbox)) == [["a.pdf"]]


def test_special_files_are_planned_so_that_they_are_refused_aloud(inbox, tmp_path):
    os.mkfifo(inbox / "pipe.pdf")
    (inbox / "gone.pdf").symlink_to(tmp_path / "nowhere")
    assert names(plan_batch([inbox], tmp_path / "out")) == [["gone.pdf"], ["pipe.pdf"]]


def test_what_does_not_exist_is_a_usage_error(tmp_path):
    with pytest.raises(SettingsError, match=r"no file or folder .*missing\.pdf"):
        plan_batch([tmp_path / "missing.pdf"], tmp_path / "out")


def test_a_file_that_settles_while_waiting_is_planned(inbox, tmp_path):
    (inbox / "a.pdf").write_bytes(b"x")
    plan = plan_batch([inbox], tmp_path / "out", settle_s=0.2)
    assert (names(plan), plan.unsettled) == ([["a.pdf"]], ())


def test_a_file_still_being_written_is_left_for_the_next_run(inbox, tmp_path):
    path = inbox / "growing.pdf"
    path.write_bytes(b"x")
    stop = threading.Event()

    def grow():
        while not stop.is_set():
            with path.open("ab") as file:
                file.write(b"x")
            time.sleep(0.02)

    writer = threading.Thread(target=grow)
    writer.start()
    try:
        plan = plan_batch([inbox], tmp_path / "out", settle_s=0.3)
    finally:
        stop.set()
        writer.join()
    assert plan.files == ()
    assert [name.rpartition("/")[2] for name in plan.unsettled] == ["growing.pdf"]


def test_chunks_hold_every_file_once(inbox, tmp_path):
    for number in range(7):
        (inbox / f"{number}.pdf").write_bytes(bytes([number]))
    plan = plan_batch([inbox], tmp_path / "out")
    chunks = plan.chunks(3)
    assert [len(chunk) for chunk in chunks] == [3, 3, 1]
    assert tuple(file for chunk in chunks for file in chunk) == plan.files


@pytest.mark.parametrize("count", [1, 2, 7])
def test_parts_together_are_the_whole_and_share_nothing(tmp_path, count):
    for number in range(200):  # files go to parts by their names, whose folder differs from run to run
        (tmp_path / f"{number}.png").write_bytes(bytes([number]))
    plan = plan_batch([tmp_path], tmp_path / "out")
    parts = [plan.part(Shard(number, count)).files for number in range(1, count + 1)]
    assert sorted(file.names for part in parts for file in part) == sorted(file.names for file in plan.files)
    assert all(parts)


@pytest.mark.parametrize(("number", "count"), [(0, 2), (3, 2), (1, 0)])
def test_a_part_that_cannot_be_is_refused(number, count):
    with pytest.raises(SettingsError, match=f"no part {number} of {count}"):
        Shard(number, count)
