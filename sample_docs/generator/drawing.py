"""From the list of samples to bytes of files. Each page has its own random numbers, so changing one moves no other."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath

import numpy as np

from recognizer.pen import random_hand
from sample_docs.generator.files import jpeg_bytes, pdf_bytes, png_bytes, tiff_bytes
from sample_docs.generator.fill import draw_form
from sample_docs.generator.samples import FileSample, FormSample
from sample_docs.generator.scanner import Scan, scan

KEPT_OF_A_BROKEN_FILE = 0.5


def draw_page(sample: FormSample, seed: int, page: int, file_name: str) -> Scan:
    """Fill in and scan one form.

    Args:
        sample: what to write and how to scan.
        seed: of the whole inbox.
        page: its page in the file, from 1; with `file_name` it picks the random numbers.
    """
    rng = np.random.default_rng([seed, page, *file_name.encode()])
    hand = random_hand(np.random.default_rng([seed, sample.hand]))
    entries = {name: answer.entry for name, answer in sample.answers.items()}
    filled = draw_form(sample.design, entries, hand, rng, sample.dpi, sample.ink)
    return scan(filled.image, filled.dpi, sample.conditions, rng)


def draw_file(sample: FileSample, seed: int) -> bytes:
    """Draw all pages of a file and pack them in the format its name ends in.

    Raises:
        ValueError: an ending without a writer.
    """
    scans = [draw_page(form, seed, page, sample.name) for page, form in enumerate(sample.forms, start=1)]
    content = _packed(PurePath(sample.name).suffix, scans)
    return content[: int(len(content) * KEPT_OF_A_BROKEN_FILE)] if sample.is_cut_short else content


def _packed(ending: str, scans: list[Scan]) -> bytes:
    match ending:
        case ".pdf":
            return pdf_bytes(scans)
        case ".tif":
            return tiff_bytes(scans)
        case ".png":
            return png_bytes(_only(scans))
        case ".jpg":
            return jpeg_bytes(_only(scans))
    raise ValueError(f"no writer for files ending in {ending!r}")


def _only(scans: Iterable[Scan]) -> Scan:
    (scan,) = scans
    return scan
