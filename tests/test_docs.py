"""Documentation and program say the same: commands, options, settings, error codes, reasons, pictures."""

from __future__ import annotations

import dataclasses
import importlib.util
import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer.main

from pipeline.cli import app
from pipeline.document import Decision, FieldKind, Reason
from pipeline.errors import ReadingError
from pipeline.settings import ENVIRONMENT_PREFIX, Settings
from pipeline.stages.quality import Flaw, QualityOptions
from pipeline.storage.limits import ScanLimits
from pipeline.storage.template_rules import CROSS_RULES
from pipeline.values.rules import CHECKS

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
FOLDERS = "pipeline|recognizer|flows|benchmarks|sample_docs|tests|docs"
PAGES = sorted([ROOT / "README.md", ROOT / "CONTRIBUTING.md", *DOCS.glob("*.md")])
NAMING_PAGES = sorted({*PAGES, *ROOT.glob("*/*.md"), ROOT / "CHANGELOG.md"})

SHELL = re.compile(r"(?:^|\s|\$ )(?:\.venv/bin/)?fieldreader((?: [^\n`|>&)]*)?)")
SNIPPET = re.compile(r"```[a-z]*\n(.*?)```|`([^`\n]+)`|^ {4}([^\n]+)$", re.DOTALL | re.MULTILINE)


def commands() -> dict[str, set[str]]:
    """Every command of the program and its options; the program itself under the empty name."""
    root = typer.main.get_command(app)

    def walk(name: str, command: object) -> Iterator[tuple[str, set[str]]]:
        options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
        yield name, {option for option in options if option.startswith("-")} | {"--help", "-h"}
        for sub_name, sub_command in getattr(command, "commands", {}).items():
            yield from walk(f"{name} {sub_name}".strip(), sub_command)

    return dict(walk("", root))


COMMANDS = commands()
LEAVES = {name for name in COMMANDS if name and not any(other.startswith(f"{name} ") for other in COMMANDS)}


def invocations(page: Path) -> list[list[str]]:
    """The words behind `fieldreader` in every snippet of a page."""
    found = []
    for block, inline, indented in SNIPPET.findall(page.read_text(encoding="utf-8")):
        for line in (block or inline or indented).replace("\\\n", " ").splitlines():
            if line.lstrip().startswith("#"):
                continue
            found += [shlex.split(match.group(1), comments=True) for match in SHELL.finditer(line)]
    return found


def command_of(words: list[str]) -> tuple[str, list[str]]:
    """The command among the words, and the options."""
    options = [word.partition("=")[0] for word in words if word.startswith("-")]
    plain = [word for word in words if not word.startswith("-")]
    for length in (2, 1):
        for start in range(2):  # `--config FILE` may come first
            if (name := " ".join(plain[start : start + length])) in COMMANDS and name:
                return name, options
    return "", options


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_commands_in_the_docs_exist_with_their_options(page):
    for words in invocations(page):
        name, options = command_of(words)
        plain = [word for word in words if not word.startswith("-")]
        assert name or not plain or plain[0].isupper(), f"{page.name}: no command in `fieldreader {' '.join(words)}`"
        unknown = set(options) - COMMANDS[name] - COMMANDS[""]
        assert not unknown, f"{page.name}: `fieldreader {' '.join(words)}` has no option {unknown}"


def test_the_docs_name_commands_at_all():
    assert sum(len(invocations(page)) for page in PAGES) > 20


@pytest.mark.parametrize("command", sorted(LEAVES))
def test_every_command_is_documented_with_all_its_options(command):
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    _, heading, rest = text.partition(f"### fieldreader {command}\n")
    assert heading, f"docs/commands.md has no section on {command}"
    section = re.split(r"^##", rest, flags=re.MULTILINE)[0]
    for option in COMMANDS[command] - {"--help", "-h"}:
        assert f"`{option}`" in section or re.search(rf"{option}\b", section), f"{command}: {option} is not described"


@pytest.mark.parametrize("option", sorted(COMMANDS[""] - {"--help", "-h", "--show-completion"}))
def test_every_global_option_is_documented(option):
    assert option in (DOCS / "commands.md").read_text(encoding="utf-8")


def settings() -> dict[str, object]:
    tables = {"scans": ScanLimits, "quality": QualityOptions}
    flat = {name: field.default for name, field in Settings.model_fields.items() if name not in tables}
    return flat | {
        f"{table}.{field.name}": field.default for table, kind in tables.items() for field in dataclasses.fields(kind)
    }


@pytest.mark.parametrize("key", sorted(settings()))
def test_every_setting_is_described_with_its_variable_and_default(key):
    text = (DOCS / "commands.md").read_text(encoding="utf-8")
    variable = ENVIRONMENT_PREFIX + key.upper().replace(".", "__")
    (row,) = [line for line in text.splitlines() if line.startswith(f"| `{key}` | `{variable}` |")]
    default = settings()[key]
    if isinstance(default, bool | int | float):
        assert json.loads(row.split("|")[3]) == default


def kinds_of(error: type[ReadingError]) -> set[type[ReadingError]]:
    return {error, *(kind for sub in error.__subclasses__() for kind in kinds_of(sub))}


def test_every_error_code_is_explained_with_its_exit_code():
    text = (DOCS / "errors.md").read_text(encoding="utf-8")
    for kind in kinds_of(ReadingError):
        if kind.__module__ not in {"pipeline.errors", "recognizer.errors"}:
            continue
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{kind.code}` |")]
        if kind.exit_code != 4:
            assert f"| {kind.exit_code} |" in row


def test_every_error_code_in_the_docs_exists():
    rows = re.findall(r"^\| `([a-z_]+)` \|", (DOCS / "errors.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert set(rows) == {kind.code for kind in kinds_of(ReadingError) if kind.__module__.endswith(".errors")}


def test_every_reason_and_decision_is_explained():
    text = (DOCS / "result-format.md").read_text(encoding="utf-8")
    for word in (*Reason, *Decision):
        assert f"| `{word}` |" in text


def test_every_flaw_of_a_page_is_explained():
    text = (DOCS / "result-format.md").read_text(encoding="utf-8")
    section = text.partition("## Flaws of a page")[2].partition("## Reasons")[0]
    assert set(re.findall(r"^\| `([a-z_]+)` \|", section, re.MULTILINE)) == set(Flaw)


def test_every_kind_and_rule_of_a_template_is_explained():
    text = (DOCS / "template-format.md").read_text(encoding="utf-8")
    assert all(f"`{kind}`" in text for kind in FieldKind)
    assert all(f"| `{rule}" in text for rule in (*CHECKS, *CROSS_RULES))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
        if not target.startswith(("http:", "https:")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


@pytest.mark.parametrize("page", NAMING_PAGES, ids=lambda page: page.name)
def test_files_and_modules_named_in_the_docs_exist(page):
    text = page.read_text(encoding="utf-8")
    for path in re.findall(rf"(?<![\w/.-])(?:{FOLDERS})/[\w./*-]*\w", text):
        assert list(ROOT.glob(path)), f"{page.name} names {path}"
    for module in re.findall(rf"python3? -m ((?:{FOLDERS})(?:\.\w+)*)", text):
        place = ROOT / module.replace(".", "/")
        assert place.with_suffix(".py").is_file() or (place / "__main__.py").is_file(), f"{page.name} names {module}"


def test_the_docs_name_files_and_modules_at_all():
    text = "".join(page.read_text(encoding="utf-8") for page in NAMING_PAGES)
    assert len(re.findall(rf"\b(?:{FOLDERS})/\w", text)) > 20
    assert text.count("python -m benchmarks.") > 10


def test_the_picture_of_the_journey_is_what_its_script_draws():
    script = DOCS / "pictures" / "draw_journey.py"
    spec = importlib.util.spec_from_file_location("draw_journey", script)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert (DOCS / "pictures" / "journey.svg").read_text(encoding="utf-8") == module.draw()


def test_every_make_target_in_the_docs_exists():
    targets = set(re.findall(r"^([a-z][a-z-]*):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        for target in re.findall(r"\bmake ([a-z][a-z-]*)", "\n".join(sum(SNIPPET.findall(page.read_text()), ()))):
            assert target in targets, f"{page.name}: make {target}"


def test_every_test_named_in_the_security_list_exists():
    page = (DOCS / "security.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(test_\w+)`", page))
    tests = "".join(path.read_text(encoding="utf-8") for path in Path(__file__).parent.rglob("test_*.py"))
    assert len(named) > 25
    assert {name for name in named if f"def {name}(" not in tests} == set()


def test_every_point_of_the_security_list_has_a_verdict_and_a_test_or_a_reason():
    page = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
    rows = [line.strip("|").split("|") for line in page.splitlines() if line.startswith("| ")]
    points = [[cell.strip() for cell in row] for row in rows if "Point" not in row[0] and "---" not in row[0]]
    assert len(points) > 40
    assert {verdict for _, verdict, _ in points} == {"holds", "in part", "**does not**", "nothing of it"}
    assert [point for point, _, shown in points if len(shown) < len("JSON alone")] == []
