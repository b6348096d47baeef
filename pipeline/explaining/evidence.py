"""What the readers said about one field, in the order a person follows it: crop, ink, pieces, digits, strings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from pipeline.document import Box, DigitCrop
from pipeline.explaining.pictures import InkPictures, draw_ink, draw_tile
from pipeline.process import FieldTrace
from pipeline.stages.clip import is_clipped
from pipeline.stages.comb import CombInk
from pipeline.stages.overflow import is_overflow
from pipeline.stages.paths import Path, Step, best_paths
from pipeline.stages.segment import LineInk
from pipeline.values.grammar import digits_of
from recognizer.readings import DIGIT_COUNT, NOT_A_DIGIT, FloatArray, GrayImage

TOP = 3
SHOWN_PATHS, SHOWN_STRINGS = 4, 5


@dataclass(frozen=True, slots=True)
class Option:
    """One thing a crop, or a strip, may be, with its probability."""

    text: str
    probability: float
    is_chosen: bool


@dataclass(frozen=True)
class Tile:
    """One place of the winning path: a digit with what the digit network made of it, a mark, or an empty cell.

    Attributes:
        picture: None for an empty cell.
        char: as it was read, "" when the place counts for nothing.
    """

    picture: GrayImage | None
    char: str
    options: tuple[Option, ...]
    caption: str


@dataclass(frozen=True, slots=True)
class PathShown:
    """A path through the lattice: what it reads, its score, and whether it gave the best value."""

    text: str
    score: float
    is_chosen: bool


@dataclass(frozen=True)
class Evidenced:
    """One field as the stages saw it; boxes in pixels of the crop, spans in pixels of the strip."""

    crop: GrayImage
    inner: Box
    cells: tuple[Box, ...]
    ink: InkPictures | None
    piece_count: int
    tiles: tuple[Tile, ...]
    paths: tuple[PathShown, ...]
    strip: GrayImage | None
    spans: tuple[tuple[float, float, str], ...]
    strings: tuple[Option, ...]
    flags: tuple[str, ...]


def evidence_of(trace: FieldTrace, raw: str) -> Evidenced:
    """Gather what every stage gave for one field.

    Args:
        raw: the characters decided for; rules may have preferred them to those that the ink makes likeliest.
    """
    field = trace.segmentation
    chosen = digits_of(raw)
    paths: Sequence[Path] = ()
    tiles: Sequence[Tile] = ()
    pieces = 0
    if field.comb is not None:
        tiles = tuple(_comb_tiles(field.comb, trace.evidence.digits, chosen))
        pieces = len(field.crops)
    elif field.line is not None and field.line.lattice.primitives:
        # The decoder takes the same best paths of the same lattice.
        paths = best_paths(field.line.lattice, trace.evidence.digits)
        shown = next((path for path in paths if path.digits == chosen), paths[0] if paths else None)
        tiles = tuple(_line_tiles(field.line, trace.evidence.digits, shown)) if shown is not None else ()
        pieces = len(field.line.lattice.primitives)
    strings = trace.evidence.strings
    winning = next((candidate for candidate in strings if candidate.text == chosen), strings[0] if strings else None)
    return Evidenced(
        crop=field.region.image,
        inner=field.region.inner,
        cells=field.region.cells,
        ink=draw_ink(field),
        piece_count=pieces,
        tiles=tuple(tiles),
        paths=tuple(
            PathShown("".join(step.char for step in path.steps), path.score, path.digits == chosen)
            for path in paths[:SHOWN_PATHS]
        ),
        strip=field.strip.image if field.strip is not None else None,
        spans=tuple((left, right, char) for char, (left, right) in zip(winning.text, winning.spans, strict=False))
        if winning is not None
        else (),
        strings=tuple(
            Option(candidate.text, math.exp(candidate.log_probability), candidate.text == chosen)
            for candidate in strings[:SHOWN_STRINGS]
        ),
        flags=tuple(_flags(trace)),
    )


def _comb_tiles(comb: CombInk, digits: FloatArray, chosen: str) -> Iterator[Tile]:
    rows = iter(digits)
    chars = iter(chosen)
    for number, cell in enumerate(comb.cells, start=1):
        if cell is None:
            yield Tile(None, "", (), f"cell {number}")
        else:
            char = next(chars, "")
            yield Tile(draw_tile(cell.ink), char, _options(next(rows), char), f"cell {number}")


def _line_tiles(line: LineInk, digits: FloatArray, path: Path) -> Iterator[Tile]:
    for step in path.steps:
        index = _candidate_of(step, line.lattice.candidates)
        if index is None:
            continue
        crop = line.lattice.candidates[index]
        count = crop.last - crop.first
        caption = "mark" if step.char and not step.char.isdigit() else "left out" if not step.char else _pieces(count)
        yield Tile(draw_tile(crop.ink), step.char, _options(digits[index], step.char), caption)


def _pieces(count: int) -> str:
    return "1 piece" if count == 1 else f"{count} pieces"


def _candidate_of(step: Step, candidates: Sequence[DigitCrop]) -> int | None:
    return next((index for index, candidate in enumerate(candidates) if candidate.box == step.box), None)


def _options(row: FloatArray, char: str) -> tuple[Option, ...]:
    """The likeliest digits, and that it is none; the chosen digit always among them."""
    order = [int(digit) for digit in np.argsort(-row[:DIGIT_COUNT])]
    shown = order[:TOP]
    if char.isdigit() and int(char) not in shown:
        shown[-1] = int(char)
    options = [Option(str(digit), float(row[digit]), str(digit) == char) for digit in shown]
    return (*options, Option("none", float(row[NOT_A_DIGIT]), False))


def _flags(trace: FieldTrace) -> Iterator[str]:
    field = trace.segmentation
    if field.comb is not None and field.comb.is_touching:
        yield "ink cut at a border of cells"
    if field.is_faint:
        yield "faint"
    if is_overflow(field):
        yield "ink outside the field"
    if any(is_clipped(field, reading.steps) for reading in trace.decoded.readings[:1]):
        yield "clipped by the edge"
    if trace.decoded.has_odd_ink:
        yield "ink among the digits that is none"
    if field.region.placing.is_cut_from_comb:
        yield "writing in more cells than were read"
    if not trace.decoded.readers_agree:
        yield "the readers disagree"
