"""The command line as a process: how fast it starts, what it says, and what it ends with."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator

import pytest
import typer.main

from pipeline.cli import app
from tests.command_line import ROOT, fieldreader, typed


def commands(command: object, name: str = "") -> Iterator[str]:
    """Names of all commands, those of groups included."""
    inner = getattr(command, "commands", {})
    for sub_name, sub_command in inner.items():
        yield from commands(sub_command, f"{name} {sub_name}".strip())
    if not inner:
        yield name


COMMANDS = sorted(commands(typer.main.get_command(app)))


def test_help_names_every_command_and_the_exit_codes():
    answer = fieldreader("--help")
    assert answer.returncode == 0
    for command in {command.split()[0] for command in COMMANDS}:
        assert command in answer.stdout
    assert "130 interrupted" in " ".join(answer.stdout.split())


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    answer = typed(*command.split(), "--help")
    assert answer.returncode == 0
    assert f"fieldreader {command}" in answer.stdout.partition("Examples:")[2].replace("--config other.toml ", "")


def test_help_answers_at_once():
    """The promise is 0.5 s; processor time, so that a busy machine does not count."""

    def processor_s():
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        return usage.ru_utime + usage.ru_stime

    before = processor_s()
    fieldreader("--help")
    assert processor_s() - before < 0.5


def test_help_loads_no_heavy_library():
    heavy = "{'numpy', 'cv2', 'PIL', 'sqlalchemy', 'pydantic', 'prefect', 'keras', 'tensorflow'}"
    script = f"import sys, pipeline.cli; print(sorted({heavy} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert answer.stdout.strip() == "[]"


def test_reading_leaves_decoders_and_migrations_to_those_who_need_them():
    heavy = "{'pypdfium2', 'pdf2image', 'simplejpeg', 'alembic', 'keras', 'tensorflow', 'matplotlib'}"
    script = f"import sys, pipeline.batch, pipeline.runs; print(sorted({heavy} & set(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=True)
    assert answer.stdout.strip() == "[]"


def test_version_is_that_of_the_distribution():
    from importlib.metadata import version

    assert typed("--version").stdout == f"fieldreader {version('fieldreader')}\n"


def test_unknown_option_is_a_usage_error():
    answer = fieldreader("run", "inbox", "--outptu", "out")
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "--output" in answer.stderr


def test_completion_is_on():
    answer = fieldreader("--show-completion", "bash", _TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION="1")
    assert "fieldreader" in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "environment", "sentence"),
    [
        pytest.param(["run", "nowhere", "-o", "out"], {}, "there is no file or folder nowhere", id="no inbox"),
        pytest.param(
            ["run", ".", "-o", "out", "--max-error", "7"],
            {},
            "option --max-error: input should be less than 1",
            id="option",
        ),
        pytest.param(["doctor"], {"FIELDREADER_JOB": "2"}, "FIELDREADER_JOB is no setting", id="variable"),
        pytest.param(
            ["--config", "x.toml", "doctor"], {}, "cannot read the settings file x.toml", id="no settings file"
        ),
        pytest.param(["queue", "import", "x.csv"], {}, "cannot read x.csv", id="no answers"),
        pytest.param(
            ["models", "rollback"], {}, "the shipped model is in service; there is nothing to return to", id="rollback"
        ),
        pytest.param(["run", ".", "-o", "out", "-t", "none"], {}, "cannot list the templates", id="no templates"),
    ],
)
def test_expected_errors_are_one_sentence_and_exit_code_2(arguments, environment, sentence, tmp_path):
    (tmp_path / "document.pdf").write_bytes(b"%PDF-1.7")
    answer = typed(*arguments, cwd=tmp_path, **environment)
    assert answer.returncode == 2
    assert sentence in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert answer.stdout == ""


def test_debug_shows_where_an_error_comes_from(tmp_path):
    answer = fieldreader("--debug", "run", "nowhere", "-o", "out", cwd=tmp_path)
    assert "Traceback" in answer.stderr
    assert answer.returncode == 2


def test_a_defect_is_said_to_be_one():
    script = (
        "import sys, pipeline.cli\n"
        "@pipeline.cli.app.command()\n"
        "def broken(): raise ZeroDivisionError('oops')\n"
        "sys.argv = ['fieldreader', 'broken']\n"
        "pipeline.cli.main()\n"
    )
    answer = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=ROOT, check=False)
    assert answer.returncode == 1
    assert "defect of fieldreader (ZeroDivisionError" in answer.stderr
    assert "Traceback" not in answer.stderr


def test_an_empty_inbox_is_no_error(tmp_path):
    (tmp_path / "inbox").mkdir()
    answer = typed("run", "inbox", "-o", "out", cwd=tmp_path)
    assert (answer.returncode, answer.stdout.strip().splitlines()[0]) == (0, "No documents found.")
