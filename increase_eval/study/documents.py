"""Read one contract file so that every value in it knows its line.

The YAML is read as YAML 1.2 means it, with three differences that codes need. ``yes``, ``no``, ``on`` and ``off`` are
words (a code `no` stays `no`; where true or false is wanted, the words are understood). A whole number written with
leading zeros, such as ``007``, is a word, and so is one of more than 18 digits. Dates are words until a field wants a
date. A key that stands twice in a mapping is an error; anchors, aliases and merge keys (``<<``) are allowed; tags are
not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any

import yaml

from increase_eval.study.problems import Path, Problem, shown

LARGEST_FILE = 5_000_000
"""Bytes. The largest contract known has a tenth of this; anything larger is a data file in the wrong place."""

LARGEST_DOCUMENT = 500_000
"""Values, aliases written out: what keeps a few nested aliases from filling the memory."""

_INTEGER = re.compile(r"^[-+]?(0|[1-9][0-9]{0,17})$")
_NUMBER = re.compile(r"^[-+]?([0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?$|^[-+]?[0-9]+[eE][-+][0-9]+$")
_TRUTH = re.compile(r"^(true|True|TRUE|false|False|FALSE)$")
_EMPTY = re.compile(r"^(~|null|Null|NULL|)$")
_MERGE = re.compile(r"^<<$")
_TAG = "tag:yaml.org,2002:"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]
    """PyYAML's parser with the words that this project knows, instead of those of YAML 1.1."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}


for _name, _pattern, _first in (
    ("bool", _TRUTH, "tTfF"),
    ("int", _INTEGER, "-+0123456789"),
    ("float", _NUMBER, "-+.0123456789"),
    ("null", _EMPTY, ["~", "n", "N", ""]),
    ("merge", _MERGE, "<"),
):
    _Loader.add_implicit_resolver(f"{_TAG}{_name}", _pattern, list(_first))


@dataclass(frozen=True, slots=True)
class Document:
    """One contract file as it was written.

    Attributes
    ----------
    name
        The file, as a path below the study's folder.
    value
        Mappings, lists and scalars; None where the file is missing, empty or cannot be read.
    lines
        Place -> line: the line of its key in a mapping, and of its first character in a list.
    problems
        What is wrong with the YAML itself.
    """

    name: str
    value: Any = None
    lines: dict[Path, int] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    @property
    def is_readable(self) -> bool:
        """Whether the file has content that can be judged."""
        return self.value is not None

    def line_of(self, path: Path) -> int | None:
        """Give the line of a place, or of the nearest place around it that exists."""
        for length in range(len(path), -1, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None


def read_document(path: FilePath, name: str) -> Document:
    """Read one contract file.

    Parameters
    ----------
    path
        The file.
    name
        What errors call it.

    Returns
    -------
    Document
        With ``problems`` instead of an exception, so that all files of a study can be judged at once.
    """
    try:
        if path.stat().st_size > LARGEST_FILE:
            return _unreadable(name, f"the file has more than {LARGEST_FILE:,} bytes: it is no contract")
        raw = path.read_bytes()
    except OSError as error:
        return _unreadable(name, f"the file cannot be read: {error.strerror}")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        return _unreadable(name, f"byte {raw[error.start]:#04x} is not UTF-8; save the file with UTF-8 encoding", line)
    return parse_document(text, name)


def parse_document(text: str, name: str) -> Document:
    """Read the text of one contract file; see :func:`read_document`."""
    try:
        node = yaml.compose(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        return _unreadable(name, _syntax_text(error, text), line)
    except yaml.reader.ReaderError as error:
        line = text[: error.position].count("\n") + 1
        return _unreadable(name, f"the character {error.character!r} is not allowed in a text file", line)
    except RecursionError:
        return _unreadable(name, "mappings and lists are nested too deeply")
    if node is None or (isinstance(node, yaml.ScalarNode) and node.tag == f"{_TAG}null"):
        return Document(name)
    builder = _Builder(name)
    value = builder.build(node, (), node.start_mark.line + 1)
    return Document(name, value, builder.lines, tuple(builder.problems))


def _unreadable(name: str, message: str, line: int | None = None) -> Document:
    return Document(name, problems=(Problem(name, line, (), message),))


def _syntax_text(error: yaml.MarkedYAMLError, text: str) -> str:
    problem, mark = error.problem or "it cannot be read", error.problem_mark
    written = text.splitlines()[mark.line : mark.line + 1] if mark else []
    if mark and written and "cannot start any token" in problem and "\t" in written[0][: mark.column + 1]:
        problem = "there is a tab; indent with spaces"
    elif "expected a single document" in f"{error.context} {problem}":
        problem = "a second document starts here (`---`); a contract file holds one"
    elif "mapping values are not allowed" in problem:
        problem = "a colon stands where none is expected; indent to match, or put a text with a colon in quotes"
    column = f", column {mark.column + 1}" if mark else ""
    context = f" ({error.context})" if error.context and "document" not in error.context else ""
    return f"this is not YAML: {problem}{column}{context}"


class _Builder:
    """Turns nodes into values and remembers their lines; what cannot be turned becomes a problem."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.lines: dict[Path, int] = {}
        self.problems: list[Problem] = []
        self._open: list[yaml.Node] = []
        self._count = 0

    def build(self, node: yaml.Node, path: Path, line: int) -> Any:
        self._count += 1
        if self._count > LARGEST_DOCUMENT:
            if self._count == LARGEST_DOCUMENT + 1:
                self._problem(line, path, f"the file has more than {LARGEST_DOCUMENT:,} values, aliases written out")
            return None
        if any(node is parent for parent in self._open):
            self._problem(line, path, "an alias lies inside the anchor that it repeats")
            return None
        self.lines[path] = line
        self._open.append(node)
        try:
            return self._value(node, path, line)
        finally:
            self._open.pop()

    def _value(self, node: yaml.Node, path: Path, line: int) -> Any:
        if isinstance(node, yaml.MappingNode) and node.tag == f"{_TAG}map":
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode) and node.tag == f"{_TAG}seq":
            return [
                self.build(child, (*path, index), child.start_mark.line + 1) for index, child in enumerate(node.value)
            ]
        if isinstance(node, yaml.ScalarNode):
            return self._scalar(node, path, line)
        self._problem(line, path, f"the tag {node.tag.replace(_TAG, '!!')} is not used in contracts")
        return None

    def _scalar(self, node: yaml.ScalarNode, path: Path, line: int) -> Any:
        kind, text = node.tag.removeprefix(_TAG), node.value
        if kind in ("str", "merge"):
            return text
        if kind == "null":
            return None
        if kind == "bool" and _TRUTH.match(text):
            return text.lower() == "true"
        if kind == "int" and _INTEGER.match(text):
            return int(text)
        if kind == "float" and (_NUMBER.match(text) or _INTEGER.match(text)):
            return float(text)
        self._problem(line, path, f"the tag {node.tag.replace(_TAG, '!!')} is not used in contracts; got {shown(text)}")
        return None

    def _mapping(self, node: yaml.MappingNode, path: Path) -> dict[Any, Any]:
        merged: dict[Any, Any] = {}
        own: dict[Any, Any] = {}
        first_lines: dict[Any, int] = {}
        # Merged values first, so that the lines of a key written out win over those of the same key merged in.
        for key_node, value_node in sorted(node.value, key=lambda pair: pair[0].tag != f"{_TAG}merge"):
            line = key_node.start_mark.line + 1
            if key_node.tag == f"{_TAG}merge":
                for more in self._merged(value_node, path, line):
                    merged = {**more, **merged}
                continue
            if not isinstance(key_node, yaml.ScalarNode):
                self._problem(line, path, "a key is a single word or number")
                continue
            key = self._scalar(key_node, path, line)
            if key is None and key_node.value:
                key = key_node.value
            if key in first_lines:
                self._problem(
                    line, (*path, key), f"the key stands twice in this mapping; first on line {first_lines[key]}"
                )
                continue
            first_lines[key] = line
            own[key] = self.build(value_node, (*path, key), line)
        return {**{key: value for key, value in merged.items() if key not in own}, **own}

    def _merged(self, node: yaml.Node, path: Path, line: int) -> Iterator[dict[Any, Any]]:
        sources = node.value if isinstance(node, yaml.SequenceNode) else [node]
        for source in sources:
            if isinstance(source, yaml.MappingNode) and not any(source is parent for parent in self._open):
                line_of_mapping = self.lines[path]
                value = self.build(source, path, line)
                self.lines[path] = line_of_mapping
                if isinstance(value, dict):
                    yield value
            else:
                self._problem(line, (*path, "<<"), "`<<` takes a mapping, or a list of mappings")

    def _problem(self, line: int | None, path: Path, message: str) -> None:
        self.problems.append(Problem(self.name, line, path, message))
