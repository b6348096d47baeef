import keras
import numpy as np
import pytest

from recognizer.strip_export import export_strips
from recognizer.strip_network import StripNetworkOptions, build_strip_network
from recognizer.strip_reader import StripReader

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras"),
]


def test_an_exported_network_gives_the_same_evidence_at_any_width(tmp_path):
    keras.utils.set_random_seed(3)  # an untrained network is of two minds on every column: keep one that is decided
    build_strip_network(StripNetworkOptions(width=0.25)).save(tmp_path / "strips.keras")
    random = np.random.default_rng(0)
    samples = [np.pad(random.random((32, width), np.float32), ((0, 0), (24, 24))) for width in (1, 90, 333)]
    export = export_strips(tmp_path / "strips.keras", tmp_path / "strips.tflite", samples)
    assert export.strips == 3
    assert export.texts_changed == 0
    assert export.largest_difference < 0.05
    assert len(StripReader(tmp_path / "strips.tflite").read_strips([np.full((20, 50), 255, np.uint8)])) == 1
    assert not list(tmp_path.glob("*.partial"))
