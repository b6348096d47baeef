"""From settings to what each part asks for, in one place for the command line and the flows."""

from __future__ import annotations

from pathlib import Path

from pipeline.batch import BatchOptions
from pipeline.process import ReadingOptions
from pipeline.settings import Settings
from pipeline.stages.decide import DecideOptions


def reading_options(settings: Settings) -> ReadingOptions:
    """How strict the reading is."""
    return ReadingOptions(
        max_error=settings.max_error, decide=DecideOptions(accept_uncertified=settings.accept_uncertified)
    )


def batch_options(settings: Settings, out: Path, overlays: Path | None = None, again: bool = False) -> BatchOptions:
    """Everything a batch needs."""
    return BatchOptions(
        out=out,
        templates=settings.templates,
        model_store=settings.model_store,
        queue_url=settings.queue_url,
        device=settings.device,
        reading=reading_options(settings),
        limits=settings.scans,
        overlays=overlays,
        again=again,
        jobs=settings.jobs,
    )
