"""The network a run starts from: a new one, one that was trained before, or a backbone trained on photographs."""

from __future__ import annotations

from pathlib import Path

import keras
from keras import layers

from recognizer.bundle import DIGITS_MASTER
from recognizer.errors import ModelError
from recognizer.network import build_network, preset_named
from recognizer.normalize import SIDE_PX
from recognizer.readings import CLASS_COUNT, DIGIT_COUNT
from recognizer.trained import network_at
from recognizer.training_options import ALL_BUT_HEAD, Backbone, Classes, TrainingOptions

_BACKBONE_PX = 32
"""The least side that Keras's backbones take; two empty pixels around 28 reach it without resampling."""
_MEAN_BGR = (103.939, 116.779, 123.68)
"""Of ImageNet, which ResNet50's published weights expect to be taken off, channels in this order."""


def starting_network(options: TrainingOptions, own_classes: int | None = None) -> keras.Model:
    """Build or load the network to train, with what is frozen and penalised.

    Args:
        options: `preset`, or `init_from`, or `backbone` says what it is.
        own_classes: how many classes the data has when they are not the digits; None: the digits.

    Raises:
        ModelError: the network or the weights to start from cannot be used.
        ValueError: options that contradict each other.
    """
    if options.init_from:
        model = _continued(options.init_from, own_classes)
    elif options.backbone:
        model = _transferred(options.backbone, options.backbone_weights, own_classes or CLASS_COUNT)
    else:
        model = build_network(options.preset, own_classes)
    _freeze(model, options.freeze)
    if options.l2:
        _penalise(model, options.l2)
    return model


def check_start(options: TrainingOptions) -> None:
    """Refuse what cannot be a start, before any data is read.

    Raises:
        ValueError: options that contradict each other.
    """
    preset_named(options.preset)
    if options.init_from and options.backbone:
        raise ValueError("init_from and backbone: a network can start from one of them only")
    if options.backbone and not options.backbone_weights:
        raise ValueError("backbone needs backbone_weights, a file of its weights; nothing is ever downloaded")
    if options.backbone_weights and not options.backbone:
        raise ValueError("backbone_weights needs backbone, the network they belong to")
    if options.classes is Classes.OWN and options.data is None:
        raise ValueError("classes: own classes need data of their own")
    if not (options.freeze == ALL_BUT_HEAD or (isinstance(options.freeze, int) and options.freeze >= 0)):
        raise ValueError(f"freeze must be a number of layers or {ALL_BUT_HEAD}, not {options.freeze}")
    if options.freeze and not (options.init_from or options.backbone):
        raise ValueError("freeze needs init_from or backbone: an untrained layer that is frozen learns nothing")


def knows_non_digits(model: keras.Model, classes: Classes) -> bool:
    """Whether a network of the digits has the eleventh class."""
    return classes is Classes.DIGITS and model.output_shape[-1] == CLASS_COUNT


def _continued(start: Path, own_classes: int | None) -> keras.Model:
    file = network_at(start, DIGITS_MASTER)
    try:
        model = keras.saving.load_model(file, compile=False)
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"network {file} cannot be loaded: {error}") from None
    if model.input_shape[1:] != (SIDE_PX, SIDE_PX, 1) or not isinstance(model.layers[-1], layers.Dense):
        raise ModelError(f"network {file} does not take 28 x 28 images and end in a dense layer")
    if own_classes is None and model.output_shape[-1] in (DIGIT_COUNT, CLASS_COUNT):
        return model
    # Other classes: what the old head knew of the digits is of no use.
    logits = layers.Dense(own_classes or CLASS_COUNT, name="new_logits")(model.layers[-1].input)
    return keras.Model(model.inputs[0], logits, name=model.name)


def _transferred(backbone: Backbone, weights: Path | None, classes: int) -> keras.Model:
    """Gray digits in three equal channels, scaled as the backbone's published weights expect it."""
    pixels = layers.Input((SIDE_PX, SIDE_PX, 1), name="pixels")
    x = layers.ZeroPadding2D((_BACKBONE_PX - SIDE_PX) // 2)(pixels)
    x = layers.Concatenate()([x, x, x])
    if backbone is Backbone.RESNET50:
        x = layers.Rescaling(255.0, offset=[-mean for mean in _MEAN_BGR])(x)
        make = keras.applications.ResNet50
    else:
        x = layers.Rescaling(2.0, offset=-1.0)(x)
        make = keras.applications.MobileNetV2
    if weights is None or not weights.is_file():
        raise ModelError(f"weights {weights} of {backbone} do not exist")
    try:
        features = make(include_top=False, weights=str(weights), input_tensor=x, pooling="avg").output
    except (OSError, ValueError, KeyError) as error:
        reason = (str(error).splitlines() or ["no reason given"])[0]
        raise ModelError(f"{weights} holds no weights of {backbone} without its top: {reason}") from None
    logits = layers.Dense(classes, name="logits")(layers.Dropout(0.2)(features))
    return keras.Model(pixels, logits, name=str(backbone))


def _freeze(model: keras.Model, freeze: int | str) -> None:
    """Frozen batch normalisation also keeps its statistics, as Keras runs it."""
    weighted = [layer for layer in model.layers if layer.weights]
    count = len(weighted) - 1 if freeze == ALL_BUT_HEAD else int(freeze)
    if count >= len(weighted):
        raise ValueError(f"freeze: the network has {len(weighted)} layers with weights; {count} leave none to train")
    # Also thawed: a network that was trained with frozen layers remembers them.
    for place, layer in enumerate(weighted):
        layer.trainable = place >= count


def _penalise(model: keras.Model, l2: float) -> None:
    for layer in model.layers:
        if isinstance(layer, layers.Dense | layers.Conv2D) and layer.trainable:
            # In the configuration as well, so that a resumed run goes on with it.
            layer.kernel_regularizer = keras.regularizers.L2(l2)
            layer.weights[0].regularizer = layer.kernel_regularizer
