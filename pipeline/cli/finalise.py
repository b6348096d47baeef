"""`fieldreader finalise`: results with the values of people in them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.app import app, examples, global_options
from pipeline.cli.options import EXIT_REVIEW
from pipeline.final_format import WITHOUT_EXTRAS, FinalFormat


@app.command(
    epilog=examples(
        "fieldreader finalise out --output final",
        "fieldreader finalise out --output final --format csv --fail-on-waiting",
        "fieldreader finalise out --output final --format parquet",
        "fieldreader finalise out --output final --drop /srv/accounting/in",
    )
)
def finalise(
    context: typer.Context,
    results: Annotated[list[Path], typer.Argument(metavar="RESULTS...", help="Folders of results, or single ones.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where to write.")],
    formats: Annotated[
        list[FinalFormat] | None,
        typer.Option("--format", help="What to write; may be repeated.  [default: json, jsonl and csv]"),
    ] = None,
    drop: Annotated[
        Path | None,
        typer.Option("--drop", metavar="DIR", help="Folder to hand new and changed documents to another system in."),
    ] = None,
    fail_on_waiting: Annotated[
        bool, typer.Option("--fail-on-waiting", help="Exit with 3 when a document waits for a person.")
    ] = False,
) -> None:
    """Write every document that is settled, with people's values in it and the machine's beside them.

    Documents with a field that waits for a person are left out until it is settled. Doing it again adds what has been
    settled since and changes nothing else.
    """
    from pipeline.cli.report import count
    from pipeline.finalise import Standing
    from pipeline.finalise import finalise as finalise_result
    from pipeline.storage.final_drop import LEDGER, drop_final
    from pipeline.storage.final_files import write_final
    from pipeline.storage.review_queue import ReviewQueue
    from pipeline.storage.stored_results import stored_results

    with ReviewQueue.open(global_options(context).settings().queue_url) as queue:
        documents = [
            document
            for result in stored_results(results)
            for document in finalise_result(
                result, {item.id: item for item in queue.list_items(None, source_id=result.source_id)}
            )
        ]
    final = [document for document in documents if document.standing is Standing.FINAL]
    waiting = [document for document in documents if document.standing is Standing.WAITING]
    failed = len(documents) - len(final) - len(waiting)
    written = write_final(output, final, formats or WITHOUT_EXTRAS, waiting)
    typer.echo(f"{count(len(final), 'document')} final: {', '.join(str(path) for path in written)}")
    if drop is not None:
        delivered = drop_final(drop, output / LEDGER, final)
        typer.echo(f"{count(len(delivered), 'document')} new or changed, handed over in {drop}")
    if waiting:
        fields = sum(document.waiting for document in waiting)
        typer.echo(f"{count(len(waiting), 'document')} left out: {count(fields, 'field')} still to settle")
    if failed:
        typer.echo(f"{count(failed, 'document')} left out: could not be read")
    raise typer.Exit(EXIT_REVIEW if waiting and fail_on_waiting else 0)
