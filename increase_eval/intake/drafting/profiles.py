"""What one column of a raw file looks like: its type, its codes, its range, the codes that stand for no answer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from itertools import combinations
from typing import Literal

import pandas as pd

from increase_eval.intake.cells import cell_text
from increase_eval.intake.columns import fold
from increase_eval.intake.raw import RawTable
from increase_eval.intake.values import declared_missing
from increase_eval.study.base import Code
from increase_eval.study.tables import MissingReason

Kind = Literal["empty", "integer", "number", "category", "date", "text"]

DATE_FORMATS = (
    "%Y-%m-%d",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%S",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M:%S",
    "%d.%m.%Y",
    "%d-%m-%Y",
    "%Y/%m/%d",
)
MOST_CODES = 30
"""A column of words with more distinct ones is no category."""

LONGEST_CODE = 60
MOST_WORDS = 8
"""A label has a few words; what has more is something that somebody wrote."""

WRITTEN = re.compile(r"comment|remark|remarq|verbatim|free.?text|observation|^notes?$", re.IGNORECASE)
"""Names of columns that hold written answers, however often one comes again."""

NOTHING = frozenset({"na", "n/a", "nan", ".", "-", "--", "#n/a", "null", "none", "missing", "?", "nil"})
SENTINELS = frozenset({66, 77, 88, 97, 98, 99, 666, 777, 888, 997, 998, 999, 7777, 8888, 9999})

_NUMBER = re.compile(r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$")
_COMMA_NUMBER = re.compile(r"^[+-]?(\d+,?\d*|,\d+)$")
_REASONS: tuple[tuple[MissingReason, re.Pattern[str]], ...] = (
    ("refused", re.compile(r"refus|declined to|(prefer|rather) not (to )?(say|answer|tell)|ne souhaite pas")),
    ("not_asked", re.compile(r"not asked|not applicable|inapplic|\bn/?a\b|sans objet|non concern|skipped|legitimate")),
    ("left", re.compile(r"left the (study|survey|interview)|broken? off|break ?off|abandon|dropped out")),
    ("unknown", re.compile(r"missing|no answer|no response|sans r.ponse|not answered|manquant|unknown|unstated")),
)


@dataclass(frozen=True, slots=True)
class Profile:
    """One column of one raw file, or of several files that hold the same column.

    Attributes
    ----------
    name, label
        What the file calls it, and what the file says about it.
    kind
        What its cells are; ``text`` is anything that is no short list of words.
    filled, rows
        Cells with something in them, and all.
    distinct, repeated
        Distinct cells, and how many of them stand in two rows or more.
    codes
        Distinct codes in order, for categories and whole numbers with few of them.
    labels
        Code -> label, as the file gives them.
    low, high
        The lowest and highest number, missing codes apart.
    missing
        Reason -> codes that stand for no answer.
    guessed_missing
        Whether any of these was guessed from the codes alone.
    date_formats
        How dates are written: in one way, or in several that no cell can be read in at once.
    typical_length
        Median length of its cells as text.
    """

    name: str
    label: str
    kind: Kind
    filled: int
    rows: int
    distinct: int
    repeated: int
    codes: tuple[Code, ...] = ()
    labels: Mapping[Code, str] = field(default_factory=dict)
    low: float | None = None
    high: float | None = None
    missing: Mapping[MissingReason, tuple[Code, ...]] = field(default_factory=dict)
    guessed_missing: bool = False
    date_formats: tuple[str, ...] = ()
    typical_length: float = 0.0

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value, and no two the same."""
        return self.filled == self.rows == self.distinct

    @property
    def is_coded(self) -> bool:
        """Whether it holds few whole numbers, as the answers to an item do."""
        return self.kind in ("integer", "category") and len(self.codes) >= 2 and all(_is_number(c) for c in self.codes)


def profile(raw: RawTable, name: str) -> Profile:
    """Look at one column of a raw file.

    Parameters
    ----------
    raw
        The file.
    name
        The column.

    Returns
    -------
    Profile
        What can be seen from the cells and from what the file says about them.
    """
    cells = raw.frame[name].dropna()
    counts = _counts(cells)
    texts = list(counts)
    declared = {text for text, is_missing in zip(texts, declared_missing(texts, raw, name), strict=True) if is_missing}
    given = {cell_text(code): label.strip() for code, label in raw.value_labels.get(name, {}).items()}
    nothing = {text for text in texts if fold(text) in NOTHING and text not in given}
    left = {text: count for text, count in counts.items() if text not in declared | nothing}
    bare = Profile(
        name=name,
        label=raw.variable_labels.get(name, "").strip() or name,
        kind="empty",
        filled=sum(counts.values()),
        rows=len(raw.frame),
        distinct=len(counts),
        repeated=sum(count > 1 for count in counts.values()),
        typical_length=_typical_length(left),
        missing=_declared_reasons(nothing, given, declared),
    )
    if not left:
        return bare
    if any(isinstance(cell, (datetime, date)) for cell in cells.head(50)):
        return replace(bare, kind="date", date_formats=("%Y-%m-%d",))
    return _numbers(bare, left, given, declared) or _dates(bare, left) or _words(bare, left, given)


def merge(profiles: Iterable[Profile]) -> Profile:
    """Join what several files, or several waves, show of the same column."""
    all_of = list(profiles)
    first = next((one for one in all_of if one.kind != "empty"), all_of[0])
    filled = [one for one in all_of if one.kind != "empty"]
    kinds = {one.kind for one in filled}
    kind = first.kind if len(kinds) == 1 else "number" if kinds == {"integer", "number"} else "text"
    if kinds == {"integer", "category"} and all(_is_number(code) for one in filled for code in one.codes):
        kind = "integer"
    elif kinds <= {"integer", "number", "category"} and kind == "text" and len(kinds) > 1:
        kind = "category" if sum(len(one.codes) for one in filled) <= MOST_CODES else "text"
    lows, highs = ([v for one in filled if (v := getattr(one, end)) is not None] for end in ("low", "high"))
    reasons: dict[MissingReason, tuple[Code, ...]] = {}
    for one in all_of:
        for reason, codes in one.missing.items():
            reasons[reason] = tuple(dict.fromkeys([*reasons.get(reason, ()), *codes]))
    return replace(
        first,
        kind=kind if filled else "empty",
        date_formats=tuple(dict.fromkeys(way for one in filled for way in one.date_formats)),
        codes=_in_order({code for one in filled for code in one.codes}),
        labels={code: label for one in reversed(filled) for code, label in one.labels.items()},
        low=min(lows, default=None),
        high=max(highs, default=None),
        missing=reasons,
        guessed_missing=any(one.guessed_missing for one in all_of),
        filled=sum(one.filled for one in all_of),
        rows=sum(one.rows for one in all_of),
    )


def reason_of(label: str) -> MissingReason | None:
    """Say which kind of no answer a value label means, or None where it means an answer."""
    text = fold(label)
    return next((reason for reason, pattern in _REASONS if pattern.search(text)), None)


def _declared_reasons(
    nothing: set[str], given: Mapping[str, str], declared: set[str]
) -> dict[MissingReason, tuple[Code, ...]]:
    """Give the codes that a file declares missing, by what their labels say, and the words that mean a blank."""
    reasons: dict[MissingReason, list[Code]] = {"unknown": [*sorted(nothing)]} if nothing else {}
    for text in sorted(declared & set(given)):
        code: Code = _code(float(text)) if _NUMBER.match(text) else text
        reasons.setdefault(reason_of(given[text]) or "unknown", []).append(code)
    return {reason: tuple(codes) for reason, codes in reasons.items()}


def _counts(cells: pd.Series) -> dict[str, int]:
    """Count the distinct cells as text; a blank is no cell."""
    counted: dict[str, int] = {}
    for cell, count in cells.value_counts(sort=False).items():
        text = cell_text(cell)
        if text:
            counted[text] = counted.get(text, 0) + int(count)
    return counted


def _typical_length(counts: Mapping[str, int]) -> float:
    lengths = sorted(len(text) for text in counts)
    return float(lengths[len(lengths) // 2]) if lengths else 0.0


def _numbers(bare: Profile, counts: Mapping[str, int], given: Mapping[str, str], declared: set[str]) -> Profile | None:
    """Read the column as numbers, with the odd word among them as a missing code; None where it is something else."""
    pattern = _NUMBER if any(_NUMBER.match(text) and "." in text for text in counts) else None
    pattern = pattern or (_COMMA_NUMBER if any("," in text for text in counts) else _NUMBER)
    read = {text: float(text.replace(",", ".")) for text in counts if pattern.match(text)}
    words = [text for text in counts if text not in read]
    if not read or len(words) > 3 or sum(counts[word] for word in words) > 0.1 * sum(counts.values()):
        return None
    if any(re.match(r"^[+-]?0\d", text) for text in read):
        return None  # leading zeros: an identifier, or a code of an office
    missing: dict[MissingReason, list[Code]] = {reason: list(codes) for reason, codes in bare.missing.items()}
    for word in words:
        missing.setdefault(reason_of(word) or "unknown", []).append(word)
    values = set(read.values())
    labels = {float(text): label for text, label in given.items() if _NUMBER.match(text) and text not in declared}
    is_whole = all(value.is_integer() for value in values)
    guessed = bool(words)
    for value in sorted(values | set(labels)):
        reason = _missing_reason(value, values, labels) if is_whole else None
        if reason is not None:
            missing.setdefault(reason, []).append(_code(value))
            guessed = True
            values.discard(value)
            labels.pop(value, None)
    if not values:
        return replace(bare, missing={reason: tuple(codes) for reason, codes in missing.items()})
    codes = _in_order({_code(value) for value in values | set(labels)}) if is_whole else ()
    is_category = bool(labels) and is_whole and values <= set(labels) and len(labels) <= MOST_CODES
    return replace(
        bare,
        kind="category" if is_category else "integer" if is_whole else "number",
        codes=codes if len(codes) <= MOST_CODES else (),
        labels={_code(value): label for value, label in sorted(labels.items())},
        low=min(values | set(labels)),
        high=max(values | set(labels)),
        missing={reason: tuple(codes) for reason, codes in missing.items()},
        guessed_missing=guessed,
    )


def _missing_reason(value: float, values: set[float], labels: Mapping[float, str]) -> MissingReason | None:
    """Guess whether a number stands for no answer: by its label, its sign, or its distance from all others."""
    if value in labels:
        return reason_of(labels[value])
    others = [other for other in values if other >= 0 and other != value and other not in SENTINELS]
    negatives = [other for other in values if other < 0]
    if not others:
        return None
    if value < 0:
        return "unknown" if len(negatives) <= 5 and all(abs(other) < 1000 for other in negatives) else None
    return "unknown" if value in SENTINELS and max(others) < value / 2 else None


def _dates(bare: Profile, counts: Mapping[str, int]) -> Profile | None:
    texts = pd.Series(list(counts), dtype="str")
    if not texts.str.match(r"^\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}").all():
        return None
    fits = {way: pd.to_datetime(texts, format=way, errors="coerce").notna() for way in DATE_FORMATS}
    for way, fit in fits.items():
        if fit.all():
            return replace(bare, kind="date", date_formats=(way,))
    for (one, first), (other, second) in combinations(fits.items(), 2):
        # Day before month and month before day in one column is no way of writing, but a slip.
        is_swap = one.replace("%d", "%m") == other.replace("%d", "%m")
        if not is_swap and (first ^ second).all():
            return replace(bare, kind="date", date_formats=(one, other))
    return None


def _words(bare: Profile, counts: Mapping[str, int], given: Mapping[str, str]) -> Profile:
    """Take few words that come again and again as codes, and anything else as text."""
    missing: dict[MissingReason, list[Code]] = {reason: list(codes) for reason, codes in bare.missing.items()}
    codes = []
    for text in sorted(counts):
        reason = reason_of(given.get(text, text)) if len(text) <= LONGEST_CODE else None
        if reason is not None and len(counts) > 2:
            missing.setdefault(reason, []).append(text)
        else:
            codes.append(text)
    again = sum(count > 1 for count in counts.values())
    few = len(codes) <= min(MOST_CODES, max(2, sum(counts.values()) / 3)) and again >= 0.8 * len(counts)
    is_written = bool(WRITTEN.search(bare.name)) or any(len(code.split()) > MOST_WORDS for code in codes)
    if not codes or not few or is_written or max(map(len, codes)) > LONGEST_CODE:
        return replace(bare, kind="text")
    return replace(
        bare,
        kind="category",
        codes=tuple(codes),
        labels={code: given[code] for code in codes if code in given},
        guessed_missing=len(codes) < len(counts),
        missing={reason: tuple(found) for reason, found in missing.items()},
    )


def _code(value: float) -> Code:
    return int(value) if float(value).is_integer() else value


def _in_order(codes: set[Code]) -> tuple[Code, ...]:
    return tuple(
        sorted(codes, key=lambda code: (isinstance(code, str), code if not isinstance(code, str) else 0, str(code)))
    )


def _is_number(code: Code) -> bool:
    return not isinstance(code, str)
