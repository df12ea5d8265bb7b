"""Tables of model estimates: which of their rows may leave?

A model's estimate (a mean, a change, a contrast, a slope, a ratio) is no number of people: all that its row tells of
those is `n`. So no sums have to be solved; four rules are enough, and rows that none of them meets leave as they are:

1. `n` is from 1 to one below the threshold;
2. the same people, or a group that `contrast` names, have an `n` that a count table withholds, or one that is small
   in this table or in another table of models: the n of an arm stands in every row that compares it;
3. the row, or all shown rows together, would leave a small rest of a total that is shown;
4. the estimate is the share of so few people, or of all but so few: in a table of amounts where it makes a whole number
   of people, or where the term is ``share``.

Rows that leave a named unit out, in `by_without`, keep their numbers and lose their `n`: less the whole it is the n of
that unit, which no other table may tell. Where that is small the row is withheld.

To let a new table leave, add its name to :data:`~increase_eval.reporting.disclosure.model_tables.MODEL_TABLES`. Every
row with an estimate needs its `n`; groups of people stand in `by_arm`, `by_site` and the like, with ``all`` for
everybody, and the arms and waves that a row compares stand in `contrast` by their ids, or are known from the plan.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import pandas as pd

from increase_eval.errors import DisclosureError
from increase_eval.reporting.disclosure.estimates import SUPPRESSED
from increase_eval.reporting.disclosure.model_tables import MODEL_TABLES, ModelMeasure
from increase_eval.reporting.disclosure.rows import TOTAL, WITHOUT, Split, is_left_out, is_share_of_few, texts_of
from increase_eval.results import NUMBER_COLUMNS, TEXT_COLUMNS

FLOW_OUTCOME, EVERYBODY_ASKED = "responded", "enrolled"
ANY_OUTCOME = "*"
SHARE = "share"
"""The term of a row that is a share of people, also in a table whose other rows are amounts."""

_NAME = re.compile(r"\w+")

People: TypeAlias = tuple[str, str, str, Split]
"""Outcome, contrast, wave and groups: the people that an n counts."""


@dataclass(frozen=True, slots=True)
class _Row:
    """One row: where it stands, whose n it shows (`own`), and of whom else it tells (`named`).

    `family` is all that the row is about; rows that differ in one `by_*` column alone can be parts of a total.
    """

    table: str
    place: int
    family: tuple[str, ...]
    own: People
    named: frozenset[People]
    n: int
    is_few: bool

    @property
    def stands_on(self) -> frozenset[People]:
        """All people of whom the row tells how many they are."""
        return self.named | {self.own}


def protect_models(
    tables: Mapping[str, pd.DataFrame],
    counted: Mapping[str, pd.DataFrame],
    *,
    threshold: int,
    arms: Iterable[str],
    waves: Iterable[str],
    measures: Mapping[str, ModelMeasure] = MODEL_TABLES,
    compared: Mapping[str, tuple[str, ...]] | None = None,
) -> dict[str, pd.DataFrame]:
    """Which rows of tables of model estimates may leave?

    Parameters
    ----------
    tables
        Name -> estimate table of models.
    counted
        Name -> protected table of counts, shares and means that leaves beside them.
    threshold
        The smallest count above 0 that may be shown.
    arms, waves
        Their ids, by which `contrast` names them (``new - usual``, ``t3 - t1``).
    measures
        Name -> what the estimates are; ``amount`` where it is not known.
    compared
        Contrast -> the arms that it compares, where `contrast` holds the plan's id of it.

    Returns
    -------
    dict
        Name -> the same rows in the same order, with a column `status`. Withheld rows have status ``suppressed``,
        no number and no `n`; a small `n_dropped` is removed everywhere.

    Raises
    ------
    DisclosureError
        If a row has an estimate and no `n`.

    Notes
    -----
    Why this is safe: a row of amounts tells of people only its `n`. That is either the n of a count table, whose
    protection withstands linear programming and is followed (rule 2), or one of the model's own (those who have all
    covariates, say), which is at least the threshold and is left by subtraction with no small remainder (rule 3).
    How many of those who answered are left out of a model is not treated as sensitive, as `n_dropped` is not.

    Examples
    --------
    >>> from increase_eval.results import estimate_table
    >>> rows = [("a", "", 4), ("b", "", 30), ("c", "", 40), ("all", "b - a", 34), ("all", "c - b", 70)]
    >>> means = [{"by_arm": arm, "contrast": contrast, "estimate": 2.5, "n": n} for arm, contrast, n in rows]
    >>> safe = protect_models(
    ...     {"adjusted": estimate_table(means)}, {}, threshold=10, arms=["a", "b", "c"], waves=["t1"]
    ... )
    >>> safe["adjusted"]["estimate"].isna().tolist()
    [True, False, False, True, False]
    """
    columns = {"by_arm"} | {c for table in counted.values() for c in table.columns if c.startswith("by_")}
    names = _Names(frozenset(arms), frozenset(waves), frozenset(columns), compared or {})
    rows = [
        row
        for name, table in tables.items()
        for row in _read(name, table, measures.get(name, "amount"), names, threshold)
    ]
    few = (row.own for row in rows if 0 < row.n < threshold)
    hidden = _close({*_withheld_people(counted), *few}, rows, threshold)
    places: dict[str, list[int]] = defaultdict(list)
    for row in rows:
        if row.is_few or hidden & row.stands_on:
            places[row.table].append(row.place)
    for name, table in tables.items():
        places[name] += _few_left_out(table, threshold)
    return {name: _blanked(table, places[name], threshold) for name, table in tables.items()}


@dataclass(frozen=True, slots=True)
class _Names:
    """What the study calls its arms and waves, and the columns that say which people a row is of."""

    arms: frozenset[str]
    waves: frozenset[str]
    columns: frozenset[str]
    compared: Mapping[str, tuple[str, ...]]

    def people(self, text: Mapping[str, str]) -> tuple[People, frozenset[People]]:
        """Give the people that a row's n counts, and those it compares: n of either follows what counts show."""
        pairs = {(column, text[column]) for column in self.columns & set(text)}
        groups = frozenset(pair for pair in pairs if pair[1] not in ("", TOTAL))
        words = _NAME.findall(text["contrast"])
        rest = frozenset(pair for pair in groups if pair[0] != "by_arm")
        arms = self.compared.get(text["contrast"]) or [word for word in words if word in self.arms]
        compared = [rest | {("by_arm", arm)} for arm in arms] or [groups]
        waves = [text["wave"], *(word for word in (*words, text.get("by_since", "")) if word in self.waves)]
        outcomes = (text["outcome"], ANY_OUTCOME)
        named = frozenset((outcome, "", wave, who) for outcome in outcomes for wave in waves for who in compared)
        return (text["outcome"], text["contrast"], text["wave"], groups), named


def _read(name: str, table: pd.DataFrame, measure: ModelMeasure, names: _Names, threshold: int) -> Iterator[_Row]:
    by_columns = [column for column in table.columns if column.startswith("by_")]
    columns = (*TEXT_COLUMNS, *by_columns)
    texts = zip(*(texts_of(table, column) for column in columns), strict=True)
    for place, (own_texts, estimate, n) in enumerate(zip(texts, table["estimate"], table["n"], strict=True)):
        text = dict(zip(columns, own_texts, strict=True))
        if pd.isna(n):
            if pd.notna(estimate):
                raise DisclosureError(f"table {name}, row {place + 1}: an estimate without n cannot be protected")
            continue
        own, named = names.people(text)
        is_level = not text["contrast"] and pd.notna(estimate)
        exactly = measure == "amount" and text["term"] != SHARE
        yield _Row(
            table=name,
            place=place,
            family=tuple(text.values()),
            own=own,
            named=named,
            n=int(n),
            is_few=is_level and is_share_of_few(float(estimate), int(n), threshold, exactly=exactly),
        )


def _withheld_people(counted: Mapping[str, pd.DataFrame]) -> Iterator[People]:
    """Give the people whose number a table that leaves withholds."""
    for table in counted.values():
        if "status" not in table.columns:
            continue
        gone = (table["status"] == SUPPRESSED).fillna(False)
        # A share of those who answered another wave has their n, not that of its own wave: only one share counts here.
        is_flow = (table["outcome"] == FLOW_OUTCOME).fillna(False)
        counts_wave = (table["term"] == EVERYBODY_ASKED).fillna(False)
        told = table[gone & (counts_wave.where(is_flow, table["n"].isna()))]
        by_columns = [column for column in table.columns if column.startswith("by_")]
        texts = told[["outcome", "term", "wave", *by_columns]].astype("string").fillna("")
        for text in texts.to_dict("records"):
            outcome = ANY_OUTCOME if text["outcome"] == FLOW_OUTCOME else text["outcome"]
            pairs = ((column, text[column]) for column in by_columns)
            yield outcome, "", text["wave"], frozenset(pair for pair in pairs if pair[1] not in ("", TOTAL))


def _close(hidden: set[People], rows: list[_Row], threshold: int) -> set[People]:
    """Hide further people until no shown total less shown parts of it leaves a small number."""
    families = list(_families(rows))
    is_open = True
    while is_open:
        is_open = False
        for total, parts in families:
            if hidden & total.stands_on:
                continue
            shown = [part for part in parts if part.n > 0 and not hidden & part.stands_on]
            # In tables that leave one group out at a time, the difference from everybody is that group.
            nearly_all = [part.own for part in shown if 0 < total.n - part.n < threshold]
            hidden.update(nearly_all)
            is_open |= bool(nearly_all)
            if not nearly_all and 0 < total.n - sum(part.n for part in shown) < threshold:
                hidden.add(min(shown, key=lambda part: part.n).own if shown else total.own)
                is_open = True
    return hidden


def _families(rows: list[_Row]) -> Iterator[tuple[_Row, list[_Row]]]:
    """Give each row that is a total over one `by_*` column, with its parts."""
    found: dict[tuple[str, tuple[str, ...]], list[_Row]] = defaultdict(list)
    first_group = len(TEXT_COLUMNS)
    for row in rows:
        for place in range(first_group, len(row.family)):
            if row.family[place] != TOTAL:
                whole = (*row.family[:place], TOTAL, *row.family[place + 1 :])
                found[row.table, whole].append(row)
    for row in rows:
        parts: dict[int, list[_Row]] = defaultdict(list)
        for part in found.get((row.table, row.family), ()):
            column = next(i for i in range(first_group, len(row.family)) if part.family[i] != row.family[i])
            parts[column].append(part)
        for members in parts.values():
            yield row, members


def _few_left_out(table: pd.DataFrame, threshold: int) -> list[int]:
    """Find rows that leave out a unit of fewer people than the threshold."""
    if WITHOUT not in table.columns:
        return []
    keys = table.reindex(columns=[*TEXT_COLUMNS, "by_since"]).astype("string").fillna("").agg("|".join, axis="columns")
    is_part = is_left_out(table)
    whole = table["n"][~is_part].groupby(keys[~is_part]).max()
    gone = keys.map(whole).astype("Float64") - table["n"].astype("Float64")
    return np.flatnonzero((is_part & gone.between(1, threshold - 1).fillna(False)).to_numpy(dtype=bool)).tolist()


def _blanked(table: pd.DataFrame, places: list[int], threshold: int) -> pd.DataFrame:
    safe = table.copy()
    if "status" not in safe.columns:
        safe["status"] = pd.Series(pd.NA, index=safe.index, dtype="string")
    gone = np.zeros(len(safe), dtype=bool)
    gone[places] = True
    safe.loc[gone, [column for column in NUMBER_COLUMNS if column in safe.columns]] = np.nan
    safe.loc[gone, "status"] = SUPPRESSED
    for column in ("n", "verdict"):
        if column in safe.columns:
            safe.loc[gone, column] = pd.NA
    safe.loc[is_left_out(safe), "n"] = pd.NA
    if "n_dropped" in safe.columns:
        few = safe["n_dropped"].between(1, threshold - 1).fillna(False).to_numpy(dtype=bool)
        safe.loc[gone | few, "n_dropped"] = pd.NA
    return safe
