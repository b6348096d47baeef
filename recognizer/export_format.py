"""Names of the formats a network can be exported to; imports nothing, so that `--help` starts fast."""

from __future__ import annotations

from enum import StrEnum


class ExportFormat(StrEnum):
    """What to write."""

    LITERT = "litert"
    LITERT_INT8 = "litert-int8"
    ONNX = "onnx"
    SAVED_MODEL = "saved_model"
    OPENVINO = "openvino"
    H5 = "h5"
