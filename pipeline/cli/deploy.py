"""`fieldreader deploy`: the night run, set up on a Prefect server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.app import app, examples, global_options

if TYPE_CHECKING:
    from pipeline.deployment import Step


@app.command(
    epilog=examples(
        "fieldreader deploy inbox --output out --templates templates",
        'fieldreader deploy /srv/scans -o /srv/results -t templates --cron "30 1 * * 1-5" --time-zone Europe/Berlin',
        "fieldreader deploy inbox --output out --archive done --api http://127.0.0.1:4201/api --json",
    )
)
def deploy(
    context: typer.Context,
    inbox: Annotated[Path, typer.Argument(metavar="INBOX", help="Folder that is read every night.")],
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Folder for the results.")],
    templates: Annotated[
        Path | None,
        typer.Option("--templates", "-t", metavar="DIR", help="Folder of form templates; without, boxes are searched."),
    ] = None,
    archive: Annotated[
        Path | None, typer.Option("--archive", metavar="DIR", help="Move originals there once they are read.")
    ] = None,
    cron: Annotated[str, typer.Option("--cron", metavar="CRON", help="When: minute hour day month weekday.")] = (
        "0 2 * * *"
    ),
    time_zone: Annotated[
        str, typer.Option("--time-zone", metavar="NAME", help="Whose clock, such as Europe/Berlin.")
    ] = "UTC",
    project: Annotated[
        Path, typer.Option("--project", metavar="DIR", help="Folder with prefect.yaml, where runs work.")
    ] = Path(),
    api: Annotated[
        str, typer.Option("--api", metavar="URL", envvar="PREFECT_API_URL", help="Address of the Prefect server.")
    ] = "http://127.0.0.1:4200/api",
    pool: Annotated[str, typer.Option("--pool", metavar="NAME", help="Work pool of the workers.")] = "default",
    as_json: Annotated[bool, typer.Option("--json", help="Print what was done as JSON.")] = False,
) -> None:
    """Set up Prefect: profile, work pool, deployments (on demand, every night, wide, retraining), and what frees the
    place of a run that was killed.

    A server must be running: `prefect server start`. Doing it again changes only what you changed.
    """
    from dataclasses import asdict

    from pipeline.deployment import DeployOptions
    from pipeline.deployment import deploy as set_up
    from pipeline.prefect_server import LOCAL_API

    settings = global_options(context).settings(templates=templates)
    options = DeployOptions(
        inbox, output, settings.state_dir, settings.templates, archive, cron, time_zone, project, api, pool
    )
    steps = []
    for step in set_up(options):
        steps.append(step)
        if not as_json:
            typer.echo(_line(step))
    if as_json:
        typer.echo(json.dumps([asdict(step) for step in steps], indent=2))
        return
    server = "" if api == LOCAL_API else f"PREFECT_API_URL={api} "
    typer.echo(
        f"\nStart a worker, here or as a service (docs/nightly.md):\n  {server}prefect worker start --pool {pool}"
    )
    typer.echo(f"Read now instead of tonight:\n  {server}prefect deployment run nightly/nightly --watch")


def _line(step: Step) -> str:
    return f"{step.change:<10}{step.subject}: {step.detail}"
