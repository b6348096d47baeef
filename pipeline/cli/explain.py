"""`fieldreader explain`: how a file was read, step by step, on one page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pipeline.cli.app import app, examples, global_options
from pipeline.cli.options import DeviceOption, MaxError


@app.command(
    epilog=examples(
        "fieldreader explain inbox/cheque.png --templates templates",
        "fieldreader explain batch.pdf --templates templates --page 17 --out why.html",
    )
)
def explain(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The document to read.")],
    templates: Annotated[
        Path | None,
        typer.Option("--templates", "-t", metavar="DIR", help="Folder of form templates; without, boxes are searched."),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", metavar="HTML", help="Page to write.  [default: FILE-explained.html, in this folder]"
        ),
    ] = None,
    only_page: Annotated[
        int | None, typer.Option("--page", min=1, metavar="N", help="Show this page of the file only.")
    ] = None,
    max_error: MaxError = None,
    device: DeviceOption = None,
) -> None:
    """Read a file and show how: page, registration, fields, ink, cuts, probabilities, rules, threshold, decision.

    It is read as `run` reads it, and the page shows what the reading really used; nothing goes into results or queue.
    The page holds pictures of what is written on the form: keep it as safe as the scan. It loads nothing from outside.
    """
    from pipeline.cli.pictures import take_in_named
    from pipeline.errors import NoPagesError
    from pipeline.explaining.explain import explain_pages
    from pipeline.explaining.page import Told, render_page
    from pipeline.reading_model import open_model
    from pipeline.storage.names import display_name
    from pipeline.storage.pictures import save_file
    from pipeline.storage.scans import open_pages
    from pipeline.storage.templates import load_templates
    from recognizer.reader import load_recognizer

    settings = global_options(context).settings(templates=templates, max_error=max_error, device=device)
    source = take_in_named(file, settings.scans)
    forms = load_templates(settings.templates) if settings.templates is not None else ()
    model = open_model(settings.model_store)
    recognizer = load_recognizer(model.bundle, settings.device)
    pages = open_pages(source, settings.scans)
    explanation = explain_pages(pages, forms, recognizer, model.operating_point, settings.reading, only_page)
    name = display_name(file.name)
    if not explanation.pages:
        remark = explanation.errors[0].message if explanation.errors else f"has no page {only_page}"
        raise NoPagesError(f"{name} {remark}")
    told = Told(name, model.identity, settings.max_error, tuple(form.identity.name for form in forms))
    path = out or Path(f"{file.stem}-explained.html")
    save_file(path, render_page(explanation, told).encode())
    typer.echo(path)
