"""Read whole real cheques with templates: dates and amounts, six Indian cheques and twelve US ones.

    FIELDREADER_DATA=... python -m benchmarks.cheques

No blank cheque is at hand: of the two cheques of an Indian bank, and of all US ones, one serves as the reference
picture of its template, with what is written or stamped on it painted out. These are development figures: templates and
reader were made while looking at these very cheques.
"""

from __future__ import annotations

import argparse
import csv
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import yaml

from benchmarks.machine import describe_machine
from pipeline.assembly import PagesReading
from pipeline.confidence.operating_point import load_operating_point
from pipeline.document import Decision, FieldReading
from pipeline.process import read_pages
from pipeline.storage.intake import take_in
from pipeline.storage.scans import open_pages
from pipeline.storage.templates import load_templates
from recognizer.bundle import OPERATING_POINT, open_bundle
from recognizer.model_store import shipped_bundle
from recognizer.reader import load_recognizer
from recognizer.readings import GrayImage


@dataclass(frozen=True)
class Design:
    """Cheques of one print: which picture is the reference, and where the two fields lie, as page fractions."""

    name: str
    reference: str
    page_mm: tuple[float, float]
    date: tuple[float, float, float, float]
    amount: tuple[float, float, float, float]
    date_cells: int | None
    date_order: str


_IN_MM, _US_MM = (202.0, 93.5), (152.0, 66.8)
_WRITTEN = {
    "cheques_in": (
        (0.13, 0.2, 0.65, 0.08),
        (0.13, 0.29, 0.84, 0.06),
        (0.12, 0.45, 0.4, 0.12),
        (0.78, 0.63, 0.2, 0.17),
        (0.2, 0.88, 0.55, 0.08),
    ),
    "cheques_us": ((0.16, 0.33, 0.54, 0.1), (0.08, 0.46, 0.66, 0.1), (0.12, 0.74, 0.26, 0.08), (0.45, 0.7, 0.35, 0.1)),
}
"""Payee, amount in words, account or memo, signature, and the code line of the Indian ones, as page fractions."""
_INSET = 0.13
"""Of the shorter side of a cell: how far its printed lines may reach in."""
_PAPER_PERCENTILE = 75
DESIGNS = {
    "cheques_in": (
        Design(
            name="syndicate",
            reference="cheque_083654.jpg",
            page_mm=_IN_MM,
            date=(0.747, 0.076, 0.224, 0.061),
            amount=(0.766, 0.357, 0.193, 0.095),
            date_cells=8,
            date_order="DMY",
        ),
        Design(
            name="canara",
            reference="cheque_120612.jpg",
            page_mm=_IN_MM,
            date=(0.773, 0.097, 0.2, 0.058),
            amount=(0.778, 0.377, 0.195, 0.108),
            date_cells=8,
            date_order="DMY",
        ),
        Design(
            name="axis",
            reference="cheque_309092.jpg",
            page_mm=_IN_MM,
            date=(0.767, 0.076, 0.2, 0.059),
            amount=(0.742, 0.358, 0.23, 0.098),
            date_cells=8,
            date_order="DMY",
        ),
    ),
    "cheques_us": (
        Design(
            name="mock",
            reference="check_058.jpg",
            page_mm=_US_MM,
            date=(0.645, 0.17, 0.2, 0.12),
            amount=(0.785, 0.32, 0.165, 0.14),
            date_cells=None,
            date_order="MDY",
        ),
    ),
}


@dataclass(frozen=True)
class Outcome:
    """One field of one cheque: what was written and what came out; `reading` is None when no template fitted."""

    file: str
    field: str
    truth: str
    reading: FieldReading | None

    @property
    def is_exact(self) -> bool:
        """The digits equal the label's, separators dropped; labels of amounts may leave out cents of zero."""
        if self.reading is None or self.reading.raw is None:
            return False
        digits = _digits(self.reading.raw)
        return digits == _digits(self.truth)

    @property
    def is_accepted(self) -> bool:
        return self.reading is not None and self.reading.decision is Decision.ACCEPTED


def main() -> None:
    """Print shares and every field that was not read."""
    arguments = _arguments()
    print(describe_machine())
    for folder in DESIGNS:
        outcomes = read_folder(arguments.data / "real" / folder, DESIGNS[folder])
        exact = sum(o.is_exact for o in outcomes)
        accepted = [o for o in outcomes if o.is_accepted]
        wrong = sum(not o.is_exact for o in accepted)
        print(f"\n{folder}: {exact} of {len(outcomes)} fields exact, {len(accepted)} accepted, {wrong} of them wrong")
        for outcome in outcomes:
            if not outcome.is_exact:
                print(f"  {outcome.file} {outcome.field}: wrote {outcome.truth}, read {_described(outcome.reading)}")


def read_folder(folder: Path, designs: Sequence[Design]) -> list[Outcome]:
    """Read all cheques of a folder with its templates."""
    bundle = open_bundle(shipped_bundle())
    recognizer = load_recognizer(bundle)
    operating_point = load_operating_point(bundle.file(OPERATING_POINT))
    with tempfile.TemporaryDirectory() as scratch:
        for design in designs:
            _write_template(Path(scratch), design, folder)
        templates = load_templates(Path(scratch))
    outcomes: list[Outcome] = []
    with (folder / "labels.csv").open(newline="") as table:
        for row in csv.DictReader(table):
            source = take_in(folder / "images" / row["file"])
            outcomes += _paired(row, read_pages(open_pages(source), templates, recognizer, operating_point))
    return outcomes


def _write_template(folder: Path, design: Design, cheques: Path) -> None:
    picture = next(iter(open_pages(take_in(cheques / "images" / design.reference)))).gray.copy()
    written = [(design.date, design.date_cells or 1), (design.amount, 1)]
    for region, cells in [*written, *((region, 1) for region in _WRITTEN[cheques.name])]:
        _paint_out(picture, region, cells)
    cv2.imwrite(str(folder / f"{design.name}.png"), picture)
    date: dict[str, object] = {"name": "date", "kind": "date", "date_order": design.date_order}
    if design.date_cells:
        date |= {"cells": design.date_cells, "length": design.date_cells}
    places = ("left", "top", "width", "height")
    template = {
        "name": design.name,
        "version": "1",
        "page": dict(zip(("width_mm", "height_mm"), design.page_mm, strict=True)),
        "reference": f"{design.name}.png",
        "fields": [
            {**date, "region": dict(zip(places, design.date, strict=True))},
            {"name": "amount", "kind": "amount", "region": dict(zip(places, design.amount, strict=True))},
        ],
    }
    (folder / f"{design.name}.yaml").write_text(yaml.safe_dump(template), encoding="utf-8")


def _paint_out(picture: GrayImage, region: tuple[float, float, float, float], cells: int) -> None:
    """Paint the inside of every cell in the colour of its paper; the lines between cells stay."""
    height, width = picture.shape
    left, top, across, down = region[0] * width, region[1] * height, region[2] * width / cells, region[3] * height
    inset = _INSET * min(across, down)
    for cell in range(cells):
        start = left + cell * across
        inside = picture[
            round(top + inset) : round(top + down - inset), round(start + inset) : round(start + across - inset)
        ]
        inside[:] = round(float(np.percentile(inside, _PAPER_PERCENTILE)))


def _paired(row: dict[str, str], read: PagesReading) -> list[Outcome]:
    fields = {reading.name: reading for document in read.documents for reading in document.fields}
    date = row.get("date_ddmmyyyy", row.get("date_digits", ""))
    amount = row.get("amount_digits") or row["amount"]
    truths = {"date": date, "amount": amount}
    return [Outcome(row["file"], name, truth, fields.get(name)) for name, truth in truths.items() if truth]


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdecimal())


def _described(reading: FieldReading | None) -> str:
    if reading is None:
        return "nothing: no template fitted"
    return f"{reading.raw}, {reading.decision.value} {list(reading.reasons)}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cheques", description=__doc__)
    data = os.environ.get("FIELDREADER_DATA")
    parser.add_argument("--data", type=Path, default=data, required=data is None, help="folder with real/")
    return parser.parse_args()


if __name__ == "__main__":
    main()
