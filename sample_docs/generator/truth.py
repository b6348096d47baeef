"""The truth about the inbox as a table, and the README that lists its files."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from sample_docs.generator.answers import Answer, Expected
from sample_docs.generator.design import FieldDesign
from sample_docs.generator.fill import Entry
from sample_docs.generator.samples import DESIGNS, FILES, FileSample

COLUMNS = (
    "file", "page", "document", "template", "field", "kind", "value", "readable", "expected", "reason", "note",
)  # fmt: skip


def truth_rows() -> Iterator[dict[str, str]]:
    """One row a field in reading order; a broken file has one row without page and field."""
    for sample in FILES:
        if sample.is_cut_short:
            yield dict.fromkeys(COLUMNS, "") | {
                "file": sample.name, "readable": "no", "expected": Expected.FAILED.value, "reason": "damaged_file",
                "note": sample.shows,
            }  # fmt: skip
        else:
            yield from _rows_of_file(sample)


def _rows_of_file(sample: FileSample) -> Iterator[dict[str, str]]:
    for number, form in enumerate(sample.forms, start=1):
        for item in form.design.fields:
            answer = form.answers.get(item.name) or _left_empty(item)
            yield {
                "file": sample.name,
                "page": str(number),
                "document": str(number),
                "template": form.design.name,
                "field": item.name,
                "kind": item.kind,
                "value": answer.value or "",
                "readable": "no" if answer.value is None else "yes",
                "expected": answer.expected.value,
                "reason": answer.reason,
                "note": answer.note,
            }


def _left_empty(item: FieldDesign) -> Answer:
    if item.options.get("required"):
        return Answer(Entry(""), None, Expected.REVIEW, "required_blank", "left empty")
    return Answer(Entry(""), None, Expected.BLANK, "", "left empty")


def truth_text() -> str:
    """The table as CSV."""
    buffer = io.StringIO()
    writer = csv.DictWriter(buffer, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(truth_rows())
    return buffer.getvalue()


def readme_text(seed: int) -> str:
    """The README beside the inbox."""
    fields = sum(1 for row in truth_rows() if row["field"])
    documents = sum(len(sample.forms) for sample in FILES if not sample.is_cut_short)
    return _README.format(
        files=len(FILES),
        documents=documents,
        fields=fields,
        seed=seed,
        file_table="\n".join(f"| `{s.name}` | {s.shows} | {s.purpose} | our generator, Apache-2.0 |" for s in FILES),
        template_table="\n".join(
            f"| `{d.name}.yaml` | {d.note} | {', '.join(f'`{item.name}`' for item in d.fields)} |" for d in DESIGNS
        ),
    )


_README = """\
# Sample documents

{files} files with {documents} forms and {fields} fields, to try the reader on and to test it with. Forms, handwriting
and scanner were all drawn by `sample_docs/generator`: no person's writing, no real account, no font file. They are
under this project's licence (Apache-2.0).

| File in `inbox/` | What it shows | Purpose | Source and licence |
|---|---|---|---|
{file_table}

`templates/` describes the four forms, each with a picture of the blank form at 150 dpi:

| Template | Form | Fields |
|---|---|---|
{template_table}

An amount in a comb has no separator cell: its last two cells are cents, so `1 2 5 0 5 0` reads 1250.50.

## The truth

`truth.csv` has one row a field, and one for the broken file:

| Column | Holds |
|---|---|
| `file`, `page`, `document` | file name; page and form in the file, from 1 |
| `template`, `field`, `kind` | as in the templates |
| `value` | as in result files: amounts `1234.50`, dates ISO 8601, codes as digits with their leading zeros |
| `readable` | `yes` when a person reads the value without doubt |
| `expected`, `reason` | `accepted`, `review`, `blank` or `failed`, and the reason a result file gives for it |
| `note` | what is special |

## Drawing them again

```sh
python -m sample_docs.generator
```

writes inbox, templates, `truth.csv` and this file anew from seed {seed}, the same on every run. `--seed` lets other
people fill in the same forms, `--output` writes elsewhere. To add a file, add an entry to `generator/samples.py`; to
add a form, see `generator/survey.py`. Measurements on thousands of forms use `generator.fill.draw_form` and
`generator.scanner.scan`, which also tell where each field, cell and digit lies.
"""
