"""Which name can a column have in SPSS or Stata? Its own where the program allows it, else the nearest that it does."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NameRule:
    """What a program allows as the name of a variable.

    Attributes
    ----------
    program
        What the program is called in messages.
    name_bytes
        The longest name, in bytes of UTF-8.
    label_bytes, value_label_bytes
        The longest label of a variable and of a value, in bytes of UTF-8.
    reserved
        What words that are no names look like.
    first_signs
        Signs beside letters that a name may start with.
    ignores_case
        Whether ``Age`` and ``age`` are the same name.
    """

    program: str
    name_bytes: int
    label_bytes: int
    value_label_bytes: int
    reserved: re.Pattern[str]
    first_signs: str
    ignores_case: bool


SPSS = NameRule(
    program="SPSS",
    name_bytes=64,
    label_bytes=255,
    value_label_bytes=120,
    reserved=re.compile("all|and|by|eq|ge|gt|le|lt|ne|not|or|to|with", re.IGNORECASE),
    first_signs="",
    ignores_case=True,
)
STATA = NameRule(
    program="Stata",
    name_bytes=32,
    label_bytes=80,
    value_label_bytes=32_000,
    reserved=re.compile(
        r"_all|_b|_coef|_cons|_n|_N|_pi|_pred|_rc|_skip|byte|double|float|if|in|int|long|str\d*|strL|using|with"
    ),
    first_signs="_",
    ignores_case=False,
)


def allowed_names(names: Iterable[str], rule: NameRule) -> dict[str, str]:
    """Give every name one that the program allows, all of them different.

    Parameters
    ----------
    names
        Names of columns, each once.
    rule
        What the program allows.

    Returns
    -------
    dict
        Name -> allowed name, in order; the same where it was allowed already. Letters lose their accents, other signs
        become ``_``, a first digit gets ``v`` before it, a reserved word ``_`` behind it, long names are cut, and
        names that meet get ``_2``, ``_3``.

    Raises
    ------
    ValueError
        If a name comes twice.

    Examples
    --------
    >>> allowed_names(["âge", "2nd wave", "with"], SPSS)
    {'âge': 'age', '2nd wave': 'v2nd_wave', 'with': 'with_'}
    """
    wanted = list(names)
    if len(set(wanted)) < len(wanted):
        raise ValueError("a column name comes twice")
    taken: set[str] = set()
    chosen: dict[str, str] = {}
    # Names that need no change have the first right to themselves.
    for name in sorted(wanted, key=lambda name: _allowed(name, rule) != name):
        chosen[name] = _free(_allowed(name, rule), taken, rule)
        taken.add(_folded(chosen[name], rule))
    return {name: chosen[name] for name in wanted}


def cut(text: str, length: int) -> str:
    """Cut a text to a number of bytes of UTF-8 without splitting a character; a cut text ends in an ellipsis.

    Examples
    --------
    >>> cut("éééé", 6)
    'é…'
    """
    raw = text.encode("utf-8")
    if len(raw) <= length:
        return text
    return raw[: length - len("…".encode())].decode("utf-8", errors="ignore") + "…"


def _allowed(name: str, rule: NameRule) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii")
    plain = re.sub(r"\W+", "_", plain) or "v"
    if not plain[0].isalpha() and plain[0] not in rule.first_signs:
        plain = f"v{plain}"
    plain = plain[: rule.name_bytes]
    return f"{plain[: rule.name_bytes - 1]}_" if rule.reserved.fullmatch(plain) else plain


def _free(name: str, taken: set[str], rule: NameRule) -> str:
    candidate, count = name, 2
    while _folded(candidate, rule) in taken:
        suffix = f"_{count}"
        candidate, count = name[: rule.name_bytes - len(suffix)] + suffix, count + 1
    return candidate


def _folded(name: str, rule: NameRule) -> str:
    return name.casefold() if rule.ignores_case else name
