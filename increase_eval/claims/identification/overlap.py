"""Does a factor occur with both arms of a contrast? How its levels overlap, and what follows for the contrast."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import pandas as pd

from increase_eval.claims.identification.attribution import Assumption
from increase_eval.claims.identification.graph import paths_between

Relation: TypeAlias = Literal[
    "constant",
    "overlapping",
    "overlapping but for chance",
    "partly overlapping",
    "indirect",
    "nested",
    "aliased",
    "empty",
]

CHANCE = 0.001
"""Below this probability it is no chance of random allocation that a level has only one of two arms."""


@dataclass(frozen=True, slots=True)
class FactorCheck:
    """How one factor lies over the two arms of a contrast.

    Attributes
    ----------
    factor
        The factor.
    relation
        ``constant`` (one level), ``overlapping`` (every level has both arms), ``overlapping but for chance`` (random
        allocation may have left an arm out of small levels), ``partly overlapping``, ``indirect`` (no level has both,
        but other arms link them), ``nested`` (no link; several levels on each side), ``aliased`` (no link; one level on
        a side, or an ordered factor whose levels lie apart), ``empty`` (of nobody in an arm the level is known).
    assumption
        What the contrast needs because of this factor, where it needs something.
    levels_first, levels_second, levels_shared
        How many levels each arm has, and both have.
    via
        The arms in between, for ``indirect``.
    n_missing
        People of the two arms whose level is not known.
    """

    factor: str
    relation: Relation
    assumption: Assumption | None
    levels_first: int
    levels_second: int
    levels_shared: int
    via: tuple[str, ...]
    n_missing: int


def check_factor(
    data: pd.DataFrame,
    *,
    arm: str,
    factor: str,
    first: str,
    second: str,
    randomised: str | None,
    is_ordered: bool,
) -> FactorCheck:
    """See how one factor lies over two arms; the rule is that of :func:`check_identification`."""
    own = data[data[arm].isin([first, second])]
    known = data.dropna(subset=[factor])
    levels = {name: set(known.loc[known[arm] == name, factor]) for name in (first, second)}
    a, b = levels[first], levels[second]
    relation, via = _relation(known, arm, factor, first, second, is_ordered=is_ordered)
    if randomised not in (None, factor) and relation in ("partly overlapping", "indirect", "nested"):
        units = _units(known, arm, factor, randomised)
        if not _is_no_chance(units[units[arm].isin([first, second])], arm, factor):
            relation, via = "overlapping but for chance", ()
    assumption = _assumption(relation, factor)
    if relation == "nested" and factor == randomised:
        assumption = None
    missing = int(own[factor].isna().sum())
    return FactorCheck(factor, relation, assumption, len(a), len(b), len(a & b), via, missing)


def _relation(
    known: pd.DataFrame, arm: str, factor: str, first: str, second: str, *, is_ordered: bool
) -> tuple[Relation, tuple[str, ...]]:
    a, b = (set(known.loc[known[arm] == name, factor]) for name in (first, second))
    if not a or not b:
        return "empty", ()
    if len(a | b) == 1:
        return "constant", ()
    if a & b:
        return ("overlapping" if a == b else "partly overlapping"), ()
    pairs = known[[arm, factor]].drop_duplicates().set_axis(["arm", "level"], axis="columns")
    via = paths_between(pairs, first, second)
    if via is not None:
        return "indirect", via
    lies_apart = is_ordered and (max(a) < min(b) or max(b) < min(a))
    return ("nested" if min(len(a), len(b)) > 1 and not lies_apart else "aliased"), ()


def _assumption(relation: Relation, factor: str) -> Assumption | None:
    if relation == "partly overlapping":
        return Assumption("additive", factor)
    if relation == "indirect":
        return Assumption("indirect", factor)
    if relation == "empty":
        return Assumption("unknown", factor)
    return Assumption("exchangeable", factor) if relation == "nested" else None


def _units(known: pd.DataFrame, arm: str, factor: str, randomised: str | None) -> pd.DataFrame:
    """Give one row an allocated unit, where the factor is the same for everybody of a unit; else one a person."""
    if randomised is None or randomised not in known:
        return known
    units = known[[randomised, arm, factor]].drop_duplicates()
    return units if not units.duplicated([randomised, arm]).any() else known


def _is_no_chance(units: pd.DataFrame, arm: str, factor: str) -> bool:
    """Say whether any level has so many units of one arm alone that random allocation would not do that."""
    shares = units[arm].value_counts(normalize=True)
    counts = pd.crosstab(units[factor], units[arm])
    alone = counts[(counts > 0).sum(axis="columns") == 1].sum(axis="columns")
    chance = [sum(float(share) ** int(size) for share in shares) for size in alone]
    return any(one < CHANCE for one in chance)
