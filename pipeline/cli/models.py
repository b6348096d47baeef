"""`fieldreader models`: which model is in service, and how to change that."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.app import command_group, examples, global_options

models_app = command_group("models", "The models at hand: list them, put one into service, go back.")


@models_app.command("list", epilog=examples("fieldreader models list"))
def list_command(context: typer.Context) -> None:
    """Show the shipped model and your own ones; the one in service is marked."""

    from pipeline.cli.terminal import plain_table, stdout
    from recognizer.model_store import champion, list_bundles

    store = global_options(context).settings().model_store
    in_service = champion(store)
    table = plain_table()
    for heading in ("", "Model", "Version", "Identity", "Folder"):
        table.add_column(heading, overflow="fold")
    for bundle in list_bundles(store):
        mark = "in service" if bundle.path == in_service.path else ""
        table.add_row(mark, bundle.name, bundle.version, bundle.sha256[:12], str(bundle.path))
    stdout().print(table)


@models_app.command(
    "add",
    epilog=examples("fieldreader models add runs/first --name mine", "fieldreader models promote mine-1"),
)
def add_command(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Model, or run folder of `fieldreader train`.")],
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What to call it.  [default: its own name]")
    ] = None,
    version: Annotated[
        str | None, typer.Option("--version", metavar="VERSION", help="[default: its own version]")
    ] = None,
) -> None:
    """Copy a model among your own ones. `fieldreader models promote` then puts it into service.

    What a model of digits alone lacks, the reader of whole lines and the operating point, is taken from the model in
    service.
    """
    from recognizer.adoption import adopt
    from recognizer.model_store import champion

    store = global_options(context).settings().model_store
    in_service = champion(store)
    bundle, carried = adopt(store, folder, in_service, name, version)
    if carried:
        typer.echo(f"from {in_service.name} {in_service.version}, which is in service: {', '.join(carried)}")
    typer.echo(f"added; put it into service with: fieldreader models promote {bundle.name}-{bundle.version}")


@models_app.command("promote", epilog=examples("fieldreader models promote fine-tuned-2"))
def promote_command(
    context: typer.Context,
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name and version joined by `-`, or the identity.")],
) -> None:
    """Put a model into service. Documents are then read again when they turn up again."""
    from pipeline.errors import ModelError
    from recognizer.model_store import list_bundles, promote

    store = global_options(context).settings().model_store
    bundles = list_bundles(store)
    chosen = [b for b in bundles if model in (b.path.name, f"{b.name}-{b.version}") or b.sha256.startswith(model)]
    if len(chosen) != 1:
        known = ", ".join(f"{bundle.name}-{bundle.version}" for bundle in bundles)
        raise ModelError(f"{model} names {len(chosen) or 'none'} of the models; there are {known}")
    promote(store, chosen[0])
    typer.echo(f"{chosen[0].name} {chosen[0].version} is in service now; `fieldreader models rollback` undoes this")


@models_app.command("rollback", epilog=examples("fieldreader models rollback"))
def rollback_command(context: typer.Context) -> None:
    """Return to the model that was in service before."""
    from recognizer.model_store import rollback

    bundle = rollback(global_options(context).settings().model_store)
    typer.echo(f"{bundle.name} {bundle.version} is in service again")
