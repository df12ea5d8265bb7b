"""Who answered which wave? Response flow, shares of each stated denominator, and patterns of waves.

A participant is *retained* at a wave who answered it, and *lost* at it who did not: retained + lost = enrolled, in
every group and at every wave. The lost are told apart into those who come back later, those who had answered before
and never do again, and those who never answered at all. Nothing here says why anybody left.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.categorical.proportions import interval_bounds, normal_quantile
from increase_eval.comparison.descriptive.groups import (
    Group,
    Levels,
    positions,
    require_columns,
    split_participants,
    to_booleans,
    unique_keys,
)
from increase_eval.results import estimate_table

Booleans = npt.NDArray[np.bool_]

COUNT_COLUMNS = ("enrolled", "retained", "lost", "lost_returning", "lost_for_good", "never_answered")
DENOMINATORS = ("enrolled", "first wave", "previous wave")
"""Of whom a share always is, as far as there is a wave before; bases come besides."""

MAX_WAVES_FOR_ALL_PATTERNS = 10
"""Beyond it 2^waves patterns would fill the table with zeros: only those that occur are listed."""

OK = "ok"
NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class ResponseFlow:
    """Who answered which wave.

    Attributes
    ----------
    shares
        Estimate table: outcome ``responded``, term the denominator (``enrolled``, the names of `bases`, ``first wave``,
        ``previous wave``), wave, ``by_*``, the share who answered with its Wilson interval, n the denominator.
    patterns
        Estimate table: outcome ``pattern``, term such as ``110`` (waves in order, 1 answered), ``by_*``, estimate the
        count, n everybody enrolled. Patterns with nobody are kept.
    counts
        One row per group and wave: ``by_*``, ``wave`` and the columns of :data:`COUNT_COLUMNS`, which add up:
        enrolled = retained + lost, lost = lost_returning + lost_for_good + never_answered.
    monotone
        One row per group: ``by_*``, ``enrolled``, ``monotone_count`` (answered every wave up to some point and none
        after it, which includes nobody and everybody), ``is_monotone`` (all of them).
    waves
        The waves, in order.
    """

    shares: pd.DataFrame
    patterns: pd.DataFrame
    counts: pd.DataFrame
    monotone: pd.DataFrame
    waves: tuple[str, ...]

    @property
    def is_monotone(self) -> bool:
        """Whether nobody came back after missing a wave."""
        return bool(self.monotone["is_monotone"].iloc[0])

    def to_frame(self) -> pd.DataFrame:
        """Give the shares: the table `response_flow`."""
        return self.shares.copy()


def response_flow(
    responses: pd.DataFrame,
    participants: pd.DataFrame,
    *,
    waves: Sequence[str],
    by: Sequence[str] = ("arm",),
    levels: Levels | None = None,
    bases: Mapping[str, str] | None = None,
    confidence: float = 0.95,
) -> ResponseFlow:
    """Who answered which wave, and as a share of whom?

    Parameters
    ----------
    responses
        One row per participant and wave: ``participant``, ``wave``, ``responded`` (true or false). A pair without a
        row counts as not answered.
    participants
        One row per enrolled participant: ``participant`` and the columns of `by`.
    waves
        The waves in order, at least one. Other waves in `responses` are left out.
    by
        Columns of `participants` to split by, one after the other, besides the total.
    levels
        Column of `by` -> its levels in order, so that an empty arm keeps its rows.
    bases
        Further denominators: name -> the column of `participants` that says who is in it, true or false, or filled or
        not (the date of a step of the pathway).
    confidence
        Coverage of the Wilson intervals.

    Returns
    -------
    ResponseFlow
        Tables of shares, patterns, counts and monotonicity; `to_frame()` is the table of shares.

    Raises
    ------
    ValueError
        If a column or wave is absent, a participant stands twice or is unknown, `responded` is missing somewhere or
        neither true nor false, or a base has the name of another denominator.

    Notes
    -----
    The share of a denominator D at wave w is (people of D who answered w) / (people of D). D is everybody enrolled,
    a base, those who answered the first wave, or those who answered the wave before w. A base that is only known after
    a wave, such as who completed, conditions that wave's share on the future: it is no chance of answering. A
    denominator of nobody has the status ``nobody`` and no share. The interval is Wilson's (1927), without a correction
    for finite populations.

    Checked against hand counts in ``tests/spec/attrition/test_response_flow.py``.

    Examples
    --------
    >>> people = pd.DataFrame({"participant": ["p", "q"], "arm": ["a", "b"]})
    >>> answers = pd.DataFrame({"participant": ["p", "q"] * 2, "wave": ["t1", "t1", "t2", "t2"],
    ...                         "responded": [True, True, True, False]})
    >>> flow = response_flow(answers, people, waves=["t1", "t2"])
    >>> print(flow.counts.loc[flow.counts["by_arm"] == "all", ["wave", "retained", "lost"]].to_string(index=False))
    wave  retained  lost
      t1         2     0
      t2         1     1
    """
    normal_quantile(confidence)
    keys = unique_keys(participants)
    answered = response_matrix(responses, keys, waves)
    groups = split_participants(participants, by, levels)
    members = base_members(participants, bases)
    shares = estimate_table(
        [row for group in groups for row in _share_rows(group, answered, waves, members, confidence)],
        outcome="responded",
        method="Wilson interval",
    )
    patterns = estimate_table(_pattern_rows(groups, answered), outcome="pattern", method="count")
    counts = pd.DataFrame([row for group in groups for row in _count_rows(group, answered, waves)])
    monotone = pd.DataFrame([_monotone_row(group, answered) for group in groups])
    return ResponseFlow(shares, patterns, counts, monotone, tuple(waves))


def response_matrix(responses: pd.DataFrame, keys: pd.Index, waves: Sequence[str]) -> Booleans:
    """Put who answered into an array of shape (participants, waves)."""
    require_columns(responses, ("participant", "wave", "responded"), "responses")
    if not len(waves) or len(set(waves)) != len(waves):
        raise ValueError(f"waves are {list(waves)}; at least one is needed, and none twice")
    present = set(responses["wave"].unique())
    absent = [wave for wave in waves if wave not in present]
    if absent and present:
        raise ValueError(f"waves {absent} are not in responses; there are: {', '.join(sorted(map(str, present)))}")
    rows = responses[responses["wave"].isin(list(waves))]
    if rows["responded"].isna().any():
        raise ValueError("`responded` is missing somewhere; allowed: true or false")
    if rows.duplicated(["participant", "wave"]).any():
        raise ValueError("responses has a participant twice in one wave")
    answered = np.zeros((len(keys), len(waves)), dtype=bool)
    at = positions(keys, rows["participant"], "responses")
    wave_at = pd.Index(list(waves)).get_indexer(pd.Index(rows["wave"]))
    answered[at, wave_at] = to_booleans(rows["responded"], "responded")
    return answered


def base_members(participants: pd.DataFrame, bases: Mapping[str, str] | None) -> dict[str, Booleans]:
    """Say of each base who is in it, as an array of shape (participants,)."""
    bases = dict(bases or {})
    taken = sorted(set(bases) & set(DENOMINATORS))
    if taken:
        raise ValueError(f"bases are called {taken}; these are denominators already: {', '.join(DENOMINATORS)}")
    require_columns(participants, tuple(bases.values()), "participants")
    members = {}
    for name, column in bases.items():
        values = participants[column]
        is_flag = pd.api.types.is_bool_dtype(values.dtype)
        members[name] = (values.fillna(False) if is_flag else values.notna()).to_numpy(dtype=bool)
    return members


def _share_rows(
    group: Group, answered: Booleans, waves: Sequence[str], bases: Mapping[str, Booleans], confidence: float
) -> Iterator[dict[str, Any]]:
    own = answered[group.members]
    within = {name: members[group.members] for name, members in bases.items()}
    for index, wave in enumerate(waves):
        denominators = {"enrolled": np.ones(len(own), dtype=bool), **within}
        if index:
            denominators |= {"first wave": own[:, 0], "previous wave": own[:, index - 1]}
        for term, base in denominators.items():
            share = share_row(int(own[base, index].sum()), int(base.sum()), confidence)
            yield {"term": term, "wave": wave, **group.labels, **share}


def share_row(count: int, n: int, confidence: float) -> dict[str, Any]:
    """Give a share with its Wilson interval and status, as the cells of an estimate table."""
    low, high = interval_bounds(np.array([count]), np.array([n]), confidence=confidence)
    cells = {"estimate": count / n if n else np.nan, "conf_low": low[0], "conf_high": high[0], "n": n}
    return {**cells, "status": OK if n else NOBODY}


def _pattern_rows(groups: Sequence[Group], answered: Booleans) -> Iterator[dict[str, Any]]:
    waves = answered.shape[1]
    codes = answered @ (1 << np.arange(waves - 1, -1, -1, dtype=np.int64))
    if waves <= MAX_WAVES_FOR_ALL_PATTERNS:
        patterns = ["".join(bits) for bits in product("10", repeat=waves)]
    else:
        patterns = [f"{code:0{waves}b}" for code in sorted(set(codes.tolist()), reverse=True)]
    for group in groups:
        own = codes[group.members]
        found, counts = np.unique(own, return_counts=True)
        size = dict(zip(found.tolist(), counts.tolist(), strict=True))
        for pattern in patterns:
            yield {
                "term": pattern,
                **group.labels,
                "estimate": size.get(int(pattern, 2), 0),
                "n": len(own),
                "status": OK,
            }


def _count_rows(group: Group, answered: Booleans, waves: Sequence[str]) -> Iterator[dict[str, Any]]:
    own = answered[group.members]
    ever = own.any(axis=1)
    for index, wave in enumerate(waves):
        lost = ~own[:, index]
        later = own[:, index + 1 :].any(axis=1)
        counts = {
            "enrolled": len(own),
            "retained": int(own[:, index].sum()),
            "lost": int(lost.sum()),
            "lost_returning": int((lost & later).sum()),
            "lost_for_good": int((lost & ~later & ever).sum()),
            "never_answered": int((lost & ~ever).sum()),
        }
        yield {**group.labels, "wave": wave, **counts}


def _monotone_row(group: Group, answered: Booleans) -> dict[str, Any]:
    own = answered[group.members]
    steps = (own[:, 1:] <= own[:, :-1]).all(axis=1)
    count = int(steps.sum())
    return {**group.labels, "enrolled": len(own), "monotone_count": count, "is_monotone": count == len(own)}
