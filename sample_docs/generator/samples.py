"""What lies in the inbox: which forms, what is written on them, how they were scanned, and into which file."""

from __future__ import annotations

from dataclasses import dataclass

from sample_docs.generator.answers import (
    Answers,
    Expected,
    amount_line,
    cheque,
    crossed_out,
    digits,
    exam,
    giro,
    scribbled,
    survey,
)
from sample_docs.generator.cheque import CHEQUE
from sample_docs.generator.design import FormDesign
from sample_docs.generator.exam import EXAM
from sample_docs.generator.fill import BLACK_INK, BLUE_INK, GRAPHITE, GREEN_INK, RED_INK
from sample_docs.generator.giro import GIRO
from sample_docs.generator.paper import Color
from sample_docs.generator.scanner import ScanConditions, ScanMode
from sample_docs.generator.survey import SURVEY

DESIGNS: tuple[FormDesign, ...] = (SURVEY, GIRO, CHEQUE, EXAM)


@dataclass(frozen=True)
class FormSample:
    """One filled-in form and how it was scanned.

    Attributes:
        hand: number of the writer; the same number is the same person.
        ink: colour of the pen.
    """

    design: FormDesign
    answers: Answers
    hand: int
    conditions: ScanConditions
    dpi: int = 200
    ink: Color = BLACK_INK


@dataclass(frozen=True)
class FileSample:
    """One file of the inbox.

    Attributes:
        name: file name; its ending picks the format.
        shows: what is in it.
        purpose: what it is there to try.
        is_cut_short: only the first half of its bytes is written.
    """

    name: str
    shows: str
    purpose: str
    forms: tuple[FormSample, ...]
    is_cut_short: bool = False


_PLAIN = ScanConditions()
_COLOR = ScanConditions(mode=ScanMode.COLOR)
_WHITENED = ScanConditions(paper_level=264, noise=0)
_BILEVEL = ScanConditions(mode=ScanMode.BILEVEL, noise=5, specks=20, blur_px=0.8)


def _fed(skew_deg: float, stretch: float = 1.0) -> ScanConditions:
    """A sheet feeder: a little askew, a little off centre, a little longer than the paper."""
    return ScanConditions(skew_deg=skew_deg, shift_mm=(0.8 * skew_deg, -0.6), stretch=stretch, noise=2.4, specks=3)


def _fax(skew_deg: float) -> ScanConditions:
    return ScanConditions(mode=ScanMode.BILEVEL, skew_deg=skew_deg, noise=5, specks=20, blur_px=0.8)


FILES: tuple[FileSample, ...] = (
    FileSample(
        "survey-clean.pdf", "one survey, black pen", "the plain case: one page, one form",
        (FormSample(SURVEY, survey("104477", "02138", "60614"), 202, _PLAIN),),
    ),
    FileSample(
        "survey-skewed-blue.pdf", "one survey in blue, 3.6 degrees askew, in colour", "skew and coloured ink",
        (FormSample(SURVEY, survey("883120", "94110", "94612"), 207,
                    ScanConditions(ScanMode.COLOR, skew_deg=3.6, shift_mm=(2, -1), margin_mm=4), ink=BLUE_INK),),
    ),
    FileSample(
        "surveys-batch.pdf", "six surveys by six people", "a scanner's batch file: many forms in one file",
        (
            FormSample(SURVEY, survey("220519", "10027"), 103, _fed(0.4, 1.003)),
            FormSample(SURVEY, survey("220520", "33139", "33012"), 206, _fed(-0.9, 1.002), ink=BLUE_INK),
            FormSample(SURVEY, survey("220523", "00926", "00907"), 217, _fed(0.1)),
            FormSample(SURVEY, survey("220531", "77005", "77030"), 239, _fed(1.6, 1.004)),
            FormSample(SURVEY, survey("220544", "98109"), 240, _fed(-0.3), ink=GREEN_INK),
            FormSample(SURVEY, survey("220560", "48226", "48201"), 108, _fed(-2.1, 1.003), ink=BLUE_INK),
        ),
    ),
    FileSample(
        "survey-crossing-lines.jpg", "one survey by a large hand", "ink that touches and crosses the boxes",
        (FormSample(SURVEY, survey("951684", "85281", "85004", crowding=0.5), 109, _fed(-0.6), ink=BLUE_INK),),
    ),
    FileSample(
        "survey-unreadable.jpg", "one survey, the home ZIP code blotted out with scribble", "a field nobody can read",
        (FormSample(SURVEY, survey("407731", "") | {"postal_code_home": scribbled()}, 110, _fed(0.5)),),
    ),
    FileSample(
        "survey-blank.pdf", "one survey nobody filled in", "blank fields: required ones go to review",
        (FormSample(SURVEY, {}, 111, _fed(-0.2)),),
    ),
    FileSample(
        "giro-clean.png", "one payment slip on whitened paper", "PNG; amount and reference in combs",
        (FormSample(GIRO, giro("7985999044", "904640989136", "1250.50"), 221, _WHITENED),),
    ),
    FileSample(
        "giro-faint-pencil.jpg", "one payment slip in pencil, low contrast", "faint writing",
        (FormSample(GIRO, giro("6236851689", "430871139811", "86.20"), 249,
                    ScanConditions(skew_deg=-1.2, contrast=0.62, paper_level=232, shading=0.12, noise=3),
                    ink=GRAPHITE),),
    ),
    FileSample(
        "giros-batch.tif", "four payment slips, black and white, 300 dpi", "bilevel group 4 TIFF with pages",
        (
            FormSample(GIRO, giro("2539048417", "922900726329", "19.95"), 210, _fax(0.3), 300),
            FormSample(GIRO, giro("7999379596", "451097359751", "4380.00"), 115, _fax(-0.7), 300),
            FormSample(GIRO, giro("0092833313", "006635483560", "307.14"), 224, _fax(1.1), 300),
            FormSample(GIRO, giro("5146374923", "755600329055", "12066.48"), 117, _fax(0.0), 300),
        ),
    ),
    FileSample(
        "giro-bilevel.pdf", "one payment slip, black and white", "PDF with a one-bit image",
        (FormSample(GIRO, giro("3983221555", "384117674554", "540.00"), 118, _BILEVEL, 300),),
    ),
    FileSample(
        "giro-wrong-check-digit.jpg", "one payment slip whose writer swapped two digits of the reference",
        "well written and wrong: only the check digit tells",
        (FormSample(GIRO, giro("6895502993", "550955706159", "75.10") | {
            "reference": digits("550957506159", expected=Expected.REVIEW, reason="rule_failed:luhn",
                                note="550955706159 was meant"),
        }, 236, _PLAIN, ink=BLUE_INK),),
    ),
    FileSample(
        "giro-damaged.pdf", "the first half of a PDF", "a broken file: it fails alone and stops nothing",
        (FormSample(GIRO, giro("6175164438", "613670563071", "210.00"), 120, _PLAIN),), is_cut_short=True,
    ),
    FileSample(
        "cheque-thousands.jpg", "one cheque in colour, 300 dpi", "thousands separator and decimal point on a line",
        (FormSample(CHEQUE, cheque("2026-03-14", amount_line("12,450.75", "12450.75")), 253, _COLOR, 300, BLUE_INK),),
    ),
    FileSample(
        "cheque-lakh.png", "one cheque, 3,22,000/-", "Indian grouping and the ending /-",
        (FormSample(CHEQUE, cheque("2026-11-02", amount_line("3,22,000/-", "322000.00")), 122, _WHITENED),),
    ),
    FileSample(
        "cheque-noisy.jpg", "one cheque, noisy, badly lit, askew", "noise, shading, specks",
        (FormSample(CHEQUE, cheque("2025-12-30", amount_line("8,905.00", "8905.00")), 123,
                    ScanConditions(skew_deg=-2.4, noise=11, shading=0.25, specks=60, blur_px=0.9, paper_level=236,
                                   margin_mm=5), 250),),
    ),
    FileSample(
        "cheques-batch.tif", "three cheques, gray, whitened", "gray TIFF with pages; three ways to end an amount",
        (
            FormSample(CHEQUE, cheque("2026-01-08", amount_line("500/-", "500.00")), 124, _WHITENED),
            FormSample(CHEQUE, cheque("2026-07-19", amount_line("=64,318=", "64318.00")), 244, _WHITENED),
            FormSample(CHEQUE, cheque("2024-02-29", amount_line("1,07,250.00", "107250.00")), 219, _WHITENED),
        ),
    ),
    FileSample(
        "exam-clean.pdf", "one exam sheet", "check digit in an identity number, a grade in a box",
        (FormSample(EXAM, exam("85666436", "0417", "87"), 127, _fed(0.2), ink=BLUE_INK),),
    ),
    FileSample(
        "exam-upside-down.pdf", "one exam sheet, upside down", "a page fed in the wrong way round",
        (FormSample(EXAM, exam("80317753", "0418", "64"), 128,
                    ScanConditions(quarter_turns=2, skew_deg=0.7, noise=2.4)),),
    ),
    FileSample(
        "exam-struck-out.png", "one exam sheet, the student number crossed out", "struck-out digits are not read",
        (FormSample(EXAM, exam("", "0419", "92") | {"student_id": crossed_out("16839280")}, 129, _WHITENED, 150),),
    ),
    FileSample(
        "exams-batch.tif", "two exam sheets, black and white", "bilevel TIFF at 200 dpi; a red pen in black and white",
        (
            FormSample(EXAM, exam("83069765", "0420", "100"), 130, _fax(-0.5), ink=RED_INK),
            FormSample(EXAM, exam("01730696", "0421", "9"), 131, _fax(0.9)),
        ),
    ),
    FileSample(
        "mixed-batch.pdf", "a survey, a slip, an exam sheet, a cheque and a slip on its side", "many kinds in one file",
        (
            FormSample(SURVEY, survey("663902", "07302", "10013"), 246, _fed(-1.0), ink=BLUE_INK),
            FormSample(GIRO, giro("9192891806", "718232245941", "65.99"), 133, _fed(0.8)),
            FormSample(EXAM, exam("92997220", "0433", "71"), 134, _fed(-0.4, 1.003)),
            FormSample(CHEQUE, cheque("2026-05-27", amount_line("15,000.00", "15000.00")), 260, _fed(0.6),
                       ink=BLUE_INK),
            FormSample(GIRO, giro("3571029358", "000667072755", "2048.37"), 136,
                       ScanConditions(quarter_turns=1, skew_deg=-0.6, noise=2.4)),
        ),
    ),
)  # fmt: skip
"""Every file of the inbox."""
