"""Which columns of a wide file, and which of several files, are the same thing at different waves."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from increase_eval.intake.drafting.profiles import Profile

_WORDS = {
    **dict.fromkeys(("baseline", "base", "bl", "pre", "before", "avant", "start", "entry", "inclusion"), -1.0),
    **dict.fromkeys(("mid", "midline", "middle", "during", "pendant"), 0.5),
    **dict.fromkeys(("post", "end", "endline", "after", "apres", "exit"), 2.0),
    **dict.fromkeys(("fu", "fup", "followup", "follow", "suivi", "later"), 3.0),
}
_LONG_WORDS = "wave|time|visit|month|round|year|week|vague|temps|session"
_WORD = "|".join(sorted(_WORDS, key=len, reverse=True))
_PATTERNS = (
    re.compile(rf"^(?P<mark>(?P<kind>{_LONG_WORDS})[_.\-]?(?P<number>\d{{1,2}}))[_.\-](?P<base>.+)$", re.IGNORECASE),
    re.compile(r"^(?P<mark>(?P<kind>[twvmys])(?P<number>\d{1,2}))[_.\-](?P<base>.+)$", re.IGNORECASE),
    re.compile(rf"^(?P<base>.+?)[_.\-](?P<mark>(?P<kind>{_LONG_WORDS})[_.\-]?(?P<number>\d{{1,2}}))$", re.IGNORECASE),
    re.compile(r"^(?P<base>.+?)[_.\-](?P<mark>(?P<kind>[twvmys])(?P<number>\d{1,2}))$", re.IGNORECASE),
    re.compile(r"^(?P<base>.+?)[_.\-](?P<mark>(?P<number>\d{1,2})(?P<kind>m|mo|w|wk|y|yr|d))$", re.IGNORECASE),
    re.compile(rf"^(?P<mark>{_WORD})[_.\-](?P<base>.+)$", re.IGNORECASE),
    re.compile(rf"^(?P<base>.+?)[_.\-](?P<mark>{_WORD})$", re.IGNORECASE),
)
_GLUED = re.compile(r"^(?P<mark>pre|post)(?P<base>[A-Za-z].*)$", re.IGNORECASE)
_BARE = re.compile(r"^(?P<base>.*[A-Za-zÀ-ÿ])[_.]?(?P<number>\d{1,2})$")
MOST_WAVES = 12


@dataclass(frozen=True, slots=True, order=True)
class Mark:
    """What a name says about the wave: an order, a kind (such as ``t`` or ``month``), and how it is written."""

    order: float
    kind: str
    text: str


def mark_in(name: str) -> tuple[str, Mark] | None:
    """Split a name such as ``t1_calm``, ``calm_w2`` or ``calm_post`` into what is asked and when.

    Examples
    --------
    >>> mark_in("calm_w2")
    ('calm', Mark(order=2.0, kind='w', text='w2'))
    >>> mark_in("calm_2") is None
    True
    """
    for pattern in _PATTERNS:
        hit = pattern.match(name)
        if hit:
            text = hit["mark"].lower()
            groups = hit.groupdict()
            if groups.get("number"):
                return hit["base"], Mark(float(groups["number"]), groups["kind"].lower(), text)
            return hit["base"], Mark(_WORDS[text], "word", text)
    return None


def mark_of_file(stem: str) -> Mark | None:
    """Find what the name of a file says about the wave: ``survey_t2``, ``T1``, ``baseline_fr``, ``wave 3``."""
    parts = [part for part in re.split(r"[\W_]+", stem.lower()) if part]
    for index, part in enumerate(parts):
        hit = re.match(rf"^(?P<kind>{_LONG_WORDS}|[twvmys])(?P<number>\d{{1,2}})$", part)
        if hit:
            return Mark(float(hit["number"]), hit["kind"], part)
        if re.match(rf"^({_LONG_WORDS})$", part) and index + 1 < len(parts) and parts[index + 1].isdigit():
            return Mark(float(parts[index + 1]), part, f"{part}{parts[index + 1]}")
    return next((Mark(_WORDS[part], "word", part) for part in parts if part in _WORDS), None)


def wide_waves(profiles: Iterable[Profile]) -> dict[str, dict[Mark, str]]:
    """Find the columns of one file that hold the same thing at several waves.

    Marks that say so (``t1_``, ``_w2``, ``_post``) are taken wherever one thing has two of them. A bare number at the
    end (``depress1``, ``depress2``) is taken for a wave only where the columns hold scores: whole numbers in a small
    range are more likely the items of one scale.

    Returns
    -------
    dict
        What is asked -> mark -> column; empty where nothing is repeated.
    """
    columns = {one.name: one for one in profiles if one.kind != "empty"}
    found: dict[str, dict[Mark, str]] = {}
    for name in columns:
        marked = mark_in(name)
        if marked is not None:
            found.setdefault(marked[0], {})[marked[1]] = name
    for base, marks in _glued(columns).items():
        found.setdefault(base, {}).update(marks)
    repeated_kinds = {kind for marks in found.values() for kind in _repeated_kinds(marks)}
    found = {
        base: kept
        for base, marks in found.items()
        if (kept := {mark: name for mark, name in marks.items() if mark.kind in repeated_kinds or _is_start(mark)})
    }
    if repeated_kinds and 2 <= len({mark for marks in found.values() for mark in marks}) <= MOST_WAVES:
        return found
    return _bare_waves(columns)


def _is_start(mark: Mark) -> bool:
    """Say whether a mark means the first wave: months are often counted from a word, as in ``pre``, ``2m``, ``4m``."""
    return mark.order < 0


def _glued(columns: Iterable[str]) -> dict[str, dict[Mark, str]]:
    """Find pairs such as ``Prewt`` and ``Postwt``; one of them alone may be any word, such as a postcode."""
    pairs: dict[str, dict[Mark, str]] = {}
    for name in columns:
        hit = _GLUED.match(name)
        if hit:
            text = hit["mark"].lower()
            pairs.setdefault(hit["base"].lower(), {})[Mark(_WORDS[text], "word", text)] = name
    return {base: marks for base, marks in pairs.items() if len(marks) > 1}


def _repeated_kinds(marks: Mapping[Mark, str]) -> set[str]:
    kinds = [mark.kind for mark in marks]
    return {kind for kind in kinds if kinds.count(kind) > 1}


def _bare_waves(columns: Mapping[str, Profile]) -> dict[str, dict[Mark, str]]:
    groups: dict[str, dict[Mark, str]] = {}
    for name in columns:
        hit = _BARE.match(name)
        if hit:
            number = hit["number"]
            groups.setdefault(hit["base"], {})[Mark(float(number), "number", number)] = name
    scores = {
        base: marks
        for base, marks in groups.items()
        if 2 <= len(marks) <= 6 and all(_holds_scores(columns[name]) for name in marks.values())
    }
    return {base: dict(sorted(marks.items())) for base, marks in scores.items()}


def _holds_scores(one: Profile) -> bool:
    """Say whether a column holds measured numbers, not the codes of an item."""
    return one.kind == "number" or (one.kind == "integer" and not one.codes)
