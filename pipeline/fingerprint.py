"""The fingerprint of a reading: two results with the same one read the same content the same way."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict

from pipeline.document import FormTemplate, ModelIdentity
from pipeline.process import ReadingOptions
from pipeline.storage.limits import ScanLimits


def reading_fingerprint(
    model: ModelIdentity,
    templates: Sequence[FormTemplate],
    reading: ReadingOptions,
    limits: ScanLimits,
    software_version: str,
) -> str:
    """Hash everything that can change what is read: model, operating point, templates, options and version.

    The order of the templates and the device do not count; neither changes a value.

    Returns:
        SHA-256, hexadecimal.
    """
    ingredients = {
        "model": asdict(model),
        "templates": sorted(template.identity.sha256 for template in templates),
        "reading": asdict(reading),
        "limits": asdict(limits),
        "software": software_version,
    }
    canonical = json.dumps(ingredients, sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
