"""`fieldreader retrain`: learning from what people corrected."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import typer

from pipeline.cli.app import app, examples, global_options
from pipeline.cli.options import EXIT_REFUSED, DataOption
from pipeline.cli.train import silence_tensorflow


@app.command(
    epilog=examples(
        "fieldreader retrain",
        "fieldreader retrain --learn-from cheque --learn-from slip",
        "fieldreader retrain --learn-from '*' --data data",
    )
)
def retrain(
    context: typer.Context,
    learn_from: Annotated[
        list[str] | None,
        typer.Option(
            "--learn-from",
            metavar="TEMPLATE",
            help="Form whose corrections may be learnt from; repeatable, * for all.  [default: the setting learn_from]",
        ),
    ] = None,
    trust_labels: Annotated[
        bool, typer.Option("--trust-labels", help="Learn labels that look wrong as well: somebody has looked at them.")
    ] = False,
    data: DataOption = None,
) -> None:
    """Learn from what people corrected, and put the new model into service only when it is proven better.

    Every corrected document is judged by a network that did not learn from it; the new model must do better than the
    one in service, and lose next to nothing on a benchmark that never changes. Exit code 3: refused.
    """
    silence_tensorflow()
    from recognizer.chatter import without_chatter

    settings = global_options(context).settings(data=data, learn_from=tuple(learn_from) if learn_from else None)
    with without_chatter():
        from pipeline.cli.training_progress import retraining_bar
        from pipeline.learning.report import report_text
        from pipeline.learning.retraining import Verdict
        from pipeline.learning.round import retraining_options, retraining_round

    options = replace(retraining_options(settings), trusts_labels=trust_labels)
    with retraining_bar() as show:
        done = retraining_round(settings.queue_url, settings.model_store, settings.retraining_pages, options, show)
    typer.echo(report_text(done.report), nl=False)
    typer.echo(f"\nEvery case with its picture: {done.page}")
    if done.report.verdict is Verdict.PROMOTED:
        typer.echo("Bring the model before it back with: fieldreader models rollback")
    raise typer.Exit(EXIT_REFUSED if done.report.verdict is Verdict.REFUSED else 0)
