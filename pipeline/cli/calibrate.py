"""`fieldreader calibrate`: thresholds proven on the user's own documents."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.app import app, examples, global_options

if TYPE_CHECKING:
    from pipeline.confidence.operating_point import BudgetPoint
    from pipeline.evaluating.labelled_fields import LabelledResults
    from pipeline.settings import Settings

SHOWN_BUDGETS = (0.05, 0.02, 0.01, 0.005, 0.002, 0.001)


@app.command(
    epilog=examples(
        "fieldreader calibrate out truth.csv",
        "fieldreader calibrate out truth.csv --name our-forms",
        "fieldreader calibrate out --from-audit --since 2026-11-01",
        "fieldreader models promote our-forms-1",
    )
)
def calibrate(
    context: typer.Context,
    results: Annotated[Path, typer.Argument(metavar="RESULTS", help="Folder of results, or a single one.")],
    truth: Annotated[
        Path | None,
        typer.Argument(metavar="[TRUTH]", help="CSV with the columns file, field, value, perhaps document."),
    ] = None,
    from_audit: Annotated[
        bool, typer.Option("--from-audit", help="Take the truth from audited fields of the queue instead.")
    ] = False,
    since: Annotated[
        datetime | None,
        typer.Option("--since", formats=["%Y-%m-%d"], help="Only results of this day or later."),
    ] = None,
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What to call the model.")] = "calibrated",
) -> None:
    """Prove error budgets on results with known answers, and keep the thresholds with a copy of the model.

    The model in service must have read them. It stays as it is; the copy is a version of its own among your models.
    Label forms by chance, not by how they were read, or the proof is worth nothing.
    """
    from pipeline.evaluating.labelled_fields import label_results
    from pipeline.evaluating.model_calibration import calibrate_model
    from pipeline.storage.stored_results import stored_results
    from pipeline.storage.truth import load_truth

    if (truth is None) is not from_audit:
        raise typer.BadParameter("name a file of truths, or --from-audit")
    settings = global_options(context).settings()
    if truth is None:
        labelled = _audited(results, since, settings)
    else:
        labelled = label_results(stored_results([results], since.date() if since else None), load_truth(truth))
    bundle, point = calibrate_model(settings.model_store, labelled, name)
    reader = next(iter(point.readers.values()))
    typer.echo(f"{len(labelled.fields):,} labelled fields of {len(labelled.straight_through):,} forms")
    if labelled.unlabelled and truth is not None:
        typer.echo(f"{labelled.unlabelled:,} fields of these forms have no truth: were the others chosen by chance?")
    _print_points("all kinds" if reader.by_kind else "", reader.points)
    for kind, points in reader.by_kind.items():
        _print_points(kind.value, points)
    typer.echo(f"put it into service with: fieldreader models promote {bundle.name}-{bundle.version}")


def _audited(results: Path, since: datetime | None, settings: Settings) -> LabelledResults:
    """What people keyed for the fields on which the lot fell: those accepted and those in review alike."""
    from pipeline.audited_fields import Lot, label_audited
    from pipeline.storage.review_queue import ReviewQueue
    from pipeline.storage.stored_results import stored_results

    with ReviewQueue.open(settings.queue_url) as queue:
        items = {item.id: item for item in queue.list_items(None)}
    stored = stored_results([results], since.date() if since else None)
    audited = label_audited(stored, items, Lot(settings.audit_share, settings.audit_seed))
    if audited.waiting:
        typer.echo(
            f"{audited.waiting:,} drawn fields are still to settle; the {audited.left_out:,} settled ones of the same "
            "runs are left out with them"
        )
    return audited.labelled


def _print_points(title: str, points: tuple[BudgetPoint, ...]) -> None:
    from pipeline.cli.terminal import plain_table, stdout

    table = plain_table(title=title or None)
    for heading in ("Budget", "Threshold", "Accepted", "Wrong", "At most", ""):
        table.add_column(heading, justify="left" if not heading else "right")
    for point in points:
        if point.max_error not in SHOWN_BUDGETS:
            continue
        standing = "certified" if point.is_proven else "estimated" if point.accepted else "nothing can be accepted"
        table.add_row(
            f"{point.max_error:.2%}",
            f"{point.threshold:.4f}",
            f"{point.accepted:,}",
            f"{point.errors:,}",
            f"{point.upper_bound:.3%}",
            standing,
        )
    stdout().print(table, markup=False)
