"""Fine-tuning the model in service on digits that people corrected, and comparing the two."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from recognizer.model_store import Bundle
from recognizer.readings import InkImage


@dataclass(frozen=True, slots=True)
class FineTuneOptions:
    """How far a challenger may move from its parent.

    Attributes:
        name, version: of the new bundle; an empty version counts the parent's up.
        epochs: passes over the corrected digits.
        learning_rate: peak of AdamW.
        replay_part: share of each batch that comes from the parent's own kind of data, against forgetting.
        data: folder with `mnist.npz` to replay from; None: digits drawn by our own pen.
        seed: of everything random.
    """

    name: str = "fine-tuned"
    version: str = ""
    epochs: int = 6
    learning_rate: float = 3e-4
    replay_part: float = 0.6
    data: Path | None = None
    seed: int = 1


def fine_tune(
    parent: Bundle,
    crops: Sequence[InkImage],
    labels: NDArray[np.int32],
    out: Path,
    options: FineTuneOptions = FineTuneOptions(),
) -> Bundle:
    """Continue the training of a bundle's digit network on labelled crops and write a new bundle.

    Strip files, operating point and card of the parent are carried over; digit files and their calibration are new.

    Args:
        parent: bundle with `digits.keras`.
        crops: (H, W) uint8 each, ink bright on zero, one digit each, as the pipeline cuts them.
        labels: (N,) int, 0 to 9, or 10 for 'not one digit'.
        out: folder of the new bundle; the user's store is `<store>/<name>-<version>/`.
        options: how to train.

    Raises:
        DatasetError: no crops, or labels that do not fit.
        ModelError: the parent cannot be used.
    """
    raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two bundles on the same held-out digits.

    Attributes:
        n: digits compared.
        champion_right, challenger_right: how many each read right.
        champion_log_loss, challenger_log_loss: mean negative log probability of the truth.
    """

    n: int
    champion_right: int
    challenger_right: int
    champion_log_loss: float
    challenger_log_loss: float

    @property
    def challenger_is_worse(self) -> bool:
        """Fewer digits right, or equally many with clearly less belief in the truth."""
        if self.challenger_right != self.champion_right:
            return self.challenger_right < self.champion_right
        return self.challenger_log_loss > self.champion_log_loss * 1.1 + 1e-4


def compare(champion: Bundle, challenger: Bundle, crops: Sequence[InkImage], labels: NDArray[np.int32]) -> Comparison:
    """Read held-out labelled crops with both bundles, as production would.

    Raises:
        DatasetError: no crops, or labels that do not fit.
        ModelError: a bundle cannot be used.
    """
    raise NotImplementedError
