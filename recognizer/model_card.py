"""The text that goes with a bundle: what it was trained on, under which terms, and how good it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from recognizer.calibration import Calibration
from recognizer.export import ExportCheck
from recognizer.measuring import Figure


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a network comes from, for its card.

    Attributes:
        name, version: of the bundle.
        preset: architecture.
        seed: of the run.
        command: what reproduces it.
        trained_on: number of digits by data set, in words.
        data_fingerprint: of the training data.
        parent: sha256 of the bundle it was fine-tuned from.
    """

    name: str
    version: str
    preset: str
    seed: int
    command: str
    trained_on: tuple[str, ...]
    data_fingerprint: str
    parent: str | None = None


@dataclass(frozen=True, slots=True)
class NetworkSize:
    """Parameters of a network, and bytes of its int8 file."""

    parameters: int
    int8_bytes: int


def model_card(
    provenance: Provenance,
    size: NetworkSize,
    calibration: Calibration,
    export: ExportCheck,
    figures: Sequence[Figure],
) -> str:
    """The card as Markdown."""
    trained_on = "\n".join(f"- {line}" for line in provenance.trained_on)
    rows = "\n".join(_row(figure) for figure in figures)
    made = f"Preset `{provenance.preset}`, {size.parameters:,} parameters, seed {provenance.seed}."
    exported = (
        f"As full-int8 LiteRT the network has {size.int8_bytes / 1000:.0f} kB. On {export.n:,} test digits it changes "
        f"{export.labels_changed} labels of its Keras master and no probability by more than "
        f"{export.largest_difference:.3f}."
    )
    calibrated = (
        f"Calibration: temperature {calibration.temperature:.2f}, fitted on {calibration.n:,} digits of other writers "
        f"(ECE {calibration.ece_before:.4f} before, {calibration.ece_after:.4f} after)."
    )
    if not calibration.n:
        calibrated = "Not calibrated: no digits were kept from training."
    parent = f"\nFine-tuned from the model with sha256 `{provenance.parent}`.\n" if provenance.parent else ""
    return f"""# {provenance.name} {provenance.version}: digit network

Reads single handwritten digits, 0 to 9, cut from forms and cheques, and says when a crop is not one digit.
It does not read letters, signatures or printed text, and should not be used to identify writers.
{parent}
## How it was made

{made}

```
{provenance.command}
```

Trained on

{trained_on}

SHA-256 of the training data: `{provenance.data_fingerprint}`

## How good it is

The int8 network through the shared normalisation, each figure with its sample size; in brackets 95 % intervals. Nothing
was trained, chosen or calibrated on these digits. Non-digits of kinds that were never trained on count as taken for a
digit when a digit has more than 0.99.

| what | share | n |
|---|---|---|
{rows}

{exported}
{calibrated}
"""


def _row(figure: Figure) -> str:
    interval = f" ({100 * figure.interval[0]:.2f}-{100 * figure.interval[1]:.2f})" if figure.interval else ""
    return f"| {figure.label} | {100 * figure.value:.2f} %{interval} | {figure.n:,} |"
