"""Walk a contract as it was written, so that references can be checked even where a part of it has the wrong shape."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from increase_eval.study.documents import Document
from increase_eval.study.problems import Path, Problem, shown, unknown_text


@dataclass(frozen=True, slots=True)
class Cursor:
    """One place in a contract file, whether or not anything stands there.

    Attributes
    ----------
    document
        The file.
    path
        The place.
    value
        What stands there; None for nothing.
    """

    document: Document
    path: Path
    value: Any

    @classmethod
    def at_top(cls, document: Document | None, name: str = "") -> Cursor:
        """Start at the top of a file, which may be missing."""
        return cls(document, (), document.value) if document else cls(Document(name), (), None)

    def __getitem__(self, key: str | int) -> Cursor:
        value = None
        if isinstance(self.value, dict):
            value = self.value.get(key)
        elif isinstance(self.value, list) and isinstance(key, int) and key < len(self.value):
            value = self.value[key]
        return Cursor(self.document, (*self.path, key), value)

    def __iter__(self) -> Iterator[Cursor]:
        """Go through the elements of a list; anything else has none."""
        return (self[index] for index in range(len(self.value) if isinstance(self.value, list) else 0))

    def entries(self) -> Iterator[tuple[str, Cursor]]:
        """Go through a mapping; anything else has no entries. Keys are given as words."""
        for key, value in self.value.items() if isinstance(self.value, dict) else ():
            yield str(key).strip(), Cursor(self.document, (*self.path, key), value)

    def words(self) -> Iterator[tuple[str, Cursor]]:
        """Go through the elements of a list that are words."""
        for element in self:
            if element.word is not None:
                yield element.word, element

    @property
    def word(self) -> str | None:
        """The word that stands here, as the models read it; None where there is none."""
        if isinstance(self.value, bool) or not isinstance(self.value, (str, int)):
            return None
        return str(self.value).strip() or None

    @property
    def pair(self) -> tuple[float, float] | None:
        """The two ordered numbers that stand here; None where there are none."""
        value = self.value
        if not (isinstance(value, list) and len(value) == 2 and all(is_number(end) for end in value)):
            return None
        return (float(value[0]), float(value[1])) if value[0] <= value[1] else None

    def problem(self, message: str) -> Problem:
        """Say what is wrong here."""
        return Problem(self.document.name, self.document.line_of(self.path), self.path, message)

    def unknown(self, what: str, allowed: Iterable[object] | None) -> Iterator[Problem]:
        """Say that the word here is no such thing, unless it is one, or nothing stands here, or nobody can know."""
        if allowed is None or self.word is None:
            return
        names = list(allowed)
        if self.word not in names:
            yield self.problem(unknown_text(self.value, what, names))

    def where(self) -> str:
        """Write the file and line of this place, to point to it from elsewhere."""
        line = self.document.line_of(self.path)
        return f"{self.document.name}, line {line}" if line else self.document.name


def is_number(value: object) -> bool:
    """Say whether a value of a contract is a number."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def duplicates(words: Iterable[tuple[str, Cursor]], what: str) -> Iterator[Problem]:
    """Find words that stand twice where each may stand once."""
    first: dict[str, Cursor] = {}
    for word, cursor in words:
        if word in first:
            yield cursor.problem(f"{what} {shown(word)} is declared twice; first in {first[word].where()}")
        first.setdefault(word, cursor)


def duplicate_ids(things: Cursor, what: str) -> Iterator[Problem]:
    """Find ids that stand twice in a list of things with an id."""
    return duplicates(((one["id"].word, one["id"]) for one in things if one["id"].word), what)
