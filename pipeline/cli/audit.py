"""`fieldreader audit`: is the log of answers whole, and how many accepted values are wrong?"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.app import command_group, examples, global_options
from pipeline.cli.options import MaxError

if TYPE_CHECKING:
    from pipeline.audit_sampling import AuditTally

EXIT_TAMPERED = 4
EXIT_BROKEN_BUDGET = 3

audit_app = command_group("audit", "Check the log of answers, and what audits have found.")


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


@audit_app.command("report", epilog=examples("fieldreader audit report", "fieldreader audit report --json"))
def report_command(
    context: typer.Context,
    max_error: MaxError = None,
    template: Annotated[str | None, typer.Option("--template", metavar="NAME", help="Only this form.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Show how many accepted values people found wrong in audits, with a 95 % interval, beside the error budget.

    Fields that were called blank are counted apart: how many of them are filled in, beside the same budget. Exit code
    3 is the stop rule: the evidence suffices that the budget is broken. It may be asked after every field. Fields are
    drawn by the setting `audit_share`.
    """
    from pipeline.audit_sampling import tally
    from pipeline.storage.review_queue import ReviewQueue

    settings = global_options(context).settings(max_error=max_error)
    with ReviewQueue.open(settings.queue_url) as queue:
        values = tally(*queue.audited(template), settings.max_error)
        blanks = tally(*queue.audited(template, called_blank=True), settings.max_error)
    if as_json:
        typer.echo(json.dumps(_facts(values) | {"blanks": _facts(blanks)}))
    elif not values.audited and not blanks.audited:
        waiting = values.waiting + blanks.waiting
        typer.echo(f"No accepted field has been audited yet; {waiting} wait. The setting audit_share draws them.")
    else:
        _echo(values, "audited values wrong", "value")
        _echo(blanks, "audited blanks filled in", "blank")
    raise typer.Exit(EXIT_BROKEN_BUDGET if values.is_broken or blanks.is_broken else 0)


def _facts(counted: AuditTally) -> dict[str, float | bool | None]:
    low, high = counted.interval
    return {
        "audited": counted.audited, "wrong": counted.wrong, "waiting": counted.waiting, "rate": counted.rate,
        "low": low, "high": high, "budget": counted.budget, "broken": counted.is_broken,
    }  # fmt: skip


def _echo(counted: AuditTally, what: str, one: str) -> None:
    if counted.rate is None:
        typer.echo(f"0 of 0 {what}; {counted.waiting:,} wait")
        return
    low, high = counted.interval
    typer.echo(
        f"{counted.wrong:,} of {counted.audited:,} {what}: {counted.rate:.2%}, "
        f"95 % interval {low:.2%} to {high:.2%}; error budget {counted.budget:.2%}; {counted.waiting:,} wait"
    )
    if counted.is_broken:
        typer.echo(f"The error budget is broken; the evidence sufficed at audited {one} {counted.alarm_at:,}.")
