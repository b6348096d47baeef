"""A training run of the strip network: its options, its weights and their running average, and its checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from recognizer.bundle import STRIPS_MASTER
from recognizer.errors import ModelError
from recognizer.strip_batches import StripBatch
from recognizer.strip_decode import BLANK
from recognizer.strip_network import StripNetworkOptions, build_strip_network
from recognizer.trained import network_at


@dataclass(frozen=True, slots=True)
class StripTrainingOptions:
    """How to train; the defaults are those of the shipped weights' last leg.

    Attributes:
        data: folder with `mnist.npz`, `mnist_writers.npz` and `real/digits_answer_sheets.npz`.
        out: run folder; made when missing, resumed when it holds a checkpoint.
        minutes: training time of this leg, composing included, pauses between kill and resume not.
        seed: of weights and composition.
        init_from: a `.keras` strip network, a run or a model to start from, else random weights.
        watch: folder with `courtesy_amounts/` whose tune half is read for the curve; never trained on.
        drawn_hands: hands drawn at a time by our own pen.
        workers: processes that compose strips.
        learning_rate, final_learning_rate: of AdamW, at the start and at the end of a cosine over `minutes`.
        warm_up_steps: steps over which the learning rate grows to its start.
        frame_steps: steps on frame labels alone; none when `init_from` is given.
        fade_steps: steps over which frame labels then fade to `frame_weight`.
        frame_weight, ctc_weight: weights of the two losses after that.
        averaging: share of the running average kept at each step.
        weight_decay, clip_norm: of the optimiser.
        checkpoint_minutes: training time between checkpoints.
        network: sizes of the network.
    """

    data: Path
    out: Path
    minutes: float = 90.0
    seed: int = 1
    init_from: Path | None = None
    watch: Path | None = None
    drawn_hands: int = 250
    workers: int = 1
    learning_rate: float = 2e-3
    final_learning_rate: float = 1e-5
    warm_up_steps: int = 200
    frame_steps: int = 500
    fade_steps: int = 3000
    frame_weight: float = 0.2
    ctc_weight: float = 0.1
    averaging: float = 0.998
    weight_decay: float = 1e-4
    clip_norm: float = 5.0
    checkpoint_minutes: float = 5.0
    network: StripNetworkOptions = field(default_factory=StripNetworkOptions)


class StripRun:
    """Weights, their running average, the optimiser and the clock: all that a checkpoint holds."""

    def __init__(self, options: StripTrainingOptions) -> None:
        self.options = options
        self.model = self._first_model()
        self.averaged = build_strip_network(options.network)
        self.averaged.set_weights(self.model.get_weights())
        self.optimizer = keras.optimizers.AdamW(
            options.learning_rate, weight_decay=options.weight_decay, global_clipnorm=options.clip_norm
        )
        self.optimizer.build(self.model.trainable_variables)
        self.steps = 0
        self.strips = 0
        self.seconds = 0.0
        if self._checkpoint.exists():
            self._restore()
        self._step = self._compile()

    @property
    def _checkpoint(self) -> Path:
        return self.options.out / "checkpoint.npz"

    def _first_model(self) -> keras.Model:
        model = build_strip_network(self.options.network)
        if self.options.init_from is not None:
            start = network_at(self.options.init_from, STRIPS_MASTER)
            try:
                earlier = keras.models.load_model(start, compile=False)
                model.set_weights(earlier.get_weights())
            except (OSError, ValueError) as error:
                raise ModelError(f"{start}: no strip network of this shape ({error})") from error
        return model

    def learn(self, batch: StripBatch) -> tuple[float, float]:
        """One step; returns the frame loss and the CTC loss."""
        self.optimizer.learning_rate.assign(self.learning_rate())
        frame_weight, ctc_weight = self._loss_weights()
        decay = min(self.options.averaging, (1 + self.steps) / (10 + self.steps))
        losses = self._step(
            *(tf.constant(a) for a in (batch.ink, batch.labels, batch.lengths, batch.frames, batch.frame_weights)),
            *(tf.constant(value, tf.float32) for value in (frame_weight, ctc_weight, decay)),
        )
        self.steps += 1
        self.strips += len(batch.lengths)
        return float(losses[0]), float(losses[1])

    def learning_rate(self) -> float:
        options = self.options
        share = min(1.0, self.seconds / (60 * options.minutes))
        cosine = 0.5 + 0.5 * float(np.cos(np.pi * share))
        rate = options.final_learning_rate + (options.learning_rate - options.final_learning_rate) * cosine
        return rate * min(1.0, (self.steps + 1) / options.warm_up_steps)

    def _loss_weights(self) -> tuple[float, float]:
        options = self.options
        if options.init_from is not None:
            return options.frame_weight, options.ctc_weight
        if self.steps < options.frame_steps:
            return 1.0, 0.0
        faded = min(1.0, (self.steps - options.frame_steps) / options.fade_steps)
        return 1.0 - (1.0 - options.frame_weight) * faded, options.ctc_weight

    def _compile(self) -> Callable[..., tuple[tf.Tensor, tf.Tensor]]:
        model, averaged, optimizer = self.model, self.averaged, self.optimizer

        def step(
            ink: tf.Tensor,
            labels: tf.Tensor,
            lengths: tf.Tensor,
            frames: tf.Tensor,
            weights: tf.Tensor,
            frame_weight: tf.Tensor,
            ctc_weight: tf.Tensor,
            decay: tf.Tensor,
        ) -> tuple[tf.Tensor, tf.Tensor]:
            with tf.GradientTape() as tape:
                logits = model(ink, training=True)
                crosses = tf.nn.sparse_softmax_cross_entropy_with_logits(frames, logits)
                frame_loss = tf.reduce_sum(crosses * weights) / tf.reduce_sum(weights)
                columns = tf.fill([tf.shape(logits)[0]], tf.shape(logits)[1])
                ctc = keras.ops.ctc_loss(tf.maximum(labels, 0), logits, lengths, columns, mask_index=BLANK)
                # a string too long for its columns has no path: an infinite loss that would spoil all weights
                ctc_loss = tf.reduce_mean(tf.where(ctc < 1e3, ctc, tf.zeros_like(ctc)))
                loss = frame_weight * frame_loss + ctc_weight * ctc_loss
            optimizer.apply_gradients(
                zip(tape.gradient(loss, model.trainable_variables), model.trainable_variables, strict=True)
            )
            for average, variable in zip(averaged.trainable_variables, model.trainable_variables, strict=True):
                average.assign(decay * average.value + (1.0 - decay) * variable.value)
            return frame_loss, ctc_loss

        # XLA compiles for minutes on a CPU and then gains nothing
        compiled: Callable[..., tuple[tf.Tensor, tf.Tensor]] = tf.function(
            step, reduce_retracing=True, jit_compile=False
        )
        return compiled

    def measure_statistics(self, batches: Sequence[StripBatch]) -> None:
        """Set the averaged network's batch statistics by letting it see composed strips."""
        for average, variable in zip(
            self.averaged.non_trainable_variables, self.model.non_trainable_variables, strict=True
        ):
            average.assign(variable.value)
        forward = tf.function(lambda ink: self.averaged(ink, training=True), reduce_retracing=True)
        for batch in batches:
            forward(tf.constant(batch.ink))

    def save(self) -> None:
        """Write checkpoint and averaged network, each whole or not at all."""
        arrays = {f"model_{k}": value for k, value in enumerate(self.model.get_weights())}
        arrays |= {f"averaged_{k}": value for k, value in enumerate(self.averaged.get_weights())}
        arrays |= {f"optimizer_{k}": np.asarray(v.value) for k, v in enumerate(self.optimizer.variables)}
        clock = np.array([self.steps, self.strips, self.seconds])
        partial = self.options.out / "checkpoint.partial.npz"
        np.savez(partial, clock=clock, **arrays)
        partial.replace(self._checkpoint)
        partial_model = self.options.out / "partial.keras"
        self.averaged.save(partial_model)
        partial_model.replace(self.options.out / "strips.keras")

    def _restore(self) -> None:
        with np.load(self._checkpoint) as arrays:
            self.model.set_weights([arrays[f"model_{k}"] for k in range(len(self.model.weights))])
            self.averaged.set_weights([arrays[f"averaged_{k}"] for k in range(len(self.averaged.weights))])
            for k, variable in enumerate(self.optimizer.variables):
                variable.assign(arrays[f"optimizer_{k}"])
            steps, strips, self.seconds = arrays["clock"].tolist()
        self.steps, self.strips = int(steps), int(strips)
