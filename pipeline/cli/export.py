"""`fieldreader export`: a network in another format, for other programs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pipeline.cli.app import app, examples, global_options
from pipeline.cli.train import Network, silence_tensorflow
from recognizer.export_format import ExportFormat

if TYPE_CHECKING:
    from recognizer.bundle import Bundle
    from recognizer.verified_export import VerifiedExport


@app.command(
    epilog=examples(
        "fieldreader export --format onnx --out digits.onnx",
        "fieldreader export --format litert-int8 --out digits.tflite --data data",
        "fieldreader export --format openvino --network strips --out strips.xml",
        "fieldreader export --format saved_model --model runs/first --out saved/digits",
        "fieldreader export --format litert --network strips --model runs/strips --out strips.tflite --data data",
        "fieldreader export --format onnx --out digits.onnx --as-model with-onnx",
    )
)
def export(
    context: typer.Context,
    output_format: Annotated[ExportFormat, typer.Option("--format", "-f", help="What to write.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="PATH", help="File to write; a folder for saved_model.")],
    network: Annotated[Network, typer.Option("--network", help="Which network.")] = Network.DIGITS,
    model: Annotated[
        Path | None,
        typer.Option(
            "--model",
            metavar="PATH",
            help="Model, training run or .keras file to export.  [default: the one in service]",
        ),
    ] = None,
    as_model: Annotated[
        Path | None,
        typer.Option("--as-model", metavar="DIR", help="Also write a model with the export in it, for --device onnx."),
    ] = None,
    data: Annotated[
        Path | None, typer.Option("--data", metavar="DIR", help="Folder with mnist.npz, to compare on its test digits.")
    ] = None,
) -> None:
    """Write a network in another format, once it reads there as it does here.

    What was written is opened by the library that belongs to the format and compared with the network itself. When it
    reads otherwise, nothing is written. docs/exporting.md says what goes in and what comes out.
    """
    from pipeline.errors import SettingsError
    from recognizer.bundle import DIGITS_MASTER, STRIPS_MASTER
    from recognizer.chatter import without_chatter
    from recognizer.export_formats import refuse_missing_packages, refuse_unfit_target
    from recognizer.model_store import champion
    from recognizer.trained import bundle_of, network_at

    settings = global_options(context).settings(data=data)
    if as_model and (output_format is not ExportFormat.ONNX or network is not Network.DIGITS):
        raise SettingsError("--as-model is for digit networks exported with --format onnx")
    try:
        refuse_unfit_target(output_format, out)
    except ValueError as error:
        raise SettingsError(str(error)) from None
    refuse_missing_packages(output_format)
    place = model or champion(settings.model_store).path
    master = network_at(place, STRIPS_MASTER if network is Network.STRIPS else DIGITS_MASTER)
    bundle = bundle_of(place) if as_model else None
    silence_tensorflow()
    with without_chatter():
        from recognizer.export_samples import digit_samples, strip_samples
        from recognizer.verified_export import export_network
    samples = strip_samples(settings.data) if network is Network.STRIPS else digit_samples(settings.data)
    made = export_network(master, out, output_format, samples)
    _print_report(made, samples.name)
    if as_model and bundle:
        typer.echo(f"model: {_with_onnx(bundle, made.path, as_model).path}")


def _with_onnx(bundle: Bundle, exported: Path, folder: Path) -> Bundle:
    """The same model with the export in it; a new one, since a model's content is its identity."""
    from recognizer.bundle import DIGITS_ONNX, write_bundle

    return write_bundle(
        folder,
        name=f"{bundle.name}-onnx",
        version=bundle.version,
        files={**{name: bundle.path / name for name in bundle.files}, DIGITS_ONNX: exported},
        metrics=bundle.metrics,
        parent=bundle.sha256,
        data_fingerprint=bundle.data_fingerprint,
        command=bundle.command,
    )


def _print_report(made: VerifiedExport, compared_on: str) -> None:
    typer.echo(f"written: {made.path}, {made.size / 1000:,.0f} kB")
    typer.echo(f"compared on: {compared_on}")
    typer.echo(f"read otherwise: {made.labels_changed} of {made.n:,} (at most {made.bound.labels:.1%})")
    typer.echo(
        f"largest difference of a probability: {made.largest_difference:.2g} (at most {made.bound.difference:g})"
    )
