"""Which words does a reader see? Every one of them, in English and in French, looked up by key.

The strings lie in ``strings/<chapter>.en.yaml`` and ``strings/<chapter>.fr.yaml``; the key ``flow.title`` is the entry
``title`` of the chapter ``flow``. An entry is a text with ``{placeholders}``, or a pair ``one``/``other`` where the
words follow a count. Values arrive already formatted (see :mod:`increase_eval.reporting.numbers`). A key, a
placeholder or a language that is not there is an error, never an empty place on a page.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Formatter
from types import MappingProxyType
from typing import Any

import yaml

LANGUAGES = ("en", "fr")
STRINGS = Path(__file__).parent / "strings"
PLURAL_FORMS = ("one", "other")

NO_BREAK = "\u00a0"
NARROW_NO_BREAK = "\u202f"

_BEFORE_HIGH_MARKS = re.compile(r" (?=[;!?»%])")
_BEFORE_COLON = re.compile(r" (?=:)")
_AFTER_OPENING = re.compile(r"(?<=«) ")
_STRAIGHT_APOSTROPHE = re.compile(r"(?<=\w)'(?=\w)")


@dataclass(frozen=True, slots=True)
class Translator:
    r"""The strings of one language.

    Attributes
    ----------
    language
        ``"en"`` or ``"fr"``.

    Examples
    --------
    >>> text = Translator("fr")
    >>> text("common.table_number", number=2)
    'Tableau\xa02'
    >>> text.plural("common.people", 1, number="1")
    '1\xa0personne'
    """

    language: str

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise ValueError(f"language is {self.language!r}; allowed: {', '.join(LANGUAGES)}")

    def __call__(self, key: str, /, **values: object) -> str:
        """Give the text of a key with its placeholders filled.

        Parameters
        ----------
        key
            ``<chapter>.<entry>``.
        **values
            One value for each placeholder of the text, and no other.

        Raises
        ------
        KeyError
            If no text has this key.
        ValueError
            If the values are not those that the text asks for.
        TypeError
            If the text depends on a count.
        """
        entry = self._entry(key)
        if not isinstance(entry, str):
            raise TypeError(f"the text {key!r} depends on a count: use plural()")
        return _filled(key, entry, values)

    def plural(self, key: str, count: float, /, **values: object) -> str:
        """Give the text of a key in the form that goes with a count.

        Notes
        -----
        English has the singular for 1 alone, French for everything from 0 to below 2.
        """
        entry = self._entry(key)
        if isinstance(entry, str):
            raise TypeError(f"the text {key!r} does not depend on a count: call the translator itself")
        is_one = count == 1 if self.language == "en" else 0 <= count < 2
        return _filled(key, entry["one" if is_one else "other"], values)

    def has(self, key: str) -> bool:
        """Whether a text has this key."""
        return key in read_strings(self.language)

    def _entry(self, key: str) -> str | Mapping[str, str]:
        strings = read_strings(self.language)
        if key not in strings:
            chapter, _, _ = key.partition(".")
            raise KeyError(f"no text {key!r} in {chapter}.{self.language}.yaml")
        return strings[key]


_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""Ten times as fast where yaml was built with its library, and the same texts."""


@cache
def read_strings(language: str) -> Mapping[str, str | Mapping[str, str]]:
    """Read every string of a language: key -> text, or key -> the forms ``one`` and ``other``."""
    strings: dict[str, str | Mapping[str, str]] = {}
    for path in sorted(STRINGS.glob(f"*.{language}.yaml")):
        chapter = path.name.removesuffix(f".{language}.yaml")
        for name, entry in (yaml.load(path.read_text(encoding="utf-8"), _Loader) or {}).items():
            strings[f"{chapter}.{name}"] = _checked(path, name, entry, language)
    return MappingProxyType(strings)


def language_name(text: Translator, code: str) -> str:
    """Name the language of a questionnaire by its code; one that no text names keeps its code.

    Examples
    --------
    >>> language_name(Translator("fr"), "en"), language_name(Translator("en"), "nl")
    ('anglais', 'nl')
    """
    return text(f"common.language_{code}") if text.has(f"common.language_{code}") else code


def day_in_words(text: Translator, day: str) -> str:
    r"""Write a day that is stored as ``2026-11-22`` as a reader writes it.

    Raises
    ------
    ValueError
        If it is no day in ISO form.

    Examples
    --------
    >>> day_in_words(Translator("en"), "2026-11-22"), day_in_words(Translator("fr"), "2026-03-01")
    ('22\xa0November\xa02026', '1er\xa0mars\xa02026')
    """
    date = datetime.date.fromisoformat(day)
    number = "1er" if text.language == "fr" and date.day == 1 else str(date.day)
    return NO_BREAK.join((number, text(f"common.month_{date.month}"), str(date.year)))


def placeholders(text: str) -> frozenset[str]:
    """Give the names of the placeholders of a text."""
    return frozenset(field for _, field, _, _ in Formatter().parse(text) if field is not None)


def set_spaces(text: str, language: str) -> str:
    r"""Put the no-break spaces that French typography wants around its marks, and apostrophes; English stays as it is.

    Contracts are typed on keyboards, which have the straight apostrophe alone: a page has one kind.

    Examples
    --------
    >>> set_spaces("Quoi ?", "fr") == "Quoi\u202f?"
    True
    >>> set_spaces("l'emploi", "fr")
    'l’emploi'
    """
    if language != "fr":
        return text
    text = _STRAIGHT_APOSTROPHE.sub("’", text)
    text = _BEFORE_HIGH_MARKS.sub(NARROW_NO_BREAK, text)
    return _AFTER_OPENING.sub(NARROW_NO_BREAK, _BEFORE_COLON.sub(NO_BREAK, text))


def _checked(path: Path, name: object, entry: object, language: str) -> str | Mapping[str, str]:
    if not isinstance(name, str):  # YAML reads a bare `yes` or `no` as a truth value
        raise ValueError(f"{path.name}: the key {name!r} is no text")  # noqa: TRY004
    if isinstance(entry, str) and entry.strip():
        return set_spaces(entry.strip(), language)
    if isinstance(entry, dict) and tuple(sorted(entry)) == PLURAL_FORMS and all(map(str.strip, entry.values())):
        return MappingProxyType({form: set_spaces(text.strip(), language) for form, text in entry.items()})
    raise ValueError(f"{path.name}, {name!r}: a text, or the pair one/other, is needed")


def _filled(key: str, text: str, values: Mapping[str, object]) -> str:
    wanted = placeholders(text)
    if wanted != set(values):
        raise ValueError(f"the text {key!r} takes the values {sorted(wanted)}, and was given {sorted(values)}")
    return text.format(**values)
