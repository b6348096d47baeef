"""Pages about rounds of retraining: they show what stands on forms, so retention has to find and remove them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from pipeline.errors import OutputError
from pipeline.storage.names import display_name

RETRAINING_PAGE = "retraining.html"
_MARK = 'data-documents="'


def pages_that_show(pages: Path, source_ids: Iterable[str]) -> list[Path]:
    """Folders of rounds whose page was made of one of these documents.

    Args:
        pages: folder of all rounds; need not exist.
    """
    wanted = frozenset(source_ids)
    found = sorted(pages.glob(f"*/{RETRAINING_PAGE}"))
    return [page.parent for page in found if not wanted.isdisjoint(_named_documents(page))]


def remove_pages(folders: Iterable[Path]) -> None:
    """Remove pages with their plots.

    Raises:
        OutputError: a file cannot be removed.
    """
    for folder in folders:
        try:
            for file in folder.iterdir():
                file.unlink(missing_ok=True)
            folder.rmdir()
        except OSError as error:
            raise OutputError(f"cannot remove {display_name(folder)}: {error.strerror}") from error


def _named_documents(page: Path) -> list[str]:
    _, _, rest = page.read_text(encoding="utf-8").partition(_MARK)
    return rest.partition('"')[0].split()
