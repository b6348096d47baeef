"""`fieldreader review`: the review station, and who may use it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from pipeline.cli.app import GlobalOptions, app, examples, global_options
from pipeline.cli.options import EXIT_INTERRUPTED

if TYPE_CHECKING:
    from pipeline.storage.reviewers import Reviewers

review_app = typer.Typer(
    help="Settle the fields that wait, in a browser; say who may.",
    rich_markup_mode="markdown",
    invoke_without_command=True,
)
app.add_typer(review_app, name="review")
STATION_PORT = 8766
"""Next to that of `serve`, so that both can run."""


@review_app.callback(
    epilog=examples("fieldreader review --templates templates", "fieldreader review add anna --supervisor")
)
def review(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option("--host", metavar="ADDRESS", help="Where to listen.  [default: 127.0.0.1]")
    ] = None,
    port: Annotated[int, typer.Option("--port", metavar="N", help="Port; 0 for any free one.")] = STATION_PORT,
    templates: Annotated[
        Path | None,
        typer.Option("--templates", "-t", metavar="DIR", help="Folder of form templates, for their fields' rules."),
    ] = None,
    snippets_only: Annotated[
        bool, typer.Option("--snippets-only", help="Show reviewers single fields, never the page round them.")
    ] = False,
) -> None:
    """Open the review station, until Ctrl-C.

    Only this machine can reach it. Without accounts, the address printed at the start, with its token, lets in whoever
    has it; with accounts, people sign in by name and password.
    """
    if context.invoked_subcommand is not None:
        return
    from pipeline.cli.terminal import stderr
    from pipeline.serve.listening import is_this_machine_only, listen, new_token, run_server, url_of
    from pipeline.station.access import Access
    from pipeline.station.app import create_station
    from pipeline.station.facts import specs_of
    from pipeline.station.pictures import StationPictures
    from pipeline.station.station import Station
    from pipeline.storage.review_desk import ReviewDesk
    from pipeline.storage.reviewers import Reviewers
    from pipeline.storage.templates import load_templates

    settings = global_options(context).settings(serve_host=host, templates=templates)
    token = settings.serve_token.get_secret_value() if settings.serve_token else new_token()
    forms = load_templates(settings.templates) if settings.templates else ()
    desk = ReviewDesk.open(settings.queue_url, settings.seeding)
    access = Access(Reviewers(desk.engine), token)
    station = Station(
        desk, access, StationPictures(desk, settings.scans), specs_of(forms), snippets_only, settings.max_error
    )
    with listen(settings.serve_host, port) as listening:
        console = stderr()
        address = url_of(listening) + "/"
        if not access.reviewers.has_accounts():
            address += f"?token={quote(token, safe='')}"
        console.print(f"The review station is open. Ctrl-C closes it.\n{address}", markup=False, soft_wrap=True)
        if not is_this_machine_only(listening):
            console.print("Other machines can reach it, and nothing is encrypted: put a proxy with TLS before it.")
        try:
            run_server(create_station(station), listening)
        except KeyboardInterrupt:
            raise typer.Exit(EXIT_INTERRUPTED) from None
        finally:
            desk.close()


@review_app.command("add", epilog=examples("fieldreader review add anna", "fieldreader review add eve --supervisor"))
def add_command(
    context: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who; signs in with it.")],
    supervisor: Annotated[
        bool, typer.Option("--supervisor", help="May decide what others leave open, and sees the monitor.")
    ] = False,
) -> None:
    """Give a person access, or a new password and role; asks for the password."""
    from pipeline.storage.reviewers import Reviewer, Role

    people = _reviewers(global_options(context))
    password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    people.add(Reviewer(name, Role.SUPERVISOR if supervisor else Role.REVIEWER), password)
    typer.echo(f"{name} may sign in as {'supervisor' if supervisor else 'reviewer'}.")


@review_app.command("remove", epilog=examples("fieldreader review remove anna"))
def remove_command(context: typer.Context, name: Annotated[str, typer.Argument(metavar="NAME", help="Who.")]) -> None:
    """Take a person's access away, at once; the answers stay."""
    _reviewers(global_options(context)).remove(name)
    typer.echo(f"{name} can no longer sign in.")


@review_app.command("people", epilog=examples("fieldreader review people"))
def people_command(context: typer.Context) -> None:
    """Show who may sign in."""
    everybody = _reviewers(global_options(context)).everybody()
    for person in everybody:
        typer.echo(f"{person.name}\t{person.role}")
    if not everybody:
        typer.echo("Nobody has a password; the address that `fieldreader review` prints lets in whoever has it.")


def _reviewers(options: GlobalOptions) -> Reviewers:
    from pipeline.storage.database import open_database
    from pipeline.storage.reviewers import Reviewers

    return Reviewers(open_database(options.settings().queue_url))
