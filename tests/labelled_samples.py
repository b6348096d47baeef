"""Six forms worked out by hand, for the evaluation of fields and for calibrating on results.

| file | document | field | written | value | decision | right |
| --- | --- | --- | --- | --- | --- | --- |
| a.png | 1 | code | 12 | 12 | accepted | yes |
| a.png | 1 | sum | 5.00 | 5 | accepted | yes: same amount |
| b.png | 1 | code | 34 | 84 | accepted | no: a substitution, 3 read as 8 |
| b.png | 1 | sum | blank | blank | blank | yes |
| c.png | 1 | code | 56 | 5 | review, length_mismatch | no: 6 missed |
| c.png | 1 | sum | 7.00 | blank | blank | no: filled, left blank |
| d.tif | 1 | code | 78 | 78 | review, low_confidence | yes |
| d.tif | 2 | code | unreadable | 90 | review, low_confidence | no |
"""

from __future__ import annotations

from pathlib import Path

from pipeline.document import (
    Decision,
    DocumentResult,
    FieldKind,
    FieldReading,
    MediaType,
    ModelIdentity,
    PageFacts,
    RegistrationStatus,
    ResultStatus,
    SourceResult,
    TemplateIdentity,
)
from pipeline.storage.results import write_result

TRUTH = """\
file,document,field,value,readable
a.png,1,code,12,yes
a.png,1,sum,5.00,yes
b.png,1,code,34,yes
b.png,1,sum,,yes
c.png,1,code,56,yes
c.png,1,sum,7.00,yes
d.tif,1,code,78,yes
d.tif,2,code,99,no
e.png,1,code,11,yes
"""
KINDS = {"code": FieldKind.DIGITS, "sum": FieldKind.AMOUNT}


def field(name: str, value: str | None, confidence: float, reasons: tuple[str, ...] | None = ()) -> FieldReading:
    """A field; blank without a value, in review with reasons."""
    decision = Decision.BLANK if value is None else Decision.REVIEW if reasons else Decision.ACCEPTED
    polygon = ((10.0, 10.0), (50.0, 10.0), (50.0, 20.0), (10.0, 20.0))
    return FieldReading(name, KINDS[name], 1, polygon, value, value, confidence, 0.9, decision, reasons or ())


def result(name: str, *documents: tuple[FieldReading, ...], model: str = "ab" * 32) -> SourceResult:
    """The result of one file."""
    read = tuple(
        DocumentResult(
            number=number,
            pages=(1,),
            status=ResultStatus.NEEDS_REVIEW
            if any(f.decision is Decision.REVIEW for f in fields)
            else ResultStatus.ACCEPTED,
            template=TemplateIdentity("slip", "1", "cd" * 32),
            registration=RegistrationStatus.OK,
            residual_px=0.5,
            fields=fields,
        )
        for number, fields in enumerate(documents, start=1)
    )
    status = ResultStatus.NEEDS_REVIEW if any(d.status is not ResultStatus.ACCEPTED for d in read) else read[0].status
    return SourceResult(
        status=status,
        source_id=f"{sum(name.encode()):064x}",
        source_names=(f"inbox/{name}",),
        media_type=MediaType.PNG,
        source_bytes=100,
        pages=(PageFacts(1, 60, 30, 300.0),),
        documents=read,
        errors=(),
        fingerprint="ef" * 32,
        model=ModelIdentity("fieldreader", "1", model, "p estimated"),
        started="2026-11-21T12:00:00+00:00",
        seconds=0.1,
    )


RESULTS = (
    result("a.png", (field("code", "12", 0.99), field("sum", "5", 0.95))),
    result("b.png", (field("code", "84", 0.97), field("sum", None, 0.0))),
    result("c.png", (field("code", "5", 0.96, ("length_mismatch",)), field("sum", None, 0.0))),
    result(
        "d.tif",
        (field("code", "78", 0.6, ("low_confidence", "touching")),),
        (field("code", "90", 0.5, ("low_confidence",)),),
    ),
)


def write_all(folder: Path) -> tuple[Path, Path]:
    """The results and the truth as files."""
    for one in RESULTS:
        write_result(folder / "out", one)
    (folder / "truth.csv").write_text(TRUTH)
    return folder / "out", folder / "truth.csv"
