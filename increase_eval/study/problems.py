"""What is wrong in a contract, and where: one line a problem, with the nearest allowed name where one is near."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

Path = tuple[Any, ...]
"""Keys of mappings and indices of lists, from the top of a file down to one place."""

_SHOWN_VALUE = 60
_SHOWN_NAMES = 25
_SHORTEST_START = 3


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem of one contract file.

    Attributes
    ----------
    file
        The file, as a path below the study's folder.
    line
        Its line, counted from 1; missing where the problem is the whole file.
    path
        The place inside the file.
    message
        The value, what was allowed, and what was probably meant.
    """

    file: str
    line: int | None
    path: Path
    message: str

    def __str__(self) -> str:
        where = [self.file]
        if self.line is not None:
            where.append(f"line {self.line}")
        if self.path:
            where.append(path_text(self.path))
        return f"{', '.join(where)}: {self.message}"


def path_text(path: Path) -> str:
    """Write a place inside a file.

    Examples
    --------
    >>> path_text(("scales", 2, "items", 0))
    'scales[2].items[0]'
    >>> path_text(("aliases", "survey tool"))
    "aliases['survey tool']"
    """
    text = ""
    for step in path:
        if isinstance(step, bool):
            text += f"[{shown(step)}]"
        elif isinstance(step, int):
            text += f"[{step}]"
        elif isinstance(step, str) and step.replace("_", "").isalnum():
            text += f".{step}" if text else step
        else:
            text += f"[{step!r}]"
    return text


def shown(value: object) -> str:
    """Write a value of a contract so that it can be recognised, and not longer than that takes."""
    if value is None:
        return "an empty value"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return f"a mapping with the keys {', '.join(map(str, value))}"[:_SHOWN_VALUE] if value else "an empty mapping"
    if isinstance(value, (list, tuple)):
        return f"a list of {len(value)}" if value else "an empty list"
    text = repr(value)
    return text if len(text) <= _SHOWN_VALUE else f"{text[: _SHOWN_VALUE - 1]}…"


def allowed_text(allowed: Iterable[object]) -> str:
    """Write what was allowed, with the nothing there may be."""
    names = list(dict.fromkeys(map(str, allowed)))
    if not names:
        return "allowed: nothing, as none is declared"
    more = f" and {len(names) - _SHOWN_NAMES} more" if len(names) > _SHOWN_NAMES else ""
    return f"allowed: {', '.join(names[:_SHOWN_NAMES])}{more}"


def did_you_mean(value: object, allowed: Iterable[object]) -> str:
    """Give ``"; did you mean 'x'?"`` where an allowed name is near, and else nothing.

    Examples
    --------
    >>> did_you_mean("minimum_answerd", ["minimum_answered", "items"])
    "; did you mean 'minimum_answered'?"
    >>> did_you_mean("elephant", ["items"])
    ''
    """
    by_folded = {str(name).casefold(): str(name) for name in allowed}
    folded = str(value).casefold()
    near = [folded] if folded in by_folded else difflib.get_close_matches(folded, by_folded, n=1, cutoff=0.6)
    if not near and len(folded) >= _SHORTEST_START:
        near = [name for name in by_folded if name.startswith(folded)][:1]
    return f"; did you mean {by_folded[near[0]]!r}?" if near else ""


def unknown_text(value: object, what: str, allowed: Iterable[object]) -> str:
    """Write that a name is unknown, what was allowed, and what was probably meant."""
    names = list(allowed)
    return f"{shown(value)} is no {what}; {allowed_text(names)}{did_you_mean(value, names)}"
