"""Takes the pictures of a page about a round of retraining, such as `benchmarks.learning style --out DIR` leaves.

Run as `python docs/pictures/draw_retraining.py DIR/style/retraining/NAME/retraining.html`. It takes Chromium.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.browser import Browser  # noqa: E402

PICTURES = Path(__file__).parent
WIDTH, TOP, CASES = 1200, 1460, 1190
"""CSS pixels: both pictures' width, and the height of each."""


def main(retraining_page: Path) -> None:
    """The top of the page, and its fields that changed."""
    with tempfile.TemporaryDirectory() as folder:
        browser = Browser(Path(folder))
        try:
            page = browser.new_page()
            page.look(WIDTH, TOP)
            page.open(retraining_page.resolve().as_uri())
            page.picture(PICTURES / "retraining.png")
            page.look(WIDTH, CASES)
            heading = "[...document.querySelectorAll('h2')].find(one => one.innerText.startsWith('Fields'))"
            page.run(f"window.scrollTo(0, {heading}.getBoundingClientRect().top + scrollY - 20)")
            page.picture(PICTURES / "retraining-cases.png")
        finally:
            browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
