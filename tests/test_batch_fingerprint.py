from dataclasses import replace

import numpy as np
import pytest

from pipeline.document import FormTemplate, ModelIdentity, TemplateIdentity
from pipeline.fingerprint import reading_fingerprint
from pipeline.process import ReadingOptions
from pipeline.stages.decide import DecideOptions
from pipeline.storage.limits import ScanLimits

MODEL = ModelIdentity("m", "1", "a" * 64, "estimated")


def template(sha256):
    identity = TemplateIdentity(f"form-{sha256[0]}", "1", sha256)
    return FormTemplate(identity, (210, 297), (), (np.zeros((2, 2), np.uint8),))


ONE, TWO = template("1" * 64), template("2" * 64)


def fingerprint(model=MODEL, templates=(ONE, TWO), reading=ReadingOptions(), limits=ScanLimits(), version="0.1.0"):
    return reading_fingerprint(model, templates, reading, limits, version)


def test_the_order_of_templates_does_not_count():
    assert fingerprint(templates=(TWO, ONE)) == fingerprint()


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"model": replace(MODEL, sha256="b" * 64)}, id="model"),
        pytest.param({"model": replace(MODEL, calibration="certified")}, id="operating point"),
        pytest.param({"templates": (ONE,)}, id="a template less"),
        pytest.param({"templates": (ONE, template("3" * 64))}, id="a template changed"),
        pytest.param({"reading": ReadingOptions(max_error=0.001)}, id="budget"),
        pytest.param({"reading": ReadingOptions(decide=DecideOptions(accept_uncertified=False))}, id="strictness"),
        pytest.param({"limits": ScanLimits(render_dpi=200)}, id="resolution"),
        pytest.param({"version": "0.2.0"}, id="version"),
    ],
)
def test_whatever_can_change_a_value_changes_the_fingerprint(change):
    assert fingerprint(**change) != fingerprint()
