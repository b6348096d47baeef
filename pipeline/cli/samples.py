"""`fieldreader samples`: what retraining has learnt from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.app import command_group, examples, global_options

samples_app = command_group(
    "samples", "The versions of the training set that retraining made: list them, write one out."
)


@samples_app.command("list", epilog=examples("fieldreader samples list"))
def list_command(context: typer.Context) -> None:
    """Show the versions of the training set, the newest first.

    Fewer digits are kept than a version was made of once documents were purged, answers changed or a form opted out.
    """

    from pipeline.cli.terminal import plain_table, stdout
    from pipeline.storage.training_set import TrainingSet

    with TrainingSet.open(global_options(context).settings().queue_url) as training_set:
        versions = training_set.versions()
    table = plain_table()
    for heading in ("Version", "Made", "To learn from", "To judge", "Kept"):
        table.add_column(heading, justify="left" if heading in ("Version", "Made") else "right")
    for version in versions:
        made = version.created_at.partition(".")[0].replace("T", " ")
        counts = (f"{number:,}" for number in (version.training, version.held_out, version.kept))
        table.add_row(version.id[:12], f"{made} UTC", *counts)
    stdout().print(table)


@samples_app.command(
    "export",
    epilog=examples("fieldreader samples export --out learnt", "fieldreader samples export ff97d508e0ad --out learnt"),
)
def export_command(
    context: typer.Context,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write to.")],
    version: Annotated[
        str | None, typer.Argument(metavar="[VERSION]", help="Start of its identity.  [default: the newest]")
    ] = None,
) -> None:
    """Write a version out: a folder of pictures for each digit, and `samples.csv` with where each comes from.

    `fieldreader evaluate digits` and `fieldreader train --data` read such a folder. What was written out is yours to
    keep and to remove: `fieldreader purge` does not reach it.
    """
    from pipeline.cli.report import count
    from pipeline.errors import QueueError
    from pipeline.storage.sample_files import write_samples
    from pipeline.storage.training_set import TrainingSet

    with TrainingSet.open(global_options(context).settings().queue_url) as training_set:
        found = [one for one in training_set.versions() if one.id.startswith(version or "")]
        if not found or (version and len(found) > 1):
            raise QueueError(
                f"{version or 'the newest'} names {len(found) or 'none'} of the versions; see fieldreader samples list"
            )
        samples = training_set.samples(found[0].id)
    write_samples(out, samples)
    typer.echo(f"{count(len(samples), 'digit')} of version {found[0].id[:12]} written to {out}")
