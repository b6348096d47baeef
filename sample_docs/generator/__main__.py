"""Writes inbox, templates, truth and README: `python -m sample_docs.generator [--seed N] [--output FOLDER]`."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
from PIL import Image

from sample_docs.generator.design import reference_picture, template_text
from sample_docs.generator.drawing import draw_file
from sample_docs.generator.samples import DESIGNS, FILES
from sample_docs.generator.truth import readme_text, truth_text

SEED = 2026
"""The seed of the files that are shipped."""


def main() -> None:
    """Write everything, one line a file."""
    parser = argparse.ArgumentParser(prog="python -m sample_docs.generator", description=__doc__)
    parser.add_argument("--seed", type=int, default=SEED, help="other seeds, other writers (default: %(default)s)")
    parser.add_argument("--output", type=Path, default=Path(__file__).parents[1], help="folder (default: sample_docs)")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)  # the same sums in the same order everywhere
    write_samples(arguments.output, arguments.seed)


def write_samples(folder: Path, seed: int) -> None:
    """Write `inbox/`, `templates/`, `truth.csv` and `README.md` into a folder; files of other names stay."""
    inbox, templates = folder / "inbox", folder / "templates"
    inbox.mkdir(parents=True, exist_ok=True)
    templates.mkdir(parents=True, exist_ok=True)
    for design in DESIGNS:
        (templates / f"{design.name}.yaml").write_text(template_text(design), encoding="utf-8")
        Image.fromarray(reference_picture(design)).save(templates / f"{design.name}.png", optimize=True)
    for sample in FILES:
        content = draw_file(sample, seed)
        (inbox / sample.name).write_bytes(content)
        print(f"{sample.name:32} {len(sample.forms)} pages {len(content) / 1000:7.0f} kB")
    (folder / "truth.csv").write_text(truth_text(), encoding="utf-8")
    (folder / "README.md").write_text(readme_text(seed), encoding="utf-8")


if __name__ == "__main__":
    main()
