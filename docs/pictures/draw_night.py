"""Takes the pictures of Prefect's pages: a server of its own, a real run over the sample documents, a browser.

Run as `python docs/pictures/draw_night.py` in the folder of the checkout. It takes Chromium and a few minutes.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.browser import Browser  # noqa: E402
from tests.flows.orchestra import Orchestra  # noqa: E402

SAMPLES = ROOT / "sample_docs"
PICTURES = Path(__file__).parent
SIZE = (1280, 860)


def main() -> None:
    """Read the samples as a night does, and look at what Prefect shows of it."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        orchestra = Orchestra(home)
        try:
            orchestra.start()
            orchestra.fieldreader(
                "deploy", str(SAMPLES / "inbox"), "--output", str(home / "out"), "--templates",
                str(SAMPLES / "templates"), "--time-zone", "Europe/Berlin",
            )  # fmt: skip
            orchestra.start_workers(1)
            night(orchestra, home)
            look(orchestra, home)
        finally:
            orchestra.stop()


def night(orchestra: Orchestra, home: Path) -> None:
    """Read the samples, named as they are in any checkout."""
    inbox, templates = SAMPLES.relative_to(ROOT) / "inbox", SAMPLES.relative_to(ROOT) / "templates"
    queue = {"FIELDREADER_DATABASE_URL": f"sqlite:///{home}/pictures.db"}
    run = orchestra.begin("nightly/nightly", queue, folder=inbox, out=home / "pictures", templates=templates)
    orchestra.wait(run, "COMPLETED")


def look(orchestra: Orchestra, home: Path) -> None:
    """Take the pictures; nothing may be asked for from elsewhere."""
    found = orchestra.ask("artifacts/filter", sort="CREATED_DESC")
    artifacts = {row["key"]: row["id"] for row in reversed(found)}
    base = orchestra.api.removesuffix("/api")
    browser = Browser(home / "profile")
    try:
        page = browser.new_page()
        page.look(*SIZE)
        for name, path, text in (
            ("night-deployments", "deployments", "audit"),
            ("night-artifact", f"artifacts/artifact/{artifacts['nightly']}", "waiting for a person"),
            ("night-failures", f"artifacts/artifact/{artifacts['nightly-failures']}", "giro-damaged.pdf"),
        ):
            page.open(f"{base}/{path}")
            page.wait(f"document.body.innerText.includes({text!r})", timeout_s=240)
            page.picture(PICTURES / f"{name}.png")
        outside = {url for url in page.requests if not url.startswith((base, "data:", "blob:"))}
        assert not outside, outside
    finally:
        browser.close()


if __name__ == "__main__":
    main()
