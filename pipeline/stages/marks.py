"""Marks on a line: which blobs are points, commas and dashes of the hand, and how sure that is.

A speck taken for a decimal point changes an amount a hundredfold. Seen on real cheque amounts: pieces cut off a digit,
remnants of ruled and dotted lines under the digits, and dust pass for points as often as points are missed.
"""

from __future__ import annotations

from pipeline.stages.lattice import Lattice
from pipeline.stages.paths import mark_of
from recognizer.readings import InkImage

CUT_OFF = 0.15
"""Pieces cut off a blob are mostly parts of digits; a comma that hangs on its digit is rarer."""
UNDER_THE_LINE = 0.05
SPECK = 0.25
PALE = 0.4
MID_HEIGHT = 0.7
PLAIN = 0.98
"""Share of true marks by kind of blob: judged by eye on 60 real amounts that nothing is reported on."""

SPECK_AREA = 0.006
"""Smallest mark, in squares of a digit's height; points of pens have 0.008 to 0.03 of it."""
LARGEST_POINT = 0.04
LOWEST = 0.2
"""Blobs whose foot lies lower under the baseline than this many digit heights are print; commas reach 0.15."""
PALE_SHARE = 0.6
"""Ink of a mark is at least this dark beside the digits' ink."""
MID_DOT = "·"
FLAT = 6.0
"""Marks flatter than this, width by height, lie on a ruled line rather than between digits."""


def find_mark(lattice: Lattice, place: int, soft: InkImage) -> tuple[str, float]:
    """Which mark a low primitive is, and the probability that the hand made it.

    Args:
        lattice: of the line.
        place: index of the primitive.
        soft: (h, w) uint8 ink of the line, 255 in the core of a stroke.

    Returns:
        One of `. , - / ·` and its sureness; ("", 0.0) for what is no mark.
    """
    primitive, height = lattice.primitives[place], lattice.digit_height
    box = primitive.box
    area = float(primitive.mask.sum()) / height**2
    char = mark_of(lattice, place)
    is_raised = char == "" and area <= LARGEST_POINT and _is_mid_height(lattice, place)
    if is_raised:
        char = MID_DOT
    if not char:
        return "", 0.0
    if box.bottom > lattice.baseline + LOWEST * height or box.width > FLAT * box.height:
        return char, UNDER_THE_LINE
    if not primitive.is_whole:
        return char, CUT_OFF
    if area < SPECK_AREA:
        return char, SPECK
    ink = soft[box.top : box.bottom, box.left : box.right][primitive.mask]
    if float(ink.max(initial=0)) < PALE_SHARE * 255:
        return char, PALE
    return char, MID_HEIGHT if is_raised else PLAIN


def _is_mid_height(lattice: Lattice, place: int) -> bool:
    """Whether a blob is a round point at the digits' middle, as in 678·90."""
    box = lattice.primitives[place].box
    middle = (box.top + box.bottom) / 2
    rises = (lattice.baseline - middle) / lattice.digit_height
    return 0.3 <= rises <= 0.7 and max(box.width, box.height) <= 2 * min(box.width, box.height)
