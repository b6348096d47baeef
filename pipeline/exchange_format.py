"""In which forms the queue leaves and comes back. Apart, so that the command line starts without loading more."""

from __future__ import annotations

from enum import StrEnum


class ExchangeFormat(StrEnum):
    """What the queue can be exchanged as; each file tells by its ending which it is."""

    CSV = "csv"
    JSONL = "jsonl"
    LABEL_STUDIO = "label-studio"
