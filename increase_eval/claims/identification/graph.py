"""How do the things that people are grouped by lie in each other? Nested, crossed, the same, or partly overlapping."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd

GRAPH_COLUMNS = ("factor", "other", "relation", "levels", "other_levels", "pairs")


def factor_graph(data: pd.DataFrame, factors: Sequence[str]) -> pd.DataFrame:
    """Say of every pair of factors how their levels occur together.

    Parameters
    ----------
    data
        One row a person; people without one of the two are left out of a pair.
    factors
        The columns.

    Returns
    -------
    DataFrame
        One row an ordered pair: factor, other, relation, levels, other_levels, pairs (that occur). `relation`:
        ``same`` (one to one), ``nested`` (each level of `factor` occurs with one level of `other`), ``contains`` (the
        other way round), ``crossed`` (every pair occurs), ``partly crossed``, or ``empty``.
    """
    rows = []
    for factor in factors:
        for other in factors:
            if factor != other:
                pairs = data[[factor, other]].dropna().astype("str").drop_duplicates()
                sizes = (pairs[factor].nunique(), pairs[other].nunique())
                rows.append((factor, other, _relation(pairs, *sizes), *sizes, len(pairs)))
    return pd.DataFrame(rows, columns=list(GRAPH_COLUMNS))


def _relation(pairs: pd.DataFrame, first: int, second: int) -> str:
    if pairs.empty:
        return "empty"
    is_nested, contains = len(pairs) == first, len(pairs) == second
    if is_nested and contains:
        return "same"
    if is_nested or contains:
        return "nested" if is_nested else "contains"
    return "crossed" if len(pairs) == first * second else "partly crossed"


def is_estimable(cells: pd.DataFrame, arm: str, factors: Sequence[str], first: str, second: str) -> bool:
    """Say whether the second arm less the first can be estimated where arm and factors add up.

    Parameters
    ----------
    cells
        Every combination of arm and levels that occurs, once.
    arm, factors
        The columns.
    first, second
        The arms.

    Returns
    -------
    bool
        Whether the contrast lies in the row space of the design matrix.
    """
    blocks = [pd.get_dummies(cells[column].astype("str"), dtype=float) for column in (arm, *factors)]
    design = np.hstack([np.ones((len(cells), 1)), *(block.to_numpy() for block in blocks)])
    contrast = np.zeros(design.shape[1])
    arms = list(blocks[0].columns)
    contrast[1 + arms.index(second)], contrast[1 + arms.index(first)] = 1.0, -1.0
    return _rank(design) == _rank(np.vstack([design, contrast]))


def _rank(matrix: npt.NDArray[np.float64]) -> int:
    return int(np.linalg.matrix_rank(matrix))


def paths_between(arms_by_level: pd.DataFrame, first: str, second: str) -> tuple[str, ...] | None:
    """Give the other arms by which two arms are linked through shared levels, or None where there is no link.

    Parameters
    ----------
    arms_by_level
        Columns ``arm`` and ``level``: every pair that occurs.
    first, second
        The arms.

    Returns
    -------
    tuple of str, or None
        The arms in between on a shortest way.
    """
    pairs = zip(arms_by_level["arm"], arms_by_level["level"], strict=True)
    levels: dict[str, set[object]] = {}
    for arm, level in sorted(pairs, key=lambda pair: str(pair[0])):
        levels.setdefault(arm, set()).add(level)
    came_from: dict[str, str] = {first: ""}
    waiting = [first]
    while waiting:
        here = waiting.pop(0)
        for arm, own in levels.items():
            if arm not in came_from and own & levels[here]:
                came_from[arm] = here
                waiting.append(arm)
    if second not in came_from:
        return None
    way = [came_from[second]]
    while way[-1] not in ("", first):
        way.append(came_from[way[-1]])
    return tuple(arm for arm in reversed(way) if arm not in ("", first))
