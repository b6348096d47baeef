"""Read the sample documents as a user would and compare with their truth.

    python -m benchmarks.samples

The samples are drawn by our own generator: they show that the chain holds together. How well handwriting is read is
measured elsewhere.
"""

from __future__ import annotations

import csv
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.machine import describe_machine

SAMPLES = Path(__file__).resolve().parent.parent / "sample_docs"


@dataclass(frozen=True)
class SampleField:
    """One field of a sample: what was written, what was expected, what came out."""

    file: str
    name: str
    truth: str | None
    is_readable: bool
    expected: str
    expected_reason: str
    value: str | None
    decision: str
    reasons: tuple[str, ...]

    @property
    def is_exact(self) -> bool:
        return self.value == self.truth

    @property
    def is_accepted(self) -> bool:
        return self.decision == "accepted"


def read_samples() -> list[SampleField]:
    """Run `fieldreader run` on the inbox and pair every field of the truth with its result.

    Raises:
        SystemExit: a field of the truth has no result.
    """
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out"
        command = [str(Path(sys.executable).with_name("fieldreader")), "run", str(SAMPLES / "inbox")]
        options = ["--templates", str(SAMPLES / "templates"), "--output", str(out), "--quiet"]
        environment = {"FIELDREADER_STATE_DIR": str(Path(folder) / "state"), "PATH": ""}
        done = subprocess.run([*command, *options], env=environment, check=False)
        if done.returncode != 4:
            raise SystemExit(f"fieldreader run ended with {done.returncode}; 4 is expected, for the broken sample")
        read = {
            (Path(result["source"]["names"][0]).name, str(document["number"]), name): field
            for result in (json.loads(path.read_text(encoding="utf-8")) for path in out.glob("*.json"))
            for document in result["documents"]
            for name, field in document["fields"].items()
        }
    with (SAMPLES / "truth.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["field"]]
    missing = [row for row in rows if (row["file"], row["document"], row["field"]) not in read]
    if missing:
        raise SystemExit(f"{len(missing)} fields of the truth have no result, the first in {missing[0]['file']}")
    return [_paired(row, read[row["file"], row["document"], row["field"]]) for row in rows]


def _paired(row: dict[str, str], field: dict[str, object]) -> SampleField:
    value = field["value"]
    reasons = field["reasons"]
    return SampleField(
        file=row["file"],
        name=row["field"],
        truth=row["value"] or None,
        is_readable=row["readable"] == "yes",
        expected=row["expected"],
        expected_reason=row["reason"],
        value=value if isinstance(value, str) else None,
        decision=str(field["decision"]),
        reasons=tuple(reasons) if isinstance(reasons, list) else (),
    )


def main() -> None:
    """Print the shares and every field that was not accepted as it should have been."""
    fields = read_samples()
    readable = [f for f in fields if f.is_readable]
    exact, accepted = sum(f.is_exact for f in readable), sum(f.is_accepted for f in readable)
    wrong = sum(f.is_accepted and not f.is_exact for f in fields)
    print(f"{describe_machine()}\n")
    print(f"readable fields {len(readable)}: exact {exact} ({100 * exact / len(readable):.1f} %), ", end="")
    print(
        f"accepted {accepted} ({100 * accepted / len(readable):.1f} %); accepted and wrong {wrong} of {len(fields)}\n"
    )
    for f in fields:
        if not f.is_exact or f.decision != f.expected:
            print(f"{f.file} {f.name}: wrote {f.truth}, read {f.value}, {f.decision} {list(f.reasons)}")


if __name__ == "__main__":
    main()
