"""A payment slip, A5 across: account with a modulo 11 check digit, reference with a Luhn digit, amount in a comb."""

from __future__ import annotations

from sample_docs.generator.design import FieldDesign, FormDesign, ScrawlDesign
from sample_docs.generator.paper import BLACK, GRAY, WHITE, Color, Sheet

BRICK: Color = (178, 74, 38)
ROSE: Color = (252, 236, 226)
TINT: Color = (246, 212, 194)

ACCOUNT = FieldDesign("account", "account", 16, 58, 55, 7.5, 10, {"length": 10, "required": True, "rules": ["mod11"]})
REFERENCE = FieldDesign("reference", "digits", 16, 82, 66, 7.5, 12, {"length": 12, "required": True, "rules": ["luhn"]})
AMOUNT = FieldDesign(
    "amount", "amount", 128, 82, 48, 8.5, 8,
    {"required": True, "rules": [{"range": {"min": 0.01, "max": 999999.99}}]},
)  # fmt: skip


def _print(sheet: Sheet) -> None:
    sheet.box(0, 0, 210, 148, color=None, fill=ROSE)
    _print_head(sheet)
    sheet.box(12, 32, 186, 90, color=BRICK, line=0.35, fill=(255, 246, 240), radius=2)
    _print_payee(sheet)
    _print_reference(sheet)
    _print_amount(sheet)
    _print_signature(sheet)
    _print_foot(sheet)


def _print_head(sheet: Sheet) -> None:
    sheet.box(0, 0, 210, 24, color=None, fill=TINT)
    sheet.polygon(((14, 18), (21, 5), (28, 18)), BRICK)
    sheet.polygon(((20, 18), (24.5, 9.5), (29, 18)), (214, 122, 84))
    sheet.text(33, 13, "Alpenbank", 19, BRICK, bold=True)
    sheet.text(33, 18.5, "Savings and giro since 1887", 8, GRAY)
    sheet.text(196, 12, "Payment slip", 18, BLACK, bold=True, align="right")
    sheet.text(196, 18.5, "for transfers in EUR within the country", 8, GRAY, align="right")


def _print_payee(sheet: Sheet) -> None:
    sheet.text(16, 38, "Payee", 8.5, BRICK, bold=True)
    sheet.text(16, 44, "Waterworks of the Upper Valley", 11, BLACK)
    sheet.text(16, 49, "Mill Street 3, 6020 Innfeld", 9, BLACK)
    sheet.text(16, ACCOUNT.top - 1.8, "Account of the payee", 8.5, BRICK, bold=True)
    sheet.open_comb(16, ACCOUNT.top, 10, 5.5, ACCOUNT.height, color=BRICK)
    sheet.text(73, ACCOUNT.top + 5, "10 digits", 7, GRAY)
    sheet.text(114, 38, "Paid by", 8.5, BRICK, bold=True)
    for row in range(2):
        sheet.line(114, 48 + row * 9, 194, 48 + row * 9, 0.18, BRICK)
    sheet.text(114, 61, "Name and place, in block letters", 7, GRAY)


def _print_reference(sheet: Sheet) -> None:
    sheet.line(12, 70.5, 198, 70.5, 0.25, BRICK)
    sheet.text(16, REFERENCE.top - 4.6, "Payment reference", 8.5, BRICK, bold=True)
    sheet.text(16, REFERENCE.top - 1.5, "12 digits, from your bill, the last one is a check digit", 7, GRAY)
    sheet.open_comb(16, REFERENCE.top, 12, 5.5, REFERENCE.height, color=BRICK)


def _print_amount(sheet: Sheet) -> None:
    place = AMOUNT
    pitch = place.width / 8
    sheet.box(112, 73.5, 82, 23, color=BRICK, line=0.35, fill=TINT, radius=1.5)
    sheet.text(115, 78, "Amount", 8.5, BRICK, bold=True)
    sheet.text(115, place.top + 6.2, "EUR", 11, BLACK, bold=True)
    sheet.text(place.left + 3 * pitch, place.top - 1.2, "euros, right-aligned", 7, GRAY, align="middle")
    sheet.text(place.left + 7 * pitch, place.top - 1.2, "cents", 7, GRAY, align="middle")
    sheet.boxed_cells(place.left, place.top, 8, pitch, place.height, color=BRICK)
    comma = place.left + 6 * pitch
    sheet.line(comma, place.top - 0.6, comma, place.top + place.height + 0.6, 0.7, BRICK)
    sheet.text(comma + 0.1, place.top + place.height + 2.6, ",", 13, BRICK, bold=True, align="middle")


def _print_signature(sheet: Sheet) -> None:
    sheet.line(16, 112, 70, 112, 0.18, BRICK)
    sheet.text(16, 116, "Place and day", 7, GRAY)
    sheet.line(114, 112, 194, 112, 0.18, BRICK)
    sheet.text(114, 116, "Signature", 7, GRAY)
    sheet.text(16, 99, "Paying in", 8.5, BRICK, bold=True)
    for column, way in ((34, "at the counter"), (62, "from my account")):
        sheet.box(column, 96.2, 3.4, 3.4, color=BRICK, line=0.25, fill=WHITE)
        sheet.text(column + 5, 99, way, 8.5, BLACK)


def _print_foot(sheet: Sheet) -> None:
    sheet.paragraph(
        12,
        128,
        (
            "Please write with a blue or black pen, one digit in each cell, and do not fold the slip.",
            "Slips handed in before 14:00 are booked on the same day. Keep the receipt until the booking shows.",
        ),
        7.5,
        GRAY,
    )
    sheet.barcode(150, 136, 48, 7, 511)
    sheet.text(12, 141.5, "AB 511 / 04", 8, BRICK, bold=True)
    for x in (3.5, 206.5):
        for y in range(6, 146, 4):
            sheet.disc(x, y, 0.55, TINT)


GIRO = FormDesign(
    name="giro",
    version="1",
    width_mm=210,
    height_mm=148,
    fields=(ACCOUNT, REFERENCE, AMOUNT),
    print_on=_print,
    scrawls=(ScrawlDesign(118, 47, 46), ScrawlDesign(118, 56, 34), ScrawlDesign(120, 110.5, 40, 3.4),
             ScrawlDesign(18, 111, 26)),
    note="Payment slip. The amount's comb has no separator cell: its last two cells are cents.",
)  # fmt: skip
