import keras
import numpy as np
import pytest

from recognizer.export_format import ExportFormat
from recognizer.export_samples import ExportSamples
from recognizer.strip_decode import log_softmax
from recognizer.strip_network import StripNetworkOptions, build_strip_network
from recognizer.strip_reader import StripReader
from recognizer.strip_views import View
from recognizer.verified_export import export_network

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning:keras"),
]


@pytest.mark.parametrize("chosen", [ExportFormat.LITERT, ExportFormat.LITERT_INT8])
def test_an_exported_network_gives_the_same_evidence_at_any_width(tmp_path, chosen):
    keras.utils.set_random_seed(3)  # an untrained network is of two minds on every column: keep one that is decided
    model = build_strip_network(StripNetworkOptions(width=0.25))
    model.save(tmp_path / "strips.keras")
    random = np.random.default_rng(0)
    strips = [np.pad(random.random((32, width), np.float32), ((0, 0), (24, 24))) for width in (4, 92, 332)]
    batches = [strip[None, :, :, None] for strip in strips]
    made = export_network(
        tmp_path / "strips.keras", tmp_path / "strips.tflite", chosen, ExportSamples("noise", batches, batches)
    )
    assert (made.n, made.labels_changed) == (3, 0)
    reader = StripReader(tmp_path / "strips.tflite")
    for strip, batch in zip(strips, batches, strict=True):
        evidence = reader.evidence(View(strip, 1.0, 0.0))
        original = log_softmax(np.asarray(model(batch, training=False))[0])
        assert np.abs(np.exp(evidence) - np.exp(original)).max() < 0.05
    assert len(reader.read_strips([np.full((20, 50), 255, np.uint8)])) == 1
