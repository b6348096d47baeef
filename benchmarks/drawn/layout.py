"""Random layouts of forms: bands of fields, text, tables, ticks and lines, one under another; and cheques."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from benchmarks.drawn.printing import LOOKS, BoxDesign, Look, Pen, Structure, print_box, print_line, random_box
from pipeline.document import RectMm
from sample_docs.generator.design import ChoiceDesign, FieldDesign, ScrawlDesign
from sample_docs.generator.paper import BLACK, GRAY, Color, Sheet

PAGES_MM = {"A4": (210.0, 297.0), "letter": (215.9, 279.4), "half": (148.0, 210.0), "slip": (210.0, 99.0),
            "cheque": (203.0, 95.0)}  # fmt: skip
PAGE_SHARES = (0.4, 0.2, 0.15, 0.1, 0.15)
_MARGIN = 14.0
_WORDS = tuple(
    word
    for line in (
        "please write clearly in the boxes provided and do not fold this part account of the payee number amount paid",
        "date day month year reference postal code Harbour Savings Bank Department of Fisheries office use only branch",
        "Signature of applicant Total due Quantity per item Form supply Street Town received by policy type gross",
    )
    for word in line.split()
)
_TINT: Color = (236, 239, 242)


@dataclass
class Draft:
    """A form while it is laid out; `prints` is called in order."""

    rng: np.random.Generator
    width: float
    height: float
    boxes: list[BoxDesign] = field(default_factory=list)
    word_boxes: list[RectMm] = field(default_factory=list)
    lines: list[FieldDesign] = field(default_factory=list)
    choices: list[ChoiceDesign] = field(default_factory=list)
    scrawls: list[ScrawlDesign] = field(default_factory=list)
    prints: list[Callable[[Sheet], None]] = field(default_factory=list)

    def words(self, least: int, most: int) -> str:
        text = " ".join(self.rng.choice(_WORDS, int(self.rng.integers(least, most + 1))))
        return text.upper() if self.rng.random() < 0.15 else text[0].upper() + text[1:]

    def text(self, x: float, y: float, words: str, points: float, color: Color = BLACK, align: str = "left") -> None:
        bold = bool(self.rng.random() < 0.2)
        self.prints.append(lambda sheet: sheet.text(x, y, words, points, color, bold=bold, align=align))

    def line(self, x0: float, y0: float, x1: float, y1: float, pen: Pen) -> None:
        self.prints.append(lambda sheet: print_line(sheet, x0, y0, x1, y1, pen))

    def frame(self, rect: RectMm, line: float, fill: Color | None = None, radius: float = 0.0) -> None:
        self.prints.append(
            lambda sheet: sheet.box(
                rect.left, rect.top, rect.width, rect.height, line=line, color=BLACK if line else None, fill=fill,
                radius=radius,
            )
        )  # fmt: skip

    def box(self, box: BoxDesign) -> None:
        self.boxes.append(box)
        self.prints.append(lambda sheet: print_box(sheet, box))


def lay_out_page(draft: Draft) -> None:
    rng = draft.rng
    _print_head(draft)
    y = _MARGIN + 22
    bands = (_fields, _fields, _fields, _stack, _paragraph, _table, _checks, _free_lines, _word_box, _bar)
    is_first = True
    while y < draft.height - _MARGIN - 14:
        band = _fields if is_first else bands[int(rng.integers(len(bands)))]
        y = band(draft, y) + float(rng.uniform(4, 10))
        is_first = False
    draft.text(draft.width / 2, draft.height - 7, draft.words(4, 9), 7, GRAY, "middle")
    if rng.random() < 0.3:
        draft.frame(RectMm(6, 6, draft.width - 12, draft.height - 12), float(rng.uniform(0.2, 0.8)))


def _print_head(draft: Draft) -> None:
    rng = draft.rng
    if rng.random() < 0.5:
        x, size = float(rng.uniform(_MARGIN, 40)), float(rng.uniform(3, 7))
        color: Color = (int(rng.integers(20, 120)), int(rng.integers(20, 120)), int(rng.integers(20, 120)))
        if rng.random() < 0.5:
            draft.prints.append(lambda sheet: sheet.disc(x, 16, size, color))
        else:
            corners = [(x, 16 - size), (x + size, 16 + size), (x - size, 16 + size)]
            draft.prints.append(lambda sheet: sheet.polygon(corners, color))
    draft.text(draft.width / 2, 16, draft.words(2, 3), float(rng.uniform(13, 20)))
    draft.text(draft.width / 2, 22, draft.words(3, 6), 8, GRAY)
    if rng.random() < 0.4:
        number = int(rng.integers(1000))
        draft.prints.append(lambda sheet: sheet.barcode(draft.width - 52, 8, 38, float(9 + number % 6), number))


def _fields(draft: Draft, y: float) -> float:
    """One or two fields side by side, with captions above, before or in them."""
    x, lowest = _MARGIN + float(draft.rng.uniform(0, 15)), y
    for _ in range(int(draft.rng.integers(1, 3))):
        box = _captioned(draft, x, y + 4)
        if box is None:
            break
        x = box.outline.left + box.outline.width + float(draft.rng.uniform(8, 20))
        lowest = max(lowest, box.outline.top + box.outline.height)
    return lowest


def _captioned(draft: Draft, x: float, y: float, structure: Structure | None = None) -> BoxDesign | None:
    """Put one field with its caption where there is room; None when there is none."""
    rng = draft.rng
    structure = structure or tuple(Structure)[int(rng.integers(len(Structure)))]
    looks = LOOKS[structure]
    caption = draft.words(1, 3)
    place = str(rng.choice(["above", "before", "in", "attached"], p=[0.45, 0.3, 0.15, 0.1]))
    size = float(rng.uniform(6.5, 9))
    ahead = len(caption) * size * 0.21 + 3 if place == "before" else 14.0 if place == "attached" else 0.0
    box = random_box(structure, looks[int(rng.integers(len(looks)))], x + ahead, y, rng)
    area = box.outline
    if area.left + area.width > draft.width - _MARGIN:
        return None
    if place == "attached" and structure is Structure.RULED and box.look is Look.LINES:
        print_on = BoxDesign(structure, box.look, RectMm(x, y, ahead, area.height), (), box.pen)
        draft.prints.append(lambda sheet: print_box(sheet, print_on))
        draft.text(x + 1, y + area.height / 2 + 1, caption[:8], 6.5)
    draft.box(box)
    if place == "before":
        draft.text(x, y + area.height / 2 + 1.2, caption, size)
    elif place == "in" and structure is Structure.RULED:
        sign = str(rng.choice(["$", "EUR", "Rs.", "No."]))
        draft.text(area.left + 1.2, area.top + area.height / 2 + 1.5, sign, 9)
    else:
        draft.text(area.left, area.top - 1.2, caption, size)
    if box.cells and rng.random() < 0.25:
        letters = (["D", "D", "M", "M"] + ["Y"] * 8)[: len(box.cells)]
        for letter, cell in zip(letters, box.cells, strict=False):
            draft.text(cell.left + cell.width / 2, area.top + area.height + 2.6, letter, 6, GRAY, "middle")
    return box


def _stack(draft: Draft, y: float) -> float:
    """Boxes of one design under one another, as for the lines of a tax form."""
    rng = draft.rng
    structure = (Structure.RULED, Structure.COMB, Structure.SEPARATE)[int(rng.integers(3))]
    look = LOOKS[structure][int(rng.integers(len(LOOKS[structure])))]
    first = random_box(structure, look, 0, 0, rng)
    left = draft.width - _MARGIN - first.outline.width - float(rng.uniform(0, 15))
    step = first.outline.height + float(rng.uniform(2.0, 6.0)) + 4 * (look is Look.SPARED)
    y += 4 * (look is Look.SPARED)
    for number in range(int(rng.integers(2, 5))):
        top = y + number * step
        if left < _MARGIN + 30 or top + step > draft.height - _MARGIN:
            return top
        draft.box(_moved(first, left, top))
        draft.text(_MARGIN, top + first.outline.height / 2 + 1, f"{number + 1}  {draft.words(1, 2)}", 8)
    return y + (number + 1) * step


def _moved(box: BoxDesign, dx: float, dy: float) -> BoxDesign:
    def there(rect: RectMm) -> RectMm:
        return RectMm(rect.left + dx, rect.top + dy, rect.width, rect.height)

    cells = tuple(there(cell) for cell in box.cells)
    return BoxDesign(box.structure, box.look, there(box.outline), cells, box.pen, box.shade, box.tick)


def _paragraph(draft: Draft, y: float) -> float:
    size, lines = float(draft.rng.uniform(7, 10)), int(draft.rng.integers(2, 6))
    for number in range(lines):
        draft.text(_MARGIN, y + 3 + number * 0.5 * size, draft.words(8, 13)[: int(draft.width / size * 4)], size)
    return y + 3 + lines * 0.5 * size


def _table(draft: Draft, y: float) -> float:
    """Words and printed numbers in ruled cells: nothing to write in."""
    rng = draft.rng
    rows, columns, height = int(rng.integers(3, 8)), int(rng.integers(2, 6)), float(rng.uniform(5, 9))
    if y + rows * height > draft.height - _MARGIN:
        return y
    edges = _MARGIN + (draft.width - 2 * _MARGIN) * np.concatenate([[0], np.cumsum(rng.dirichlet([4.0] * columns))])
    pen = Pen(float(rng.uniform(0.15, 0.4)), (int(rng.integers(0, 130)),) * 3)
    has_walls, is_banded = rng.random() < 0.75, rng.random() < 0.3
    for row in range(rows):
        if is_banded and row % 2 == 0:
            draft.frame(RectMm(float(edges[0]), y + row * height, float(edges[-1] - edges[0]), height), 0, _TINT)
        for column in range(columns):
            if rng.random() < 0.8:
                words = draft.words(1, 2) if column < 2 else f"{rng.integers(1, 9999) / 100:.2f}"
                room = int((edges[column + 1] - edges[column]) / 1.7)
                draft.text(float(edges[column]) + 1, y + (row + 0.65) * height, words[:room], 7.5)
    for row in range(rows + 1):
        draft.line(float(edges[0]), y + row * height, float(edges[-1]), y + row * height, pen)
    for edge in edges if has_walls else ():
        draft.line(float(edge), y, float(edge), y + rows * height, pen)
    return y + rows * height


def _checks(draft: Draft, y: float) -> float:
    """A question with boxes to tick."""
    side, pitch = float(draft.rng.uniform(3, 4.5)), float(draft.rng.uniform(24, 40))
    draft.text(_MARGIN, y + 3, draft.words(4, 8), 8.5)
    lefts = np.arange(_MARGIN, draft.width - _MARGIN - pitch, pitch)[: int(draft.rng.integers(2, 6))]
    for left in lefts.tolist():
        draft.frame(RectMm(left, y + 6, side, side), float(draft.rng.uniform(0.2, 0.4)))
        draft.text(left + side + 1.5, y + 5.5 + side, draft.words(1, 1), 8)
    draft.choices.append(ChoiceDesign(tuple((left + side / 2, y + 6 + side / 2) for left in lefts.tolist()), side))
    return y + 7 + side


def _free_lines(draft: Draft, y: float) -> float:
    """Lines for words, signatures and numbers: no boxes, though tall strokes may stand on them."""
    rng, pen = draft.rng, Pen(float(draft.rng.uniform(0.12, 0.35)), (int(draft.rng.integers(0, 120)),) * 3)
    for number in range(int(rng.integers(1, 4))):
        base, length = y + 9 + 9 * number, float(rng.uniform(50, draft.width - 2 * _MARGIN - 20))
        if base > draft.height - _MARGIN:
            break
        draft.line(_MARGIN + 18, base, _MARGIN + 18 + length, base, pen)
        draft.text(_MARGIN, base, draft.words(1, 1)[:10], 8)
        if rng.random() < 0.5:
            draft.scrawls.append(ScrawlDesign(_MARGIN + 22, base - 0.5, length * float(rng.uniform(0.3, 0.8))))
        else:
            name = f"line{len(draft.lines)}"
            draft.lines.append(FieldDesign(name, "amount", _MARGIN + 20, base - 7.5, length, 8.5))
        y_end = base
    return y_end if number else y + 9


def _word_box(draft: Draft, y: float) -> float:
    """A ruled box for a name or address, or a larger one for a signature."""
    height = float(draft.rng.choice([8.0, 9.0, 20.0, 28.0]))
    rect = RectMm(_MARGIN, y + 4, float(draft.rng.uniform(60, draft.width - 2 * _MARGIN)), height)
    if rect.top + rect.height > draft.height - _MARGIN:
        return y
    draft.frame(rect, float(draft.rng.uniform(0.15, 0.4)), radius=float(draft.rng.choice([0.0, 0.0, 1.0])))
    draft.word_boxes.append(rect)
    draft.text(rect.left, rect.top - 1.2, draft.words(1, 3), 8)
    draft.scrawls.append(ScrawlDesign(rect.left + 4, rect.top + height / 2 + 2, rect.width * 0.6))
    return rect.top + height


def _bar(draft: Draft, y: float) -> float:
    """A heading on a dark or pale bar."""
    level = int(draft.rng.choice([40, 90, 225, 235]))
    draft.frame(RectMm(_MARGIN, y, draft.width - 2 * _MARGIN, 6), 0, (level, level, level))
    draft.text(_MARGIN + 2, y + 4.3, draft.words(2, 4), 9, (255, 255, 255) if level < 120 else BLACK)
    return y + 6


def lay_out_cheque(draft: Draft) -> None:
    rng = draft.rng
    if rng.random() < 0.5:
        tone = (int(rng.integers(205, 240)),) * 3
        waves, step = int(rng.integers(15, 40)), float(rng.uniform(1.5, 3))
        for wave in range(waves):
            x = np.linspace(0, draft.width, 160)
            points = list(zip(x.tolist(), (8 + wave * step + 1.5 * np.sin(x / 7 + wave)).tolist(), strict=True))
            draft.prints.append(lambda sheet, points=points: sheet.curve(points, 0.15, tone))  # type: ignore[misc]
    draft.text(_MARGIN, 14, draft.words(2, 3), 15)
    draft.text(_MARGIN, 19, draft.words(5, 8), 7)
    date = random_box(Structure.COMB, Look.LINES, 0, 0, rng)
    pitch, height = float(rng.uniform(5, 6)), float(rng.uniform(5.5, 7))
    structure = (Structure.COMB, Structure.SEPARATE, Structure.TICKS)[int(rng.integers(3))]
    gap = 0.8 if structure is Structure.SEPARATE else 0.0
    left = draft.width - 8 - 8 * pitch
    cells = tuple(RectMm(left + pitch * cell, 8, pitch - gap, height) for cell in range(8))
    outline = RectMm(left, 8, 8 * pitch - gap, height)
    tick = float(rng.uniform(0.3, 0.6)) if structure is Structure.TICKS else 1.0
    draft.box(BoxDesign(structure, Look.LINES, outline, cells, date.pen, tick=tick))
    for letter, cell in zip("DDMMYYYY", cells, strict=True):
        draft.text(cell.left + pitch / 2, 8 + height + 2.6, letter, 6, BLACK, "middle")
    pen = Pen(0.2, (60, 60, 60))
    for y, word in ((31.0, "Pay"), (41.0, "Rupees")):
        draft.text(8, y, word, 9)
        draft.line(26, y, 150, y, pen)
        draft.scrawls.append(ScrawlDesign(34, y - 0.5, 80))
    amount = RectMm(draft.width - 58, 37, float(rng.uniform(38, 50)), float(rng.uniform(8, 11)))
    draft.box(BoxDesign(Structure.RULED, Look.LINES, amount, (), date.pen))
    draft.text(amount.left + (1 if rng.random() < 0.5 else -5), amount.top + 7, "$", 11)
    draft.text(draft.width - 50, 74, draft.words(1, 2), 7)
    draft.scrawls.append(ScrawlDesign(draft.width - 55, 70, 30, 4))
    draft.text(60, 88, '"123456"  500025033:  290062"  31', 11)
