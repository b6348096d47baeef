"""Results that an output folder already holds, found by the content they belong to."""

from __future__ import annotations

from collections import defaultdict
from functools import cached_property
from pathlib import Path

from pipeline.document import ResultStatus, Source, SourceResult
from pipeline.storage.intake import unread_source
from pipeline.storage.names import safe_stem
from pipeline.storage.results import read_result, result_path


class EarlierResults:
    """Looks results up by source id, whatever name the source had then. Lists the folder once."""

    def __init__(self, out: Path) -> None:
        self._out = out

    def find(self, source: Source) -> SourceResult | None:
        """The result written for this content before; None when there is none that can be read."""
        suffix = _suffix(result_path(self._out, source))
        for path in self._by_suffix.get(suffix, ()):
            result = read_result(path)
            if result and result.source_id == source.id:
                return result
        return None

    def forget_refusal(self, path: Path) -> None:
        """Remove the result that says a file could not be read, now that it could.

        Such a result is named after the file alone, since its content was not known.
        """
        result_path(self._out, unread_source(path)).unlink(missing_ok=True)

    def forget_failures(self, name: str, source_id: str) -> None:
        """Remove failed results of other contents that stood under this name alone.

        They are of a file that was half written then, or has been scanned anew.

        Args:
            name: of the file, as results have it.
            source_id: of the content that could be read.
        """
        for path in self._by_stem.get(safe_stem(name), ()):
            result = read_result(path)
            is_other = result is not None and result.source_id not in ("", source_id)
            if result and is_other and result.status is ResultStatus.FAILED and result.source_names == (name,):
                path.unlink(missing_ok=True)

    @cached_property
    def _by_stem(self) -> dict[str, list[Path]]:
        found: defaultdict[str, list[Path]] = defaultdict(list)
        for path in self._out.glob("*.json"):
            found[path.stem.rpartition("-")[0]].append(path)
        return found

    @cached_property
    def _by_suffix(self) -> dict[str, list[Path]]:
        found: defaultdict[str, list[Path]] = defaultdict(list)
        for path in self._out.glob("*.json"):
            found[_suffix(path)].append(path)
        return found


def _suffix(path: Path) -> str:
    """What follows the stem of the document in `<stem>-<id8>.json`."""
    return path.stem.rpartition("-")[2]
