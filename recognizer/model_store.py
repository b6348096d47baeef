"""Which model is in service: the shipped bundle, or one of the user's own, promoted and rolled back.

<store>/<name>-<version>/        bundles the user trained
        champion.json            which of them is in service; absent: the shipped one
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from recognizer.atomic_text import write_text
from recognizer.bundle import Bundle, open_bundle
from recognizer.errors import ModelError

_POINTER = "champion.json"
_SHIPPED = "fieldreader-1"


def shipped_bundle() -> Path:
    """Folder of the bundle that comes with the program."""
    return Path(__file__).with_name("weights") / _SHIPPED


def champion(store: Path | None) -> Bundle:
    """The bundle in service: the store's champion, or the shipped bundle when the store has none.

    Args:
        store: folder of the user's bundles; need not exist. None: the shipped bundle.

    Raises:
        ModelError: the champion, or the pointer to it, is damaged or missing. It is never replaced silently.
    """
    history = _history(store) if store else []
    if store is None or not history:
        return open_bundle(shipped_bundle())
    return _open_pointed(store, history[-1])


def promote(store: Path, bundle: Bundle) -> None:
    """Put a bundle into service; `rollback` returns to the one before.

    Args:
        store: folder of the user's bundles; made when missing.
        bundle: a bundle within `store`, or the shipped one.

    Raises:
        ModelError: the bundle lies elsewhere or is damaged.
    """
    open_bundle(bundle.path)
    resolved = bundle.path.resolve()
    if resolved.parent == store.resolve():
        entry: dict[str, str | None] = {"folder": resolved.name, "sha256": bundle.sha256}
    elif resolved == shipped_bundle().resolve():
        entry = {"folder": None, "sha256": bundle.sha256}
    else:
        raise ModelError(f"model {bundle.path} does not lie in the store {store}; copy it there first")
    store.mkdir(parents=True, exist_ok=True)
    _write_history(store, [*_history(store), entry])


def rollback(store: Path) -> Bundle:
    """Return to the bundle that was in service before the champion, at last to the shipped one.

    Returns:
        The bundle now in service.

    Raises:
        ModelError: the shipped bundle is in service already, or the earlier one is damaged; then nothing changes.
    """
    history = _history(store)
    if not history:
        raise ModelError("the shipped model is in service; there is nothing to return to")
    earlier = history[:-1]
    bundle = _open_pointed(store, earlier[-1]) if earlier else open_bundle(shipped_bundle())
    _write_history(store, earlier)
    return bundle


def list_bundles(store: Path | None) -> list[Bundle]:
    """The shipped bundle and all of the store's, by folder name; folders that hold no valid bundle are left out."""
    folders = sorted(store.iterdir()) if store and store.is_dir() else []
    bundles = []
    for folder in [shipped_bundle(), *(f for f in folders if f.is_dir() and not f.name.startswith("."))]:
        try:
            bundles.append(open_bundle(folder))
        except ModelError:
            continue
    return bundles


def _open_pointed(store: Path, entry: Mapping[str, str | None]) -> Bundle:
    folder = entry["folder"]
    bundle = open_bundle(store / folder if folder else shipped_bundle())
    # The shipped bundle may have been replaced by an upgrade, which is no tampering.
    if folder and bundle.sha256 != entry["sha256"]:
        raise ModelError(f"model {bundle.path} is not the one that was promoted; promote it again or roll back")
    return bundle


def _history(store: Path) -> list[dict[str, str | None]]:
    pointer = store / _POINTER
    try:
        entries = json.loads(pointer.read_text(encoding="utf-8"))["history"]
        return [{"folder": entry["folder"], "sha256": entry["sha256"]} for entry in entries]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ModelError(f"{pointer} cannot be read: {error!r}; remove it to return to the shipped model") from None


def _write_history(store: Path, history: list[dict[str, str | None]]) -> None:
    write_text(store / _POINTER, json.dumps({"history": history}, indent=2) + "\n")
