"""Files that other projects collected because they broke something, among our own samples."""

from __future__ import annotations

import csv
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pipeline.batch import BatchOptions, plan_batch, run_batch
from pipeline.storage.limits import ScanLimits
from tests.batch_parts import open_scripted

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

SAMPLES = Path(__file__).parents[2] / "sample_docs" / "inbox"

READABLE_SHARE = 0.9
"""Of the files that some other program opens; the others are too large, encrypted, or damaged, and we say so."""


def results(inbox: Path, out: Path) -> dict[str, Any]:
    options = BatchOptions(out=out, jobs=2, limits=ScanLimits(page_timeout_s=60))
    run_batch(plan_batch([inbox], out), options, open_with=open_scripted)
    found = [json.loads(path.read_bytes()) for path in out.glob("*.json")]
    for result in found:
        del result["processing"]
    return {Path(name).name: result for result in found for name in result["source"]["names"]}


def test_samples_among_awkward_files_read_as_they_do_alone(real_data: Path, tmp_path: Path) -> None:
    awkward = real_data / "real" / "awkward_files"
    rows = list(csv.DictReader((awkward / "index.csv").read_text(encoding="utf-8").splitlines()))
    inbox = tmp_path / "inbox"
    shutil.copytree(SAMPLES, inbox)
    alone = results(inbox, tmp_path / "alone")
    for row in rows:
        shutil.copyfile(awkward / "files" / row["file"], inbox / row["file"])
    among = results(inbox, tmp_path / "among")
    assert {name: among[name] for name in alone} == alone
    assert set(among) == {*alone, *(row["file"] for row in rows)}
    codes = {row["file"]: [error["code"] for error in among[row["file"]]["errors"]] for row in rows}
    assert not {name: found for name, found in codes.items() if "internal_error" in found}
    opens = [row["file"] for row in rows if row["opens"] == "yes"]
    failed = {name: among[name]["errors"] for name in opens if among[name]["status"] == "failed"}
    assert len(failed) <= (1 - READABLE_SHARE) * len(opens), failed
