"""YAML whose every part knows its line, for messages that lead straight to the mistake."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn, Protocol, TypeVar

import yaml

from pipeline.errors import TemplateError

MAX_BYTES = 1 << 20
"""A template has some kilobytes; a megabyte is a mistake."""

MAX_DEPTH = 20
"""A template is nested six deep."""

Read = TypeVar("Read")
Otherwise = TypeVar("Otherwise")

_TAG = "tag:yaml.org,2002:"


@dataclass(frozen=True, slots=True)
class Place:
    """A part of a YAML file: its node, and the file for messages.

    Attributes:
        problems: what was found wrong so far, shared by all parts of the file, in the order it was met.
    """

    file: Path
    node: yaml.Node
    problems: list[TemplateError] = field(default_factory=list, compare=False, repr=False)

    @property
    def line(self) -> int:
        """Where it begins, from 1."""
        return _line(self.node.start_mark)

    def part(self, node: yaml.Node) -> Place:
        """A node within this one."""
        return Place(self.file, node, self.problems)

    def fail(self, message: str) -> NoReturn:
        """Raise a `TemplateError` that names file and line."""
        raise TemplateError(message, self.file, self.line)

    def note(self, message: str) -> None:
        """Add a problem, and go on."""
        self.problems.append(TemplateError(message, self.file, self.line))

    def attempt(self, read: Callable[[Place], Read], otherwise: Otherwise) -> Read | Otherwise:
        """What `read` makes of this part; `otherwise`, with the problem noted, when it refuses."""
        try:
            return read(self)
        except TemplateError as error:
            self.problems.append(error)
            return otherwise

    def mapping(self, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Place]:
        """The values of a mapping by key.

        Raises:
            TemplateError: not a mapping, or a key unknown, twice or missing.
        """
        before = len(self.problems)
        found = self.keys(required, optional)
        if len(self.problems) > before:
            raise self.problems.pop(before)
        return found

    def keys(self, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Place]:
        """The values of a mapping by key, as far as they are right; keys unknown, twice or missing are noted.

        Raises:
            TemplateError: not a mapping.
        """
        if not isinstance(self.node, yaml.MappingNode):
            self.fail(f"expected keys and values ({', '.join([*required, *optional])}), not {self._shown()}")
        found: dict[str, Place] = {}
        for key_node, value_node in self.node.value:
            key = self.part(key_node)
            name = key.attempt(Place.text, None)
            if name is None:
                continue
            if name in found:
                key.note(f"{name} is given twice")
            elif name not in required and name not in optional:
                key.note(f"unknown key {name}{suggestion(name, [*required, *optional])}")
            else:
                found[name] = self.part(value_node)
        for name in required:
            if name not in found:
                self.note(f"{name} is missing")
        return found

    def items(self) -> Iterator[Place]:
        """The items of a list.

        Raises:
            TemplateError: not a list.
        """
        if not isinstance(self.node, yaml.SequenceNode):
            self.fail(f"expected a list, not {self._shown()}")
        return (self.part(item) for item in self.node.value)

    @property
    def is_list(self) -> bool:
        return isinstance(self.node, yaml.SequenceNode)

    @property
    def is_mapping(self) -> bool:
        return isinstance(self.node, yaml.MappingNode)

    def text(self) -> str:
        """A word or sentence as it is written: YAML would make a number of 1.0 and False of NO, Norway's code.

        Raises:
            TemplateError: a list, a mapping, or nothing.
        """
        if not isinstance(self.node, yaml.ScalarNode) or self._is("null") or not self.node.value.strip():
            self.fail(f"expected a text, not {self._shown()}")
        return str(self.node.value)

    def one_of(self, choices: Collection[str]) -> str:
        """A text that is one of `choices`.

        Raises:
            TemplateError: it is none of them.
        """
        text = self.text()
        if text not in choices:
            self.fail(f"{text} is none of {', '.join(choices)}{suggestion(text, choices)}")
        return text

    def number(self, above: float | None = None, at_least: float | None = None, at_most: float | None = None) -> float:
        """A finite number within bounds.

        Raises:
            TemplateError: no number, or out of bounds.
        """
        value = self._number()
        if above is not None and not value > above:
            self.fail(f"{self.node.value} must be more than {above:g}")
        if at_least is not None and not value >= at_least:
            self.fail(f"{self.node.value} must be at least {at_least:g}")
        if at_most is not None and not value <= at_most:
            self.fail(f"{self.node.value} must be at most {at_most:g}")
        return value

    def whole(self, at_least: int, at_most: int) -> int:
        """A whole number within bounds.

        Raises:
            TemplateError: no whole number, or out of bounds.
        """
        if not self._is("int"):
            self.fail(f"expected a whole number, not {self._shown()}")
        return int(self.number(at_least=at_least, at_most=at_most))

    def truth(self) -> bool:
        """True or false.

        Raises:
            TemplateError: something else.
        """
        if not self._is("bool"):
            self.fail(f"expected true or false, not {self._shown()}")
        return bool(yaml.SafeLoader.bool_values[self.node.value.lower()])

    def _number(self) -> float:
        if not (self._is("int") or self._is("float")):
            self.fail(f"expected a number, not {self._shown()}")
        try:
            value = float(self.node.value.replace("_", ""))
        except ValueError:  # YAML also has hexadecimal and sixties
            self.fail(f"expected a plain number, not {self.node.value}")
        if not abs(value) < float("inf"):
            self.fail(f"expected a finite number, not {self.node.value}")
        return value

    def _is(self, kind: str) -> bool:
        return isinstance(self.node, yaml.ScalarNode) and self.node.tag == _TAG + kind

    def _shown(self) -> str:
        if isinstance(self.node, yaml.ScalarNode):
            return f'"{self.node.value}"' if self.node.value else "nothing"
        return "a list" if self.is_list else "keys and values"


def suggestion(name: str, known: Collection[str]) -> str:
    """The known name that was probably meant, as the end of a sentence; else all of them."""
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f"; did you mean {close[0]}?"
    return f"; known are {', '.join(known)}"


def parse_yaml(file: Path, content: bytes) -> Place:
    """The root of a YAML document.

    Aliases are refused: a template needs none, and a few lines of them can stand for gigabytes.

    Raises:
        TemplateError: no YAML, empty, too large, nested too deep, or with aliases; names file and line.
    """
    if len(content) > MAX_BYTES:
        raise TemplateError(f"has {len(content)} bytes; a template has at most {MAX_BYTES}", file)
    try:
        _refuse_tricks(file, content)
        root = yaml.compose(content, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        raise TemplateError(f"is not valid YAML: {error.problem}", file, _line(error.problem_mark)) from error
    except (yaml.YAMLError, UnicodeDecodeError, ValueError) as error:
        raise TemplateError(f"is not a text file with YAML: {error}", file, 1) from error
    if root is None:
        raise TemplateError("is empty", file, 1)
    return Place(file, root)


def _refuse_tricks(file: Path, content: bytes) -> None:
    """Aliases and deep nesting, both of which cost out of all proportion to the bytes they are written in."""
    depth = 0
    for event in yaml.parse(content, Loader=yaml.SafeLoader):
        if isinstance(event, yaml.AliasEvent):
            raise TemplateError(f"aliases (*{event.anchor}) are not taken", file, _line(event.start_mark))
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise TemplateError("is nested too deep", file, _line(event.start_mark))


class _Mark(Protocol):
    """A place in YAML, whether its parser is the one in Python or the one in C."""

    @property
    def line(self) -> int: ...


def _line(mark: _Mark | None) -> int:
    """Lines counted as editors do."""
    return 1 if mark is None else mark.line + 1
