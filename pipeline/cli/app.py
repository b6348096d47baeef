"""The application, its global options, and the list of its commands."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from pipeline.settings import Settings

EXIT_CODES = """**Exit codes:** 0 done · 2 usage or configuration · 3 fields wait for review (`--fail-on-review`) ·
4 some documents failed · 5 nothing could be read · 130 interrupted"""

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=EXIT_CODES,
)


def command_group(name: str, about: str) -> typer.Typer:
    """Commands that begin with the same word, added to the application."""
    group = typer.Typer(help=about, no_args_is_help=True, rich_markup_mode="markdown")
    app.add_typer(group, name=name)
    return group


@dataclass(frozen=True, slots=True)
class GlobalOptions:
    """What stands before the command."""

    config: Path | None

    def settings(self, **options: object) -> Settings:
        """Settings with the options of a command on top; None means not given."""
        from pipeline.settings import load_settings

        return load_settings(self.config, **options)


def global_options(context: typer.Context) -> GlobalOptions:
    """The global options of the running command."""
    options = context.find_root().obj
    assert isinstance(options, GlobalOptions)
    return options


def examples(*lines: str) -> str:
    """Epilog of a command: each line is a command to try."""
    return "\n\n".join(["**Examples:**", *(f"`{line}`" for line in lines)])


def _print_version(wanted: bool) -> None:
    if wanted:
        from pipeline.storage.result_json import software_version

        typer.echo(f"fieldreader {software_version()}")
        raise typer.Exit


def set_up_logging(debug: bool, as_json: bool) -> None:
    """Send the log to standard error: warnings, files and runs too as JSON, everything when debugging."""
    logging.basicConfig(level=logging.DEBUG if debug else logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    if as_json:
        logging.getLogger("pipeline").setLevel(logging.DEBUG if debug else logging.INFO)
        for handler in logging.getLogger().handlers:
            handler.setFormatter(_JsonFormatter())


class _JsonFormatter(logging.Formatter):
    """One JSON object a line; what a record was given as `facts` becomes keys of its own."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return json.dumps(line)


@app.callback()
def start(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Settings file instead of ./fieldreader.toml."),
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Log in detail and show where errors come from.")] = False,
    log_json: Annotated[
        bool, typer.Option("--log-json", help="Log one JSON object a line, files and runs included.")
    ] = False,
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Read handwritten digit fields on scanned forms and cheques, and say how sure each value is.

    What cannot be read surely enough goes to a person: see `fieldreader queue`.
    """
    set_up_logging(debug, log_json)
    context.obj = GlobalOptions(config)
