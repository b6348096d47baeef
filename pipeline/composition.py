"""From settings to what a batch asks for, in one place for the command line and the flows."""

from __future__ import annotations

from pathlib import Path

from pipeline.batch import BatchOptions
from pipeline.settings import Settings


def batch_options(
    settings: Settings,
    out: Path,
    overlays: Path | None = None,
    again: bool = False,
    archive: Path | None = None,
) -> BatchOptions:
    """Everything a batch needs."""
    return BatchOptions(
        out=out,
        templates=settings.templates,
        model_store=settings.model_store,
        queue_url=settings.queue_url,
        device=settings.device,
        reading=settings.reading,
        limits=settings.scans,
        overlays=overlays,
        again=again,
        archive=archive,
        jobs=settings.jobs,
        routing=settings.routing,
    )
