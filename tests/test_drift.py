"""From stored results to an alarm: the profile, the command, and nights read by the shipped networks."""

import json
from dataclasses import replace

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from benchmarks.drawn.fields import draw_comb, pen_hand
from pipeline.cli import app
from pipeline.confidence.drift import profile_of_fields
from pipeline.document import (
    Box,
    CharacterReading,
    Decision,
    DocumentResult,
    FieldKind,
    FieldReading,
    MediaType,
    ModelIdentity,
    RegistrationStatus,
    ResultStatus,
    SourceResult,
)
from pipeline.errors import DatasetError, ModelError, SettingsError
from pipeline.reading_model import open_model
from pipeline.stages.decide import DecideOptions, decide_field
from pipeline.stages.decode import decode_field
from pipeline.stages.read import read_fields
from pipeline.stages.segment import segment_field
from pipeline.storage.results import write_result
from recognizer.drift import compare_profiles
from recognizer.reader import load_recognizer


def field(text="12345", confidence=0.9999, decision=Decision.ACCEPTED, name="code"):
    characters = tuple(CharacterReading(char, confidence, Box(0, 0, 9, 9)) for char in text)
    corners = ((0.0, 0.0), (9.0, 0.0), (9.0, 9.0), (0.0, 9.0))
    return FieldReading(
        name, FieldKind.DIGITS, 1, corners, text or None, text or None, confidence, 0.9, decision, (), (), characters
    )


def result(fields, day="2026-11-20", name="scan.png", identity="a" * 64):
    document = DocumentResult(1, (1,), ResultStatus.ACCEPTED, None, RegistrationStatus.NOT_NEEDED, None, tuple(fields))
    return SourceResult(
        status=ResultStatus.ACCEPTED,
        source_id=identity,
        source_names=(name,),
        media_type=MediaType.PNG,
        source_bytes=1,
        pages=(),
        documents=(document,),
        errors=(),
        fingerprint="f",
        model=ModelIdentity("m", "1", "0" * 64, "c"),
        started=f"{day}T02:00:00+01:00",
        seconds=0.1,
    )


def night(folder, day="2026-11-20", **reading):
    """Results of forty forms, three fields each."""
    digits = np.random.default_rng(6).integers(0, 10, (40, 3, 5))
    for number, form in enumerate(digits):
        fields = [field("".join(map(str, row)), name=f"f{place}", **reading) for place, row in enumerate(form)]
        write_result(folder, result(fields, day, f"{day}-{number}.png", f"{number:064x}"))
    return folder


def drift(*words):
    return CliRunner().invoke(app, ["drift", *map(str, words)], catch_exceptions=False)


def test_fields_are_counted_by_what_came_of_them():
    fields = [field("1,02", 0.97), field("", 0.0, Decision.BLANK), field("", 0.0, Decision.REVIEW)]
    counts = profile_of_fields(fields).counts
    assert counts["confidence"] == (0, 0, 0, 0, 3, 0, 0)
    assert counts["digits"] == (1, 1, 1, 0, 0, 0, 0, 0, 0, 0), "a comma is no digit"
    assert counts["blank"] == (2, 1)
    assert counts["unread"] == (2, 1)


@pytest.fixture
def reference(tmp_path):
    path = tmp_path / "reference.json"
    assert drift(night(tmp_path / "good"), "--write-reference", path).exit_code == 0
    return path


def test_a_night_like_the_reference_is_quiet(reference, tmp_path):
    answer = drift(night(tmp_path / "next"), "--reference", reference)
    assert answer.exit_code == 0
    assert "ALARM" not in answer.stdout
    assert answer.stdout.count("quiet") == 4


def test_a_doubtful_night_raises_an_alarm(reference, tmp_path):
    answer = drift(night(tmp_path / "next", confidence=0.9), "--reference", reference, "--format", "json")
    said = json.loads(answer.stdout)
    assert answer.exit_code == 3
    assert said["is_alarm"] is True
    assert [signal["signal"] for signal in said["signals"] if signal["is_alarm"]] == ["confidence"]


def test_only_what_was_read_since_a_day_counts(reference, tmp_path):
    night(night(tmp_path / "out", "2026-11-01", confidence=0.9), "2026-11-20")
    assert drift(tmp_path / "out", "--reference", reference).exit_code == 3
    assert drift(tmp_path / "out", "--reference", reference, "--since", "2026-11-20").exit_code == 0


def test_files_that_are_no_results_are_passed_over_in_a_folder_and_refused_by_name(reference, tmp_path):
    (night(tmp_path / "next") / "other.json").write_text("{}")
    assert drift(tmp_path / "next", "--reference", reference).exit_code == 0
    with pytest.raises(DatasetError, match=r"other\.json is neither"):
        drift(tmp_path / "next" / "other.json", "--reference", reference)


def test_a_reference_of_a_handful_of_digits_is_refused(tmp_path):
    write_result(tmp_path / "few", result([field()]))
    with pytest.raises(SettingsError, match="fewer than 100 digits"):
        drift(tmp_path / "few", "--write-reference", tmp_path / "r.json")


def test_what_is_no_reference_is_refused(tmp_path):
    (tmp_path / "r.json").write_text("{}")
    with pytest.raises(ModelError, match=r"r\.json"):
        drift(night(tmp_path / "next"), "--reference", tmp_path / "r.json")


# --- nights read by the shipped networks ----------------------------------------------------------


def drawn_fields(seed, count):
    """Combs of five digits, four by each hand."""
    rng = np.random.default_rng(seed)
    hands = [pen_hand(rng) for _ in range(count // 4)]
    return [draw_comb("".join(map(str, rng.integers(0, 10, 5))), hand, rng).region for hand in hands for _ in range(4)]


@pytest.fixture(scope="module")
def read():
    model = open_model(None)
    recognizer = load_recognizer(model.bundle, "cpu")
    point = model.operating_point

    def read_all(regions, scanner):
        fields = [segment_field(replace(region, image=scanner(region.image))) for region in regions]
        decoded = [decode_field(f, e, point) for f, e in zip(fields, read_fields(fields, recognizer), strict=True)]
        return profile_of_fields(
            decide_field(f, d, point.threshold(d.reader, 0.01), DecideOptions())
            for f, d in zip(fields, decoded, strict=True)
        )

    return read_all


@pytest.fixture(scope="module")
def drawn_reference(read):
    return read(drawn_fields(1, 300), sound)


def sound(image):
    return image


def out_of_focus(image):
    return cv2.GaussianBlur(image, (0, 0), 4)


def inverted(image):
    return 255 - image


def lamp_out(image):
    return np.full_like(image, 250)


def faint(image):
    return (255 - 0.15 * (255.0 - image)).astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 13))
def test_quiet_nights_by_other_hands_stay_quiet(read, drawn_reference, seed):
    shifts = compare_profiles(drawn_reference, read(drawn_fields(seed, 120), sound))
    assert not [shift for shift in shifts if shift.is_alarm]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("scanner", "signal"),
    [
        (out_of_focus, "confidence"),
        (inverted, "confidence"),
        (lamp_out, "blank"),
        (faint, "unread"),
    ],
)
def test_a_broken_scanner_raises_an_alarm(read, drawn_reference, scanner, signal):
    shifts = compare_profiles(drawn_reference, read(drawn_fields(5, 120), scanner))
    assert signal in {shift.signal for shift in shifts if shift.is_alarm}
