"""Magnitude pruning: small weights become zero while the rest goes on learning.

The zeros stay zeros in the int8 file, which therefore packs well. LiteRT does not skip them: a pruned network takes
less room, not less time.

Source: Zhu & Gupta 2017, To prune, or not to prune: exploring the efficacy of pruning for model compression.
"""

from __future__ import annotations

import keras
import numpy as np
from numpy.typing import NDArray

from recognizer.bundle import Bundle
from recognizer.compression import CompressionOptions, OnEpoch, learn, load_data, load_master, one_hot, pack

_RISING_PART = 0.6
"""Part of the run in which sparsity rises; the rest mends what was cut."""
_PRUNE_EVERY = 20
_FEWEST_WEIGHTS = 1000
"""Kernels with fewer weights, such as the first convolution's 144, are not worth what their loss costs."""


def prune(
    source: Bundle, options: CompressionOptions, sparsity: float = 0.7, on_epoch: OnEpoch = lambda _: None
) -> Bundle:
    """Prune a bundle's digit network to a share of zeros, fine-tune it on the way, and write a new bundle.

    Args:
        source: bundle to start from.
        options: how to train.
        sparsity: share of zeros among the weights of each large kernel at the end, 0 to 1.
        on_epoch: called after each epoch.

    Raises:
        ValueError: `sparsity` is no such share.
        ModelError: the bundle cannot be used, or the int8 export reads otherwise than its master.
        DatasetError: training data cannot be used.
    """
    if not 0 < sparsity < 1:
        raise ValueError(f"sparsity must lie between 0 and 1, not {sparsity}")
    keras.utils.set_random_seed(options.seed)
    model = load_master(source)
    data = load_data(options)
    pruner = _Pruner(model, sparsity)
    classes = int(model.output_shape[-1])
    learn(
        model,
        data,
        options,
        lambda _, labels: one_hot(labels, classes),
        keras.losses.CategoricalCrossentropy(from_logits=True),
        pruner.after_step,
        on_epoch,
    )
    made = (
        f"weights of {source.name} {source.version}, of which {sparsity_of(model):.0%} in the large kernels became zero"
    )
    return pack(model, source, data, options, "pruned", made, parent=source.sha256)


def sparsity_of(model: keras.Model) -> float:
    """Share of zeros among the weights of the large kernels; 0 for a network without such."""
    kernels = [keras.ops.convert_to_numpy(kernel) for kernel in _large_kernels(model)]
    weights = sum(kernel.size for kernel in kernels)
    return 1 - sum(int(np.count_nonzero(kernel)) for kernel in kernels) / weights if weights else 0.0


class _Pruner:
    """Keeps the smallest weights of each large kernel at zero, ever more of them."""

    def __init__(self, model: keras.Model, sparsity: float) -> None:
        self._sparsity = sparsity
        self._kernels = _large_kernels(model)
        self._masks = [np.ones(kernel.shape, np.float32) for kernel in self._kernels]

    def after_step(self, step: int, steps: int) -> None:
        """Choose weights anew every so often while sparsity rises; hold those chosen at zero after every step."""
        rising = max(1, round(_RISING_PART * steps))
        if step == rising or (step < rising and step % _PRUNE_EVERY == 0):
            share = self._sparsity * (1 - (1 - step / rising) ** 3)
            self._masks = [_largest(keras.ops.convert_to_numpy(kernel), share) for kernel in self._kernels]
        for kernel, mask in zip(self._kernels, self._masks, strict=True):
            kernel.assign(kernel * mask)


def _largest(weights: NDArray[np.float32], share: float) -> NDArray[np.float32]:
    """One for each weight to keep, zero for the `share` of smallest magnitude."""
    cut = round(share * weights.size)
    mask = np.ones(weights.size, np.float32)
    mask[np.argsort(np.abs(weights), axis=None)[:cut]] = 0
    return mask.reshape(weights.shape)


def _large_kernels(model: keras.Model) -> list[keras.Variable]:
    kinds = (keras.layers.Conv2D, keras.layers.Dense)
    kernels = [layer.kernel for layer in model.layers if isinstance(layer, kinds)]
    return [kernel for kernel in kernels if np.prod(kernel.shape) >= _FEWEST_WEIGHTS]
