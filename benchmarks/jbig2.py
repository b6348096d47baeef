"""Writes a bilevel page as JBIG2 the way office scanners do: one generic region, arithmetic coding (ITU-T T.88)."""

from __future__ import annotations

import struct
from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

Bits = NDArray[np.bool_]
Decision = tuple[int, int]
"""Context and bit."""

SAME_AS_ABOVE = 0x9B25
"""Context that says whether a row repeats the one above (T.88, figure 8)."""

ADAPTIVE = (3, -1, -3, -1, 2, -2, -2, -2)
"""Nominal places of template 0's adaptive pixels (T.88, 6.2.5.4)."""

CONTEXT_PIXELS = (
    (-1, 0), (-2, 0), (-3, 0), (-4, 0), (3, -1), (2, -1), (1, -1), (0, -1),
    (-1, -1), (-2, -1), (-3, -1), (2, -2), (1, -2), (0, -2), (-1, -2), (-2, -2),
)  # fmt: skip
"""(x, y) from the pixel that is coded, lowest bit of the context first."""


def jbig2_data(is_black: Bits) -> bytes:
    """A page, (H, W) bool, as the segments that a PDF holds under JBIG2Decode."""
    height, width = is_black.shape
    page = struct.pack(">IIIIBH", width, height, 0, 0, 0, 0)
    region = struct.pack(">IIIIB", width, height, 0, 0, 0) + b"\x08" + struct.pack("8b", *ADAPTIVE)
    return _segment(0, 48, page) + _segment(1, 38, region + _arithmetic(_decisions(is_black)))


def _segment(number: int, kind: int, data: bytes) -> bytes:
    return struct.pack(">IBBBI", number, kind, 0, 1, len(data)) + data


def _decisions(is_black: Bits) -> Iterable[Decision]:
    padded = np.pad(is_black, ((2, 0), (4, 3)))
    height, width = is_black.shape
    was_same = False
    for row in range(height):
        pixels = padded[row + 2]
        is_same = bool((pixels == padded[row + 1]).all())
        yield SAME_AS_ABOVE, int(is_same != was_same)
        was_same = is_same
        if is_same:
            continue
        contexts = np.zeros(width, np.int32)
        for bit, (x, y) in enumerate(CONTEXT_PIXELS):
            contexts |= padded[row + 2 + y, 4 + x : 4 + x + width].astype(np.int32) << bit
        yield from zip(contexts.tolist(), pixels[4 : 4 + width].astype(int).tolist(), strict=True)


def _arithmetic(decisions: Iterable[Decision]) -> bytes:
    """The MQ coder (T.88, annex E)."""
    states, likely = [0] * (1 << 16), [0] * (1 << 16)
    out = bytearray(1)
    interval, code, free = 0x8000, 0, 12
    for context, bit in decisions:
        size, after_likely, after_other, switches = _STATES[states[context]]
        interval -= size
        if bit == likely[context]:
            if interval & 0x8000:
                code += size
                continue
            if interval < size:
                interval = size
            else:
                code += size
            states[context] = after_likely
        else:
            if interval < size:
                code += size
            else:
                interval = size
            likely[context] ^= switches
            states[context] = after_other
        while not interval & 0x8000:
            interval, code, free = interval << 1, code << 1, free - 1
            if not free:
                code, free = _byte_out(out, code)
    end = code + interval
    code |= 0xFFFF
    code -= 0x8000 * (code >= end)
    for _ in range(2):
        code, free = _byte_out(out, code << free)
    return bytes(out[1:]) + (b"\xac" if out[-1] == 0xFF else b"\xff\xac")


def _byte_out(out: bytearray, code: int) -> tuple[int, int]:
    """Move the highest bits of the code to the output; after 0xFF only seven, so that a carry has a place to go."""
    if out[-1] != 0xFF and code & 0x8000000:
        out[-1] += 1
        code &= 0x7FFFFFF
    if out[-1] == 0xFF:
        out.append(code >> 20)
        return code & 0xFFFFF, 7
    out.append(code >> 19)
    return code & 0x7FFFF, 8


_STATES = (
    (0x5601, 1, 1, 1), (0x3401, 2, 6, 0), (0x1801, 3, 9, 0), (0x0AC1, 4, 12, 0), (0x0521, 5, 29, 0),
    (0x0221, 38, 33, 0), (0x5601, 7, 6, 1), (0x5401, 8, 14, 0), (0x4801, 9, 14, 0), (0x3801, 10, 14, 0),
    (0x3001, 11, 17, 0), (0x2401, 12, 18, 0), (0x1C01, 13, 20, 0), (0x1601, 29, 21, 0), (0x5601, 15, 14, 1),
    (0x5401, 16, 14, 0), (0x5101, 17, 15, 0), (0x4801, 18, 16, 0), (0x3801, 19, 17, 0), (0x3401, 20, 18, 0),
    (0x3001, 21, 19, 0), (0x2801, 22, 19, 0), (0x2401, 23, 20, 0), (0x2201, 24, 21, 0), (0x1C01, 25, 22, 0),
    (0x1801, 26, 23, 0), (0x1601, 27, 24, 0), (0x1401, 28, 25, 0), (0x1201, 29, 26, 0), (0x1101, 30, 27, 0),
    (0x0AC1, 31, 28, 0), (0x09C1, 32, 29, 0), (0x08A1, 33, 30, 0), (0x0521, 34, 31, 0), (0x0441, 35, 32, 0),
    (0x02A1, 36, 33, 0), (0x0221, 37, 34, 0), (0x0141, 38, 35, 0), (0x0111, 39, 36, 0), (0x0085, 40, 37, 0),
    (0x0049, 41, 38, 0), (0x0025, 42, 39, 0), (0x0015, 43, 40, 0), (0x0009, 44, 41, 0), (0x0005, 45, 42, 0),
    (0x0001, 45, 43, 0), (0x5601, 46, 46, 0),
)  # fmt: skip
"""Size of the less likely symbol's interval, state after the likely and after the other one, whether they change
places (T.88, table E.1)."""
