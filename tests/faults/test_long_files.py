"""A file of many pages takes hardly more memory than a file of one: pages, readings and pictures come and go."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

GROWTH_MB = 100.0
"""Aim of a whole run is 200 MB; pages of this test are small, and what does not depend on their size is the same."""

READ = """
import os, sys
from dataclasses import replace
from pathlib import Path

from benchmarks.process_tree import PeakMemory
from pipeline.batch import BatchOptions
from pipeline.plan import PlannedFile
from pipeline.source_reader import read_file
from tests.batch_parts import open_doubtful
from tests.storage.made_pdfs import PdfPage, fax_picture, pdf_bytes
from tests.test_process import filled_form, template

folder, pages = Path(sys.argv[1]), int(sys.argv[2])
path = folder / "forms.pdf"
path.write_bytes(pdf_bytes(*[PdfPage([fax_picture(filled_form())], media_box=(0, 0, 419.5, 297.6))] * pages))
(folder / "out").mkdir()
options = BatchOptions(out=folder / "out", queue_url=f"sqlite:///{folder}/queue.db")
reader = replace(open_doubtful(options), templates=(template(),))
with PeakMemory(os.getpid()) as memory:
    outcome = read_file(PlannedFile(path, (str(path),)), reader)
review = sum(form.review for form in outcome.forms)
assert (len(outcome.forms), review) == (pages, 2 * pages), (len(outcome.forms), review, outcome.errors)
print(memory.peak_mb)
"""


def peak_mb(pages: int, folder: Path) -> float:
    folder.mkdir()
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", READ, str(folder), str(pages)]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return float(done.stdout)


@pytest.mark.timeout(3600)
@pytest.mark.parametrize(
    "pages", [pytest.param(200, marks=pytest.mark.slow), pytest.param(5000, marks=[pytest.mark.soak])]
)
def test_many_forms_in_a_file_need_the_memory_of_a_few(pages: int, tmp_path: Path) -> None:
    few = peak_mb(20, tmp_path / "few")
    many = peak_mb(pages, tmp_path / "many")
    assert many - few < GROWTH_MB, (few, many)
