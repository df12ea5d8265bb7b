"""What the commands print: words to standard output, complaints to standard error, JSON where a script wants it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any


def say(text: str = "") -> None:
    """Print a line for a person."""
    print(text)


def complain(text: str) -> None:
    """Print a complaint to standard error."""
    print(text, file=sys.stderr)


def say_json(value: Mapping[str, Any] | Sequence[Any]) -> None:
    """Print a value as JSON, for scripts."""
    print(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def say_table(head: Sequence[str], rows: Iterable[Sequence[object]], *, indent: str = "  ") -> None:
    """Print a small table in columns: text to the left, numbers to the right."""
    cells = [[str(cell) for cell in row] for row in rows]
    if not cells:
        return
    widths = [max(len(row[i]) for row in [list(head), *cells]) for i in range(len(head))]
    to_right = [all(_is_number(row[i]) for row in cells) for i in range(len(head))]
    for row in [list(head), *cells]:
        line = "  ".join(
            cell.rjust(width) if right else cell.ljust(width)
            for cell, width, right in zip(row, widths, to_right, strict=True)
        )
        say((indent + line).rstrip())


def _is_number(cell: str) -> bool:
    return cell == "" or cell.replace(",", "").replace(".", "").replace("-", "").replace("%", "").strip().isdigit()


def is_for_a_person() -> bool:
    """Whether somebody is watching: progress is shown on a terminal only."""
    return sys.stderr.isatty()
