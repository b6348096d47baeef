"""Exact match on real cheque amounts and real form fields: ours beside the tutorials' way and Tesseract's digits.

    FIELDREADER_DATA=... python -m benchmarks.real_fields [--part all|tune|report] [--by batch] [--json FILE]

Every reader sees the same files in one run. A value is right when its digits, separators dropped, equal the label.
Halves: cheque amounts by the parity of the MD5 of the file name (odd = tune); form fields by capture batch
(`wa0711` and `scan` = tune, `wa0712` = report).
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.machine import describe_machine
from benchmarks.tutorial_way import load_or_train_tutorial_network, read_the_tutorials_way
from pipeline.values.grammar import digits_of
from recognizer.proportions import wilson_interval

SETS = {"courtesy_amounts": "amount", "form_fields": "digits"}
"""Folder under `real/` and the kind its fields are read as."""
TESSERACT = ("tesseract", "stdin", "stdout", "--psm", "7", "-c", "tessedit_char_whitelist=0123456789")


@dataclass(frozen=True)
class LabelledCrop:
    """One real field: its picture, its digits, the half it belongs to, and how it was captured (batch and field)."""

    path: Path
    label: str
    part: str
    batch: str


@dataclass(frozen=True)
class Score:
    """Exact match of one reader on one part of one set."""

    dataset: str
    part: str
    reader: str
    n: int
    exact: int
    edits: int
    digits: int
    seconds: float

    @property
    def line(self) -> str:
        low, high = wilson_interval(self.exact, self.n)
        return (
            f"| {self.dataset} | {self.part} | {self.reader} | {self.n} | {100 * self.exact / self.n:.1f} % "
            f"({100 * low:.1f}-{100 * high:.1f}) | {100 * self.edits / self.digits:.1f} % | "
            f"{1000 * self.seconds / self.n:.1f} |"
        )


def load_crops(root: Path, dataset: str) -> list[LabelledCrop]:
    """Labelled pictures of a set, in the order of its label file."""
    folder = root / "real" / dataset
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [
        LabelledCrop(folder / "images" / row["file"], row["label"], part_of(dataset, row), batch_of(dataset, row))
        for row in rows
    ]


def batch_of(dataset: str, row: dict[str, str]) -> str:
    """How a picture was captured, and what it shows: nothing that was fitted should lean on one of these."""
    return f"{row['capture_batch']} {row['field']}" if dataset == "form_fields" else dataset


def part_of(dataset: str, row: dict[str, str]) -> str:
    """Half that a picture belongs to: tuned on, or reported."""
    if dataset == "form_fields":
        return "report" if row["capture_batch"] == "wa0712" else "tune"
    odd = int(hashlib.md5(row["file"].encode(), usedforsecurity=False).hexdigest(), 16) % 2
    return "tune" if odd else "report"


def read_with_fieldreader(paths: Sequence[Path], kind: str) -> list[str]:
    """Digits as `fieldreader read` prints them, one process for all files."""
    command = [str(Path(sys.executable).with_name("fieldreader")), "read", *map(str, paths), "--kind", kind]
    done = subprocess.run([*command, "--format", "json"], capture_output=True, text=True, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    if len(lines) != len(paths):
        raise SystemExit(f"fieldreader read printed {len(lines)} lines for {len(paths)} files: {done.stderr[-500:]}")
    return [digits_of(line["raw"] or "") for line in lines]


def read_with_tesseract(paths: Sequence[Path]) -> list[str]:
    """Digits as Tesseract reads them with a digit whitelist, a line a picture."""
    answers = []
    for path in paths:
        done = subprocess.run(TESSERACT, input=path.read_bytes(), capture_output=True, check=False)
        answers.append(digits_of(done.stdout.decode("utf-8", "replace")))
    return answers


def edit_distance(a: str, b: str) -> int:
    """Levenshtein distance."""
    previous = list(range(len(b) + 1))
    for i, x in enumerate(a, start=1):
        current = [i]
        for j, y in enumerate(b, start=1):
            current.append(min(previous[j] + 1, current[-1] + 1, previous[j - 1] + (x != y)))
        previous = current
    return previous[-1]


def score(
    dataset: str,
    reader: str,
    crops: Sequence[LabelledCrop],
    answers: Sequence[str],
    seconds: float,
    by_batch: bool = False,
) -> list[Score]:
    """Scores by part and over all, and by batch where asked."""
    scores = []
    batches = sorted({crop.batch for crop in crops if crop.batch != dataset}) if by_batch else []
    for part in ("tune", "report", *batches, "all"):
        pairs = [(c.label, a) for c, a in zip(crops, answers, strict=True) if part in ("all", c.part, c.batch)]
        if not pairs or (part == "all" and len({c.part for c in crops}) == 1):
            continue
        scores.append(
            Score(
                dataset,
                part,
                reader,
                len(pairs),
                sum(label == answer for label, answer in pairs),
                sum(edit_distance(label, answer) for label, answer in pairs),
                sum(len(label) for label, _ in pairs),
                seconds * len(pairs) / len(crops),
            )
        )
    return scores


def main() -> None:
    """Measure every reader on both sets and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--part", choices=("all", "tune", "report"), default="all")
    parser.add_argument("--json", type=Path, help="also write the scores to this file")
    parser.add_argument("--by", choices=("part", "batch"), default="part", help="also a row for every capture batch")
    parser.add_argument("--only", choices=("ours", "tutorials", "tesseract"), help="measure one reader")
    arguments = parser.parse_args()
    root = Path(os.environ.get("FIELDREADER_DATA", ""))
    if not (root / "real").is_dir():
        raise SystemExit("set FIELDREADER_DATA to the folder that holds real/courtesy_amounts and real/form_fields")
    scores: list[Score] = []
    for dataset, kind in SETS.items():
        crops = [c for c in load_crops(root, dataset) if arguments.part in ("all", c.part)]
        for reader, read in readers(root, kind).items():
            if arguments.only and not reader.startswith(arguments.only):
                continue
            start = time.perf_counter()
            answers = read([crop.path for crop in crops])
            seconds = time.perf_counter() - start
            scores.extend(score(dataset, reader, crops, answers, seconds, arguments.by == "batch"))
            print(scores[-1].line, file=sys.stderr, flush=True)
    print(f"{describe_machine()}\n")
    print("| set | part | reader | n | exact (95 % interval) | edits a digit | ms a field |")
    print("|---|---|---|---|---|---|---|")
    for item in scores:
        print(item.line)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(item) for item in scores], indent=1))


def readers(root: Path, kind: str) -> dict[str, Callable[[Sequence[Path]], list[str]]]:
    """Readers by name; Tesseract only where it is installed."""
    found: dict[str, Callable[[Sequence[Path]], list[str]]] = {
        "ours (fieldreader read)": lambda paths: read_with_fieldreader(paths, kind),
        "tutorials' way": lambda paths: read_the_tutorials_way(paths, load_or_train_tutorial_network(root)),
    }
    if shutil.which("tesseract"):
        found["tesseract digits"] = read_with_tesseract
    else:
        print("tesseract is not installed (apt-get install tesseract-ocr): left out", file=sys.stderr)
    return found


if __name__ == "__main__":
    main()
