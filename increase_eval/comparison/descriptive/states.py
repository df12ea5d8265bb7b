"""Who is in which state, and who moved where? Shares of states by wave and transitions between waves.

The shares are of those whose state is known at the wave; a transition needs the state at both waves, and whoever is
known at the first only is counted as dropped. Nothing here corrects for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.categorical.proportions import interval_bounds, normal_quantile
from increase_eval.comparison.descriptive.groups import (
    TOTAL,
    Levels,
    positions,
    require_columns,
    split_participants,
    unique_keys,
)
from increase_eval.comparison.descriptive.score_summary import NOBODY, OK
from increase_eval.results import estimate_table

Ints = npt.NDArray[np.int64]
Variables = Mapping[str, Sequence[str]]

UNKNOWN = -1


def state_shares(
    states: pd.DataFrame,
    participants: pd.DataFrame,
    *,
    waves: Sequence[str],
    variables: Variables,
    by: Sequence[str] = ("arm",),
    levels: Levels | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Which share is in each state, in each wave and group?

    Parameters
    ----------
    states
        One row per participant, wave and variable: ``participant``, ``wave``, ``variable``, ``state`` (an id, or
        missing).
    participants
        One row per participant: ``participant`` and the columns of `by`.
    waves
        The waves in order.
    variables
        State variable -> the ids of its states, in order.
    by, levels
        As for :func:`increase_eval.comparison.descriptive.groups.split_participants`.
    confidence
        Coverage of the Wilson intervals.

    Returns
    -------
    DataFrame
        Estimate table: outcome the variable, term the state, wave, ``by_*``, estimate the share of those whose state
        is known, Wilson interval, n those known, n_dropped the rows of the wave without a state, status ``ok`` or
        ``nobody``. A variable has no rows for a wave in which it has none in `states`.

    Raises
    ------
    ValueError
        If a column is absent, a participant is unknown or stands twice, or a state is not among those of its variable.

    Notes
    -----
    Wilson's interval; see :func:`increase_eval.comparison.proportion_interval`. Checked against hand counts in
    ``tests/spec/comparison/test_states.py``.

    Examples
    --------
    >>> people = pd.DataFrame({"participant": ["p", "q"], "arm": ["a", "b"]})
    >>> states = pd.DataFrame({"participant": ["p", "q"], "wave": "t1", "variable": "work", "state": ["job", "none"]})
    >>> table = state_shares(states, people, waves=["t1"], variables={"work": ["job", "none"]}, by=())
    >>> print(table[["term", "estimate", "n"]].to_string(index=False))
    term  estimate  n
     job       0.5  2
    none       0.5  2
    """
    normal_quantile(confidence)
    groups = split_participants(participants, by, levels)
    rows: list[dict[str, Any]] = []
    for variable, names in variables.items():
        asked, codes = _state_matrix(states, unique_keys(participants), waves, variable, names)
        for index, wave in enumerate(waves):
            for group in groups if asked[:, index].any() else ():
                inside = group.members & asked[:, index]
                own = codes[inside, index]
                cells = {"outcome": variable, "wave": wave, **group.labels}
                rows.extend({**cells, **row} for row in _shares(own, names, confidence))
    return estimate_table(rows, method="Wilson interval")


def state_transitions(
    states: pd.DataFrame,
    participants: pd.DataFrame,
    *,
    waves: Sequence[str],
    variables: Variables,
    pairs: Sequence[tuple[str, str]] | None = None,
    by: Sequence[str] = ("arm",),
    levels: Levels | None = None,
    confidence: float = 0.95,
) -> pd.DataFrame:
    """Of those in a state at one wave, which share is in each state at a later one?

    Parameters
    ----------
    states, participants, waves, variables, by, levels, confidence
        As for :func:`state_shares`.
    pairs
        Pairs of waves (from, to); empty: every earlier wave with every later one.

    Returns
    -------
    DataFrame
        Estimate table: outcome the variable, contrast ``w1 -> w2``, term the state reached, wave the later wave,
        ``by_from`` the state left (``all``: whatever it was), ``by_*``, estimate the share, Wilson interval, n those
        who left that state with both states known, n_dropped those in it whose later state is not known, status ``ok``
        or ``nobody``. All cells are kept, zeros included; a pair has no rows where the variable was not asked in both.

    Raises
    ------
    ValueError
        As for :func:`state_shares`, and if a pair names an unknown wave or one that does not come later.

    Notes
    -----
    Shares of one ``by_from`` add up to 1 over the states reached. The denominator is those known at *both* waves.

    Examples
    --------
    >>> people = pd.DataFrame({"participant": ["p", "q"]})
    >>> states = pd.DataFrame({"participant": ["p", "q", "p"], "wave": ["t1", "t1", "t2"], "variable": "work",
    ...                        "state": ["none", "none", "job"]})
    >>> table = state_transitions(states, people, waves=["t1", "t2"], variables={"work": ["job", "none"]}, by=())
    >>> columns = ["contrast", "term", "estimate", "n", "n_dropped"]
    >>> print(table.loc[table["by_from"] == "none", columns].to_string(index=False))
    contrast term  estimate  n  n_dropped
    t1 -> t2  job       1.0  1          1
    t1 -> t2 none       0.0  1          1
    """
    normal_quantile(confidence)
    pairs = tuple(combinations(waves, 2)) if pairs is None else tuple(pairs)
    order = {wave: index for index, wave in enumerate(waves)}
    for first, second in pairs:
        if first not in order or second not in order or order[first] >= order[second]:
            raise ValueError(f"pair {(first, second)!r}; allowed: an earlier and a later one of {list(waves)}")
    groups = split_participants(participants, by, levels)
    rows: list[dict[str, Any]] = []
    for variable, names in variables.items():
        asked, codes = _state_matrix(states, unique_keys(participants), waves, variable, names)
        for first, second in pairs:
            i, j = order[first], order[second]
            for group in groups if asked[:, i].any() and asked[:, j].any() else ():
                cells = {"outcome": variable, "contrast": f"{first} -> {second}", "wave": second}
                start, end = codes[group.members, i], codes[group.members, j]
                rows.extend({**cells, **group.labels, **row} for row in _moves(start, end, names, confidence))
    return estimate_table(rows, method="Wilson interval")


def _state_matrix(
    states: pd.DataFrame, keys: pd.Index, waves: Sequence[str], variable: str, names: Sequence[str]
) -> tuple[npt.NDArray[np.bool_], Ints]:
    """Put who was asked, and where their state is in `names` (-1: unknown), into arrays (participants, waves)."""
    require_columns(states, ("participant", "wave", "variable", "state"), "states")
    if TOTAL in names or len(set(names)) != len(names):
        raise ValueError(f"states of {variable!r} are {list(names)}; allowed: different ids, none of them {TOTAL!r}")
    rows = states[(states["variable"] == variable) & states["wave"].isin(list(waves))]
    if rows.duplicated(["participant", "wave"]).any():
        raise ValueError(f"states has a participant twice in one wave for {variable!r}")
    found = np.asarray(pd.Index(list(names)).get_indexer(pd.Index(rows["state"])), dtype=np.int64)
    stray = int(((found == UNKNOWN) & rows["state"].notna().to_numpy(dtype=bool)).sum())
    if stray:
        raise ValueError(f"{stray} states of {variable!r} are not among: {', '.join(map(str, names))}")
    at = positions(keys, rows["participant"], "states")
    wave_at = pd.Index(list(waves)).get_indexer(pd.Index(rows["wave"]))
    asked = np.zeros((len(keys), len(waves)), dtype=bool)
    codes = np.full((len(keys), len(waves)), UNKNOWN, dtype=np.int64)
    asked[at, wave_at] = True
    codes[at, wave_at] = found
    return asked, codes


def _moves(start: Ints, end: Ints, names: Sequence[str], confidence: float) -> Iterator[dict[str, Any]]:
    for index, name in [(UNKNOWN, TOTAL), *enumerate(names)]:
        inside = start != UNKNOWN if index == UNKNOWN else start == index
        for row in _shares(end[inside], names, confidence):
            yield {"by_from": name, **row}


def _shares(codes: Ints, names: Sequence[str], confidence: float) -> Iterator[dict[str, Any]]:
    known = codes[codes != UNKNOWN]
    counts = np.bincount(known, minlength=len(names))
    sizes = np.full(len(names), len(known))
    low, high = interval_bounds(counts, sizes, confidence=confidence)
    ends = {"n": len(known), "n_dropped": len(codes) - len(known), "status": OK if len(known) else NOBODY}
    for index, name in enumerate(names):
        share = counts[index] / len(known) if len(known) else np.nan
        yield {"term": name, "estimate": share, "conf_low": low[index], "conf_high": high[index], **ends}
