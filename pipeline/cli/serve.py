"""`fieldreader serve`: digits and cut-out fields over HTTP."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import quote

import typer

from pipeline.cli.app import app, examples, global_options
from pipeline.cli.options import EXIT_INTERRUPTED, DeviceOption, MaxError


@app.command(
    epilog=examples(
        "fieldreader serve",
        'fieldreader serve --port 9000 --token "$TOKEN"',
    )
)
def serve(
    context: typer.Context,
    host: Annotated[
        str | None, typer.Option("--host", metavar="ADDRESS", help="Where to listen.  [default: 127.0.0.1]")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", metavar="N", help="Port; 0 for any free one.  [default: 8765]")
    ] = None,
    token: Annotated[
        str | None, typer.Option("--token", metavar="TEXT", help="What requests must carry.  [default: a random one]")
    ] = None,
    max_error: MaxError = None,
    device: DeviceOption = None,
) -> None:
    """Answer `POST /predict` with one digit and `POST /read` with one field, until Ctrl-C.

    Only this machine can reach it, and only with the token, which is printed on standard error.
    """
    from pipeline.cli.terminal import stderr
    from pipeline.reading_model import open_model
    from pipeline.serve.app import create_app
    from pipeline.serve.listening import is_this_machine_only, listen, new_token, run_server, url_of
    from pipeline.serve.reading_service import ReadingService
    from recognizer.reader import load_recognizer

    settings = global_options(context).settings(
        serve_host=host, serve_port=port, serve_token=token, max_error=max_error, device=device
    )
    model = open_model(settings.model_store)
    recognizer = load_recognizer(model.bundle, settings.device)
    service = ReadingService(recognizer, model.operating_point, settings.reading, settings.scans)
    secret = settings.serve_token.get_secret_value() if settings.serve_token else new_token()
    api = create_app(service, model.identity, secret, settings.serve_max_bytes)
    with listen(settings.serve_host, settings.serve_port) as listening:
        console = stderr()
        console.print(
            f"{model.identity.name} {model.identity.version} on {recognizer.device}, listening. Ctrl-C ends it.\n"
            f"{url_of(listening)}/docs?token={quote(secret, safe='')}",
            markup=False,
            soft_wrap=True,
        )
        if not is_this_machine_only(listening):
            console.print("Other machines can reach it, and nothing is encrypted: put a proxy with TLS before it.")
        try:
            run_server(api, listening)
        except KeyboardInterrupt:
            raise typer.Exit(EXIT_INTERRUPTED) from None
