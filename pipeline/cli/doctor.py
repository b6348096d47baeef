"""`fieldreader doctor`: what is there, what is missing, and how to get it."""

from __future__ import annotations

from typing import Annotated

import typer

from pipeline.cli.app import app, examples, global_options

EXIT_MISSING = 2


@app.command(epilog=examples("fieldreader doctor", "fieldreader --config other.toml doctor --json"))
def doctor(
    context: typer.Context,
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Check model, device, database, templates and helper programs; say what is missing and how to get it.

    Exit code 2 when something that the main job needs is missing.
    """
    import json
    from dataclasses import asdict

    from pipeline.checkup import State, examine
    from pipeline.cli.terminal import plain_table, stdout

    findings = examine(global_options(context).settings())
    if as_json:
        typer.echo(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        from rich.text import Text

        marks = {State.GOOD: ("ok", "green"), State.OPTIONAL: ("optional", "yellow"), State.MISSING: ("missing", "red")}
        table = plain_table(is_headed=False)
        for finding in findings:
            mark, style = marks[finding.state]
            remark = f"{finding.found}\n{finding.remedy}" if finding.remedy else finding.found
            table.add_row(Text(mark, style=style), finding.subject, Text(remark, overflow="fold"))
        stdout().print(table)
    raise typer.Exit(EXIT_MISSING if any(finding.state is State.MISSING for finding in findings) else 0)
