from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmarks.scan_files import CODINGS, scanned_pdf
from pipeline.storage.intake import take_in
from pipeline.storage.scans import open_pages


def drawn(seed: int) -> np.ndarray:
    """A bilevel page of print, rows that repeat, and grains that no coder can foretell."""
    page = np.full((351, 248), 255, np.uint8)
    for row in range(40, 300, 40):
        cv2.putText(page, "0123456789", (20, row), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 0, 2)
    grains = np.random.default_rng(seed).integers(0, 2, (40, 248), np.uint8)
    page[300:340] = 255 * grains
    return np.where(page > 128, 255, 0).astype(np.uint8)


@pytest.mark.parametrize("coding", ["G4", "JBIG2", "PNG in PDF"])
def test_pages_of_every_exact_coding_read_as_they_were_drawn(coding: str, tmp_path: Path) -> None:
    pages = [drawn(0), drawn(1)]
    scanned_pdf(tmp_path / "scan.pdf", 3, CODINGS[coding], pages)
    read = [page.gray for page in open_pages(take_in(tmp_path / "scan.pdf"))]
    assert len(read) == 3
    for gray, page in zip(read, [*pages, pages[0]], strict=True):
        np.testing.assert_array_equal(gray, page)
