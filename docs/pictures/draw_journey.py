"""Draws `journey.svg`, the picture in how-it-works.md: python docs/pictures/draw_journey.py"""

from __future__ import annotations

from html import escape
from pathlib import Path

TARGET = Path(__file__).with_name("journey.svg")

BOX_W, BOX_H = 186, 78
STEP_X, STEP_Y = 222, 124
LEFT, TOP = 24, 24

INK, SOFT, LINE = "#1f2328", "#57606a", "#8c959f"
PAPER, TINT, ACCENT, WARM = "#ffffff", "#f3f6fa", "#0b62c4", "#9a4a00"

Place = tuple[int, int]
"""Column and row."""

STEPS: dict[Place, tuple[str, str, str]] = {
    (0, 0): ("inbox", "PDF, TIFF, PNG, JPEG", "never changed"),
    (1, 0): ("intake", "read once, SHA-256,", "type by first bytes"),
    (2, 0): ("scans", "page by page to gray,", "limits checked first"),
    (3, 0): ("register", "which form, which way", "up, how it lies"),
    (4, 0): ("locate", "fields of the form, or", "boxes found on the page"),
    (4, 1): ("segment", "printing removed, ink", "cut into digits"),
    (3, 1): ("read", "digit network and", "strip network"),
    (2, 1): ("decode", "evidence, grammar and", "rules to a value"),
    (1, 1): ("decide", "accept, review or blank,", "with reasons"),
    (0, 1): ("results", "one JSON a file,", "written atomically"),
    (1, 2): ("review queue", "what is not sure enough", "waits for a person"),
    (2, 2): ("corrections", "a person confirms or", "keys what is there"),
    (3, 2): ("retraining", "a challenger, promoted", "if proven better"),
}
PERSON = {(1, 2), (2, 2), (3, 2)}
ENDS = {(0, 0), (0, 1)}

WAY: tuple[tuple[Place, Place], ...] = (
    ((0, 0), (1, 0)),
    ((1, 0), (2, 0)),
    ((2, 0), (3, 0)),
    ((3, 0), (4, 0)),
    ((4, 0), (4, 1)),
    ((4, 1), (3, 1)),
    ((3, 1), (2, 1)),
    ((2, 1), (1, 1)),
    ((1, 1), (0, 1)),
    ((1, 1), (1, 2)),
    ((1, 2), (2, 2)),
    ((2, 2), (3, 2)),
    ((3, 2), (3, 1)),
)


def draw() -> str:
    """The picture as SVG."""
    columns, rows = 1 + max(x for x, _ in STEPS), 1 + max(y for _, y in STEPS)
    width = 2 * LEFT + (columns - 1) * STEP_X + BOX_W
    height = 2 * TOP + (rows - 1) * STEP_Y + BOX_H
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        'font-family="system-ui, sans-serif" role="img" aria-labelledby="title">',
        "<title id='title'>The journey of a document: from the inbox to results, and through a person back to "
        "the networks</title>",
        '<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" '
        f'orient="auto-start-reverse"><path d="M0 0 L8 4 L0 8 z" fill="{LINE}"/></marker></defs>',
        f'<rect width="{width}" height="{height}" rx="12" fill="{PAPER}"/>',
        *(_arrow(start, end) for start, end in WAY),
        *(_box(place, *texts) for place, texts in STEPS.items()),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _corner(place: Place) -> tuple[int, int]:
    return LEFT + place[0] * STEP_X, TOP + place[1] * STEP_Y


def _box(place: Place, title: str, first: str, second: str) -> str:
    x, y = _corner(place)
    stroke = WARM if place in PERSON else INK if place in ENDS else ACCENT
    lines = (
        f'<text x="{x + 14}" y="{y + 26}" font-size="16" font-weight="600" fill="{stroke}">{escape(title)}</text>'
        f'<text x="{x + 14}" y="{y + 47}" font-size="13" fill="{SOFT}">{escape(first)}</text>'
        f'<text x="{x + 14}" y="{y + 64}" font-size="13" fill="{SOFT}">{escape(second)}</text>'
    )
    return (
        f'<rect x="{x}" y="{y}" width="{BOX_W}" height="{BOX_H}" rx="8" fill="{TINT}" stroke="{stroke}" '
        f'stroke-width="1.5"/>{lines}'
    )


def _arrow(start: Place, end: Place) -> str:
    """A straight arrow between two neighbouring boxes."""
    (x0, y0), (x1, y1) = _corner(start), _corner(end)
    if y0 == y1:
        y = y0 + BOX_H // 2
        ends = (x0 + BOX_W, y, x1, y) if x1 > x0 else (x0, y, x1 + BOX_W, y)
    else:
        x = x0 + BOX_W // 2
        ends = (x, y0 + BOX_H, x, y1) if y1 > y0 else (x, y0, x, y1 + BOX_H)
    return '<line x1="{}" y1="{}" x2="{}" y2="{}" stroke="{}" stroke-width="1.5" marker-end="url(#tip)"/>'.format(
        *ends, LINE
    )


if __name__ == "__main__":
    TARGET.write_text(draw(), encoding="utf-8")
