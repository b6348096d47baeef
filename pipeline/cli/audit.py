"""`fieldreader audit`: is the log of answers whole, and how many accepted values are wrong?"""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.app import app, examples, global_options

EXIT_TAMPERED = 4

audit_app = typer.Typer(
    help="Check the log of answers, and what audits have found.", no_args_is_help=True, rich_markup_mode="markdown"
)
app.add_typer(audit_app, name="audit")


@audit_app.command("verify", epilog=examples("fieldreader audit verify", "fieldreader audit verify --head 3f9a..."))
def verify_command(
    context: typer.Context,
    head: Annotated[
        str | None, typer.Option("--head", metavar="HASH", help="Hash noted earlier; the log must still hold it.")
    ] = None,
) -> None:
    """Check that nobody has changed an answer, or the log of answers, behind the program's back.

    Exit code 4 means that something does not fit. Note the hash it prints elsewhere: given as `--head` next time, it
    also shows whether entries were cut off the end.
    """
    from pipeline.cli.report import count
    from pipeline.storage.review_desk import ReviewDesk

    desk = ReviewDesk.open(global_options(context).settings().queue_url)
    verified = desk.verify(head)
    desk.close()
    blanked = f", {verified.blanked} blanked for retention" if verified.blanked else ""
    typer.echo(f"{verified.entries:,} {'entry' if verified.entries == 1 else 'entries'}{blanked}; head {verified.head}")
    for finding in verified.findings:
        typer.echo(f"- {finding}")
    if verified.findings:
        typer.echo(f"{count(len(verified.findings), 'finding')}: the log or the answers were tampered with.")
        raise typer.Exit(EXIT_TAMPERED)
    typer.echo("Nothing was tampered with.")
