"""Small printed forms drawn for registration and box tests, and ways to scan them badly."""

from __future__ import annotations

import cv2
import numpy as np

from pipeline.document import FieldKind, FieldSpec, FormTemplate, Page, RectMm, TemplateIdentity

PX_PER_MM = 6.0
DPI = PX_PER_MM * 25.4
SIZE_MM = (150.0, 105.0)
COMB_MM, AMOUNT_MM = RectMm(20, 30, 42, 7), RectMm(90, 30, 40, 9)
WORDS = (
    "Payment slip",
    "please write clearly",
    "Account of payee",
    "Harbour savings bank",
    "office use only",
    "Reference",
)


def blank_form(seed: int = 0) -> np.ndarray:
    """A5 landscape at 6 px/mm: words, a rule, a comb of six cells and an amount box; the words depend on `seed`."""
    rng = np.random.default_rng(seed)
    form = np.full((round(SIZE_MM[1] * PX_PER_MM), round(SIZE_MM[0] * PX_PER_MM)), 245, np.uint8)
    for row, y in enumerate((60, 130, 300, 360, 420, 480, 540, 590)):
        for x in (40, 330, 620):
            word = WORDS[int(rng.integers(len(WORDS)))] + str(int(rng.integers(10, 99)))
            cv2.putText(form, word, (x + 7 * (row % 3), y), cv2.FONT_HERSHEY_SIMPLEX, 0.55, 40, 1, cv2.LINE_AA)
    cv2.line(form, (40, 80), (860, 80), 60, 2)
    draw_comb(form, COMB_MM, 6)
    draw_comb(form, AMOUNT_MM, 1)
    return form


def draw_comb(image: np.ndarray, rect: RectMm, cells: int, gray: int = 70) -> None:
    """Draw adjacent cells."""
    for cell in range(cells):
        left = round((rect.left + rect.width * cell / cells) * PX_PER_MM)
        right = round((rect.left + rect.width * (cell + 1) / cells) * PX_PER_MM)
        bottom = round((rect.top + rect.height) * PX_PER_MM)
        cv2.rectangle(image, (left, round(rect.top * PX_PER_MM)), (right, bottom), gray, 1)


def template(seed: int = 0) -> FormTemplate:
    """The template of `blank_form(seed)`."""
    fields = (
        FieldSpec("account", FieldKind.ACCOUNT, COMB_MM, cells=6),
        FieldSpec("amount", FieldKind.AMOUNT, AMOUNT_MM),
    )
    return FormTemplate(TemplateIdentity(f"form{seed}", "1", f"{seed:064d}"), SIZE_MM, fields, (blank_form(seed),))


def scan(
    form: np.ndarray, turn: int = 0, skew_deg: float = 0.0, scale: float = 1.0, dpi: float = DPI, border: int = 40
) -> tuple[Page, np.ndarray]:
    """Lay a form on a scanner; the page, and the true matrix from millimetres to its pixels."""
    zoom = dpi / DPI * scale
    height, width = form.shape
    angle = np.radians(turn + skew_deg)
    turned = np.array([[np.cos(angle), -np.sin(angle), 0], [np.sin(angle), np.cos(angle), 0], [0, 0, 1.0]])
    size = (round(width * dpi / DPI) + 2 * border, round(height * dpi / DPI) + 2 * border)
    size = size if turn % 180 == 0 else (size[1], size[0])
    to_middle = np.array([[zoom, 0, -zoom * (width - 1) / 2], [0, zoom, -zoom * (height - 1) / 2], [0, 0, 1.0]])
    from_middle = np.array([[1, 0, (size[0] - 1) / 2], [0, 1, (size[1] - 1) / 2], [0, 0, 1.0]])
    matrix = from_middle @ turned @ to_middle
    gray = cv2.warpPerspective(form, matrix, size, flags=cv2.INTER_AREA, borderValue=245)
    mm_to_form = np.array([[PX_PER_MM, 0, -0.5], [0, PX_PER_MM, -0.5], [0, 0, 1.0]])
    return Page(1, gray, dpi), matrix @ mm_to_form
