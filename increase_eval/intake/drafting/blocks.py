"""Which columns look like the items of one scale, and which of these run the other way."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd

from increase_eval.intake.drafting.profiles import Profile

FEWEST_ITEMS = 3
FEWEST_CODES = 3
WIDEST_RANGE = 10
LOWEST_LOADING = 0.1

_NUMBERED = re.compile(r"^(?P<stem>.*[A-Za-zÀ-ÿ_.\-])(?P<place>\d{1,3})$")
_LETTERED = re.compile(r"^(?P<stem>.*[\d_.\-])(?P<place>[A-Za-z])$")


@dataclass(frozen=True, slots=True)
class Block:
    """Columns that look like the items of one scale.

    Attributes
    ----------
    stem
        What their names have in common.
    items
        The columns, in the order of the file.
    low, high
        The lowest and highest code of all of them.
    reversed
        Those that seem to run the other way.
    """

    stem: str
    items: tuple[str, ...]
    low: float
    high: float
    reversed: tuple[str, ...] = ()


def find_blocks(columns: Mapping[str, Profile], answers: pd.DataFrame) -> list[Block]:
    """Find columns with one stem, a running number or letter, and the same small range of whole numbers.

    Parameters
    ----------
    columns
        Name -> profile, in the order of the file.
    answers
        Shape (rows, columns): the answers of one wave as numbers, to see which items run against the others.

    Returns
    -------
    list of Block
        At least three items each; lists of yes and no are no blocks.
    """
    groups: dict[str, list[str]] = {}
    for name, one in columns.items():
        hit = _NUMBERED.match(name) or _LETTERED.match(name)
        if hit and one.is_coded and one.high is not None:
            groups.setdefault(hit["stem"].rstrip("_.-"), []).append(name)
    blocks = []
    for stem, names in groups.items():
        ranges = Counter((columns[name].low, columns[name].high) for name in names)
        (low, high), _ = max(ranges.items(), key=lambda pair: (pair[1], _width(pair[0])))
        fitting = tuple(name for name in names if _fits(columns[name], low, high))
        if len(fitting) >= FEWEST_ITEMS and _runs_on(fitting) and low is not None and high is not None:
            blocks.append(Block(stem, fitting, low, high, guess_reversed(answers, fitting)))
    return blocks


def _runs_on(names: Sequence[str]) -> bool:
    """Say whether most names follow each other, as items do; the questions of a whole section do not."""
    hits = [_NUMBERED.match(name) or _LETTERED.match(name) for name in names]
    texts = [hit["place"].lower() for hit in hits if hit]
    places = sorted(int(text) if text.isdigit() else ord(text) for text in texts)
    steps = [after - before for before, after in pairwise(places)]
    return sum(step == 1 for step in steps) >= 0.6 * len(steps)


def _width(pair: tuple[float | None, float | None]) -> float:
    return (pair[1] or 0) - (pair[0] or 0)


def _fits(one: Profile, low: float | None, high: float | None) -> bool:
    """Say whether a column has the range of the block, or, as some answers are rare, lies in it and misses one end."""
    if low is None or high is None or one.low is None or one.high is None:
        return False
    inside = low <= one.low and one.high <= high and (one.high - one.low) >= (high - low) / 2
    return inside and FEWEST_CODES - 1 <= high - low <= WIDEST_RANGE and len(one.codes) >= FEWEST_CODES


def guess_reversed(answers: pd.DataFrame, items: Sequence[str]) -> tuple[str, ...]:
    """Guess which items run the other way: those with the rarer sign on the first principal component.

    Parameters
    ----------
    answers
        Shape (rows, columns): answers as numbers.
    items
        The items of one block.

    Returns
    -------
    tuple of str
        None where the answers cannot tell.
    """
    held = [item for item in items if item in answers]
    numbers = answers[held].dropna()
    numbers = numbers.loc[:, numbers.min() < numbers.max()]
    if len(numbers) < 3 * max(1, numbers.shape[1]) or numbers.shape[1] < FEWEST_ITEMS:
        return ()
    _, vectors = np.linalg.eigh(np.corrcoef(numbers.to_numpy(dtype="float64"), rowvar=False))
    loadings = pd.Series(vectors[:, -1], index=numbers.columns)
    if (loadings > 0).sum() < (loadings < 0).sum():
        loadings = -loadings
    against = loadings < -LOWEST_LOADING
    return tuple(loadings.index[against]) if against.sum() < len(loadings) / 2 else ()
