"""Can a difference between arms be put down to the arms? Rank and overlap of everything that goes with them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import pandas as pd

from increase_eval.claims.identification.attribution import (
    ASSUMED,
    IDENTIFIED,
    NOT_ESTIMABLE,
    NOT_SEPARABLE,
    Assumption,
    Attribution,
)
from increase_eval.claims.identification.graph import factor_graph, is_estimable
from increase_eval.claims.identification.overlap import FactorCheck, check_factor

PERSON = "person"
ALL = "all"
COLUMNS = (
    "contrast",
    "factor",
    "relation",
    "label",
    "needs",
    "levels_first",
    "levels_second",
    "levels_shared",
    "via",
)


@dataclass(frozen=True, slots=True)
class ContrastCheck:
    """What holds of one contrast: its arms, its attribution, and how each factor lies over it."""

    contrast: str
    first: str
    second: str
    attribution: Attribution
    factors: tuple[FactorCheck, ...]


@dataclass(frozen=True, slots=True)
class Identification:
    """What a design can tell apart.

    Attributes
    ----------
    contrasts
        One check a contrast.
    graph
        How arm and factors lie in each other, see :func:`factor_graph`.
    randomised
        What chance allocated: ``person``, a factor, or None.
    n_dropped
        Rows without an arm.
    """

    contrasts: tuple[ContrastCheck, ...]
    graph: pd.DataFrame
    randomised: str | None
    n_dropped: int

    def attribution(self, contrast: str) -> Attribution:
        """Give the attribution of one contrast.

        Raises
        ------
        ValueError
            If it was not checked.
        """
        for one in self.contrasts:
            if one.contrast == contrast:
                return one.attribution
        raise ValueError(f"contrast {contrast!r} was not checked; allowed: {[one.contrast for one in self.contrasts]}")

    def to_frame(self) -> pd.DataFrame:
        """Give one row a contrast and factor, and one a contrast with factor ``all``."""
        rows = [row for one in self.contrasts for row in _rows(one)]
        frame = pd.DataFrame(rows, columns=list(COLUMNS))
        counts = [name for name in COLUMNS if name.startswith("levels_")]
        return frame.astype({name: "Int64" if name in counts else "string" for name in COLUMNS})


LINKED = ("constant", "overlapping", "partly overlapping", "indirect")
"""Factors that by themselves leave a contrast estimable; a constant one may vary in the arms that link two others."""


def check_identification(
    data: pd.DataFrame,
    *,
    arm: str,
    factors: Sequence[str],
    contrasts: Mapping[str, tuple[str, str]] | Sequence[tuple[str, str]] | None = None,
    randomised: str | None = None,
    ordered: Collection[str] = (),
) -> Identification:
    """Can a difference between arms be put down to the arms, and if not, what else could it be?

    Parameters
    ----------
    data
        One row a person.
    arm
        The column with the arm.
    factors
        Columns of what people are grouped by: site, provider, area, country, language, quarter.
    contrasts
        Name -> (first, second); or pairs, which are called ``second - first``; None: every pair in sorted order.
    randomised
        What chance alone allocated to arms: ``"person"``, the factor whose units it allocated, or None.
    ordered
        Factors whose levels follow each other in time: levels that lie before and after are no sample of levels.

    Returns
    -------
    Identification
        For each contrast ``identified``, ``identified under assumption`` (all assumptions named), ``not separable``
        (from everything named, together) or ``not estimable`` (nobody in an arm).

    Raises
    ------
    ValueError
        If a column or arm is not there, an arm is compared with itself, or `randomised` is no factor.

    Notes
    -----
    Of the levels that each arm occurs with, factor by factor (people with an unknown level left out):

    - one level in all: the factor cannot matter;
    - every level with both arms: the contrast can be taken within levels;
    - some levels with both: it holds for those levels, and beyond them under *additivity*, the same difference in
      every level;
    - no level with both, but a chain of arms that share levels: estimable in arm + factor (rank), under additivity;
    - no chain: not estimable in arm + factor. With several levels on each side it can still be compared with the
      differences between levels within arms, if levels are *exchangeable* (clusters drawn alike); with one level on a
      side, or levels of an ordered factor that lie apart, the arms are *not separable* from the factor;
    - levels unknown in a whole arm: nothing can be compared, and the factor is assumed not to matter.

    All factors that do so are named together. Then arm and all factors that by themselves leave the contrast estimable
    are taken together: where their joint rank does not, the fewest that do this are named. Nothing is *identified*
    without random allocation: overlap in what is known says nothing of what is not (*unconfounded*). Under random
    allocation one of several levels may lack an arm by chance, unless the probability of that is under 0.001; units
    allocated by chance are exchangeable by design, where each arm has two or more.

    References
    ----------
    Searle SR (1971). Linear Models, section 7.2 (connectedness). ISBN 9780471769507. Weeks DL, Williams DR (1964).
    doi:10.1080/00401706.1964.10490183. Rosenbaum PR, Rubin DB (1983). doi:10.1093/biomet/70.1.41.

    Checked against designs whose answer is plain and against the rank of the full design matrix on random designs, in
    ``tests/unit/claims/test_identification.py``.

    Examples
    --------
    >>> people = pd.DataFrame({"arm": ["a", "a", "b", "b"], "country": ["x", "x", "y", "y"], "sex": [1, 2, 1, 2]})
    >>> result = check_identification(people, arm="arm", factors=["country", "sex"])
    >>> print(result.attribution("b - a"))
    not separable: country
    """
    named = _named(data, arm, contrasts)
    _require_sound(data, arm, factors, named, randomised)
    rows = data.dropna(subset=[arm])
    checks = tuple(
        _check(rows, arm, factors, name, first, second, randomised=randomised, ordered=ordered)
        for name, (first, second) in named.items()
    )
    return Identification(checks, factor_graph(rows, [arm, *factors]), randomised, len(data) - len(rows))


def _check(
    data: pd.DataFrame,
    arm: str,
    factors: Sequence[str],
    name: str,
    first: str,
    second: str,
    *,
    randomised: str | None,
    ordered: Collection[str],
) -> ContrastCheck:
    if not {first, second} <= set(data[arm]):
        return ContrastCheck(name, first, second, Attribution(NOT_ESTIMABLE), ())
    checks = tuple(
        check_factor(
            data,
            arm=arm,
            factor=factor,
            first=first,
            second=second,
            randomised=randomised,
            is_ordered=factor in ordered,
        )
        for factor in factors
    )
    aliased = tuple(one.factor for one in checks if one.relation == "aliased")
    if not aliased:
        linked = [one.factor for one in checks if one.relation in LINKED]
        aliased = _jointly_aliased(data, arm, linked, first, second)
    if aliased:
        return ContrastCheck(name, first, second, Attribution(NOT_SEPARABLE, factors=aliased), checks)
    needed = tuple(one.assumption for one in checks if one.assumption is not None)
    if randomised is None:
        needed = (Assumption("unconfounded"), *needed)
    attribution = Attribution(ASSUMED, assumptions=needed) if needed else Attribution(IDENTIFIED)
    return ContrastCheck(name, first, second, attribution, checks)


def _jointly_aliased(data: pd.DataFrame, arm: str, factors: Sequence[str], first: str, second: str) -> tuple[str, ...]:
    """Give the fewest factors that together leave the contrast without rank, though none does by itself."""
    cells = data[[arm, *factors]].dropna().drop_duplicates()
    for size in range(2, len(factors) + 1):
        for some in combinations(factors, size):
            own = cells[[arm, *some]].drop_duplicates()
            if {first, second} <= set(own[arm]) and not is_estimable(own, arm, some, first, second):
                return some
    return ()


def _rows(one: ContrastCheck) -> list[tuple[Any, ...]]:
    whole = one.attribution
    needs = ", ".join([*map(str, whole.assumptions), *whole.factors]) or None
    rows: list[tuple[Any, ...]] = [(one.contrast, ALL, None, whole.label, needs, None, None, None, None)]
    for check in one.factors:
        label = NOT_SEPARABLE if check.relation == "aliased" else ASSUMED if check.assumption else IDENTIFIED
        levels = (check.levels_first, check.levels_second, check.levels_shared)
        needed = str(check.assumption) if check.assumption else None
        rows.append((one.contrast, check.factor, check.relation, label, needed, *levels, ", ".join(check.via) or None))
    return rows


def _named(
    data: pd.DataFrame, arm: str, contrasts: Mapping[str, tuple[str, str]] | Sequence[tuple[str, str]] | None
) -> dict[str, tuple[str, str]]:
    if isinstance(contrasts, Mapping):
        return dict(contrasts)
    if contrasts is None:
        contrasts = list(combinations(sorted(data[arm].dropna().unique()) if arm in data else [], 2))
    return {f"{second} - {first}": (first, second) for first, second in contrasts}


def _require_sound(
    data: pd.DataFrame,
    arm: str,
    factors: Sequence[str],
    contrasts: Mapping[str, tuple[str, str]],
    randomised: str | None,
) -> None:
    absent = [column for column in (arm, *factors) if column not in data]
    if absent:
        raise ValueError(f"columns {absent} are not in the data; it has: {', '.join(map(str, data.columns))}")
    if arm in factors:
        raise ValueError(f"{arm!r} is the arm and cannot be a factor")
    same = [name for name, (first, second) in contrasts.items() if first == second]
    if same:
        raise ValueError(f"contrasts {same} compare an arm with itself")
    if randomised is not None and randomised not in (PERSON, *factors):
        raise ValueError(f"randomised is {randomised!r}; allowed: {PERSON}, {', '.join(factors)}, or None")
