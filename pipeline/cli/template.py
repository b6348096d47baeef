"""`fieldreader template`: draft a template from a blank form, check it, draw it over a scan."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.app import command_group, examples, global_options
from pipeline.cli.options import EXIT_NOTHING_READ, EXIT_SOME_FAILED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pipeline.document import Page
    from pipeline.templating.lint import Finding

EXIT_ERRORS = 2
"""As for a batch that is given such a template."""

template_app = command_group("template", "Form templates: draft one from a blank form, check it, draw it over a scan.")


@template_app.command(
    epilog=examples(
        "fieldreader template draft blank.pdf --out templates",
        "fieldreader template draft scan-of-empty-form.png",
    )
)
def draft(
    context: typer.Context,
    blank: Annotated[Path, typer.Argument(metavar="BLANK", help="The empty form, PDF or picture, the right way up.")],
    out: Annotated[
        Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for the template and its pictures.")
    ] = Path(),
) -> None:
    """Write a template for an empty form: its paper, its reference picture, and a field for every box found.

    Captions cannot be read, so fields are called field_1, field_2 ... in reading order, all of the kind digits. Lines
    marked "decide" want a person. Files that exist are never overwritten.
    """
    from pipeline.cli.terminal import stderr
    from pipeline.storage.names import display_name
    from pipeline.storage.template_files import save_new_template
    from pipeline.templating.draft import draft_template

    drafted = draft_template(tuple(_pages(context, blank)), display_name(blank.stem))
    path = save_new_template(out, drafted.name, drafted.text, drafted.pictures)
    typer.echo(path)
    boxes = "1 box was" if drafted.field_count == 1 else f"{drafted.field_count} boxes were"
    stderr().print(
        f"{boxes} found. Now look at them, name them and choose their kinds:\n"
        f"  fieldreader template preview {path} {blank}\n  fieldreader template check {path}",
        markup=False,
        soft_wrap=True,
    )


@template_app.command(
    epilog=examples(
        "fieldreader template check templates/*.yaml",
        "fieldreader template check templates/cheque.yaml --json",
    )
)
def check(
    files: Annotated[list[Path], typer.Argument(metavar="FILE", help="Template files that are to be used together.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Find everything that is wrong or doubtful in templates, each with file and line.

    Errors keep a template from being loaded. Warnings want a look: fields that overlap or do not fit what is printed,
    lengths and rules that cannot be meant, forms that cannot be told from each other. Exit code 2: there are errors.
    """
    from pipeline.cli.terminal import stderr
    from pipeline.templating.lint import Severity, lint_templates

    findings = lint_templates(files)
    errors = sum(finding.severity is Severity.ERROR for finding in findings)
    if as_json:
        typer.echo(json.dumps([_plain(finding) for finding in findings], indent=2))
    else:
        for finding in findings:
            typer.echo(finding)
        stderr().print(_summary(files, errors, len(findings) - errors), markup=False)
    raise typer.Exit(EXIT_ERRORS if errors else 0)


@template_app.command(
    epilog=examples(
        "fieldreader template preview templates/cheque.yaml scan.png",
        "fieldreader template preview survey.yaml filled.pdf --out look.png",
    )
)
def preview(
    context: typer.Context,
    template: Annotated[Path, typer.Argument(metavar="TEMPLATE", help="Template file.")],
    scan: Annotated[Path, typer.Argument(metavar="SCAN", help="The form, empty or filled in, in any position.")],
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="PNG", help="Picture to write.  [default: SCAN-preview.png, in this folder]"
        ),
    ] = None,
) -> None:
    """Draw the fields of a template over a scan, where they would be cut out.

    Of a file with several pages there is a picture for each, with -p2 for the second. The pictures show what is on the
    scan: keep them as safe. Exit code 4 when a page is not recognised as this form, 5 when none is.
    """
    from pipeline.document import RegistrationStatus
    from pipeline.storage.names import display_name
    from pipeline.storage.pictures import save_png
    from pipeline.storage.templates import load_template
    from pipeline.templating.preview import preview_page

    form = load_template(template)
    target = out or Path(f"{scan.stem}-preview.png")
    seen = recognised = 0
    for page in _pages(context, scan):
        drawn = preview_page(page, form, display_name(scan.name))
        path = target if page.number == 1 else target.with_stem(f"{target.stem}-p{page.number}")
        save_png(path, drawn.picture)
        typer.echo(path)
        seen += 1
        recognised += drawn.registration.status is RegistrationStatus.OK
    if recognised < seen:
        raise typer.Exit(EXIT_SOME_FAILED if recognised else EXIT_NOTHING_READ)


def _pages(context: typer.Context, path: Path) -> Iterator[Page]:
    """Pages of a file as they are asked for.

    Raises:
        SourceError: named, the file cannot be read.
    """
    from pipeline.cli.pictures import take_in_named
    from pipeline.errors import SourceError
    from pipeline.storage.names import display_name
    from pipeline.storage.scans import open_pages

    limits = global_options(context).settings().scans
    source = take_in_named(path, limits)
    try:
        yield from open_pages(source, limits)
    except SourceError as error:
        raise type(error)(f"{display_name(path)} {error}", error.page) from error


def _plain(finding: Finding) -> dict[str, str | int | None]:
    return {
        "file": str(finding.file),
        "line": finding.line,
        "severity": finding.severity.value,
        "message": finding.message,
    }


def _summary(files: Sequence[Path], errors: int, warnings: int) -> str:
    from pipeline.cli.report import count

    return f"{count(len(files), 'template')}: {count(errors, 'error')}, {count(warnings, 'warning')}"
