"""Write the YAML of a draft by hand: readable, one column a line, with a comment at every guess."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

CHECK = "CHECK"
"""What every comment at a guess starts with, so that a person can look for it."""

_PLAIN = re.compile(r"^[A-Za-zÀ-ÿ_][\wÀ-ÿ .()/%+-]*$")
YAML_WORDS = frozenset({"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
"""Words that one version of YAML or another does not read as words."""
_PLAIN_ENDS = " -"


def scalar(value: object) -> str:
    """Write one value so that it is read back as it is.

    Examples
    --------
    >>> scalar("Sans emploi"), scalar("yes: no"), scalar("007"), scalar(1.0), scalar("")
    ('Sans emploi', '"yes: no"', '"007"', '1.0', '""')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value) if isinstance(value, int) or value == value // 1 else _fraction(value)
    text = str(value)
    if _PLAIN.match(text) and text.casefold() not in YAML_WORDS and text[-1] not in _PLAIN_ENDS:
        return text
    # C1 controls and line separators are escaped by hand: JSON keeps them, YAML does not.
    written = json.dumps(text, ensure_ascii=False)
    return re.sub(
        r"[\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff\ufffe\uffff]", lambda hit: f"\\u{ord(hit[0]):04x}", written
    )


def _fraction(value: float) -> str:
    text = repr(value)
    mantissa, exponent, power = text.partition("e")
    return f"{mantissa if '.' in mantissa else f'{mantissa}.0'}e{power}" if exponent else text


def flow(mapping: Mapping[Any, object]) -> str:
    """Write a mapping on one line; what is None or empty is left out."""
    return (
        "{" + ", ".join(f"{scalar(key)}: {_inner(value)}" for key, value in mapping.items() if _is_there(value)) + "}"
    )


def flow_list(values: Iterable[object]) -> str:
    """Write a list on one line."""
    return "[" + ", ".join(_inner(value) for value in values) + "]"


def _inner(value: object) -> str:
    if isinstance(value, Mapping):
        return flow(value)
    if isinstance(value, list | tuple):
        return flow_list(value)
    return scalar(value)


def _is_there(value: object) -> bool:
    return value is not None and value not in ((), [], {})


def both(text: str) -> dict[str, str]:
    """Give a text as that of both languages: the French repeats it until somebody translates it."""
    shown = " ".join(text.split()) or "-"
    return {"en": shown, "fr": shown}


def comment(note: str) -> str:
    """Write a comment at a guess, on a line of its own or after a value."""
    return f"# {CHECK}: {' '.join(note.split())}"
