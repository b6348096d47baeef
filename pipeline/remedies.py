"""What a person can do about each error code of a failed document. `docs/errors.md` says more."""

from __future__ import annotations

from collections.abc import Mapping

REMEDIES: Mapping[str, str] = {
    "not_a_file": "name the file itself; links, folders and devices are refused",
    "unreadable_file": "check its permissions and the disk, then run again",
    "empty_file": "scan or copy it again",
    "unsupported_type": "convert it to PDF, TIFF, PNG or JPEG, or remove it from the inbox",
    "encrypted_pdf": "save it without its password",
    "damaged_file": "scan or copy it again",
    "no_pages": "scan it again; the file holds no page",
    "too_large": "split it, scan at 300 dpi, or raise the limit in the settings",
    "too_much_memory": "scan it at 300 dpi, or raise scans.max_memory in the settings",
    "decoder_timeout": "print it to PDF anew or scan it again; raise scans.page_timeout_s if the machine is slow",
    "decoder_died": "print it to PDF anew or scan it again; give the machine more memory if this happens to many",
    "internal_error": "run it alone with `fieldreader --debug run FILE --again` and report what it prints",
    "worker_died": "give the machine more memory or use fewer --jobs, then run with --again",
    "source_error": "scan it again",
}


def remedy(code: str) -> str:
    """One clause, without a full stop; empty for a code this version does not know."""
    return REMEDIES.get(code, "")
