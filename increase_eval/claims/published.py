"""Published against recomputed: does each figure that others printed come out again, within its rounding?"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, isnan, nan
from typing import Any

import pandas as pd

from increase_eval.claims.recipes import Recomputed, recompute
from increase_eval.errors import ContractError
from increase_eval.results import estimate_table
from increase_eval.study.claims import PublishedPlan
from increase_eval.study.study import Study

NO_NUMBER = ("ordering", "direction", "mapping", "caveat")
"""Kinds of published claims that are no figure; they are listed, and judged elsewhere."""

ROUNDING = 1e-9
"""What a recomputed figure may lie outside an interval by, in its own unit: the last bits of a division."""


def compare_published(study: Study, plan: PublishedPlan, tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """Say of every published figure whether it comes out again.

    Parameters
    ----------
    study
        The study; its folder holds ``published.csv``.
    plan
        How figures are worked out, and which cannot be.
    tables
        ``participants``, ``responses``, ``states``, ``service_statistics`` and ``costs`` as stored, those that there
        are.

    Returns
    -------
    DataFrame
        An estimate table with two rows a figure: ``term="published"`` (the printed value and the interval that its
        rounding allows) and ``term="recomputed"`` (value, n, and an interval where survey respondents are a sample).
        ``outcome`` is the id. ``status``: reproduced, reproduced by construction (synthetic data), differs, not
        computable, not a number.

    Raises
    ------
    ContractError
        If a figure has no recipe and no reason, or one that is not published has.

    Notes
    -----
    A figure is reproduced when it lies in [low, high] as printed; one missing bound is open, and without either the
    figure has to be the printed value itself. A status says nothing about the population: the interval does.
    """
    published = read_published(study, plan)
    rows = []
    for _, figure in published.iterrows():
        rows += _rows(figure, study, plan, tables)
    return estimate_table(rows)


def read_published(study: Study, plan: PublishedPlan) -> pd.DataFrame:
    """Read the published figures and check that the plan covers each exactly once.

    Raises
    ------
    ContractError
        Naming every id that stands twice, is not covered, or is covered and not published.
    """
    published = pd.read_csv(study.folder / "published.csv")
    numbers = set(published.loc[~published["value_type"].isin(NO_NUMBER), "id"])
    unavailable = [figure for group in plan.not_computable for figure in group.ids]
    covered = [*plan.recomputed, *unavailable]
    problems = [f"{figure!r} stands twice in published.csv" for figure in _twice(published["id"].tolist())]
    problems += [f"{figure!r} is both recomputed and not computable, or listed twice" for figure in _twice(covered)]
    problems += [f"{figure!r} has neither a recipe nor a reason" for figure in sorted(numbers - set(covered))]
    problems += [f"{figure!r} is not in published.csv" for figure in sorted(set(covered) - set(published["id"]))]
    if problems:
        raise ContractError(f"published.yaml and published.csv of {study.id} do not fit", problems)
    return published


def _rows(
    figure: pd.Series, study: Study, plan: PublishedPlan, tables: Mapping[str, pd.DataFrame]
) -> list[dict[str, Any]]:
    printed = {
        "outcome": figure["id"],
        "term": "published",
        "estimate": _number(figure["value"]),
        "conf_low": _number(figure["low"]),
        "conf_high": _number(figure["high"]),
        "method": "as printed, with the interval that its rounding allows",
    }
    recipe = plan.recomputed.get(figure["id"])
    if recipe is None:
        status = "not a number" if figure["value_type"] in NO_NUMBER else "not computable"
        return [printed | {"status": status}]
    found = recompute(recipe, study, tables)
    status = _status(found, *_allowed(printed), is_synthetic=study.is_synthetic)
    recomputed = {
        "outcome": figure["id"],
        "term": "recomputed",
        "estimate": found.estimate,
        "conf_low": found.conf_low,
        "conf_high": found.conf_high,
        "n": found.n,
        "method": "complete count" if isnan(found.conf_low) else "share of respondents, Wilson 95 % interval",
    }
    return [printed | {"status": status}, recomputed | {"status": status}]


def _allowed(printed: Mapping[str, Any]) -> tuple[float, float]:
    """Give the ends between which a figure is as printed: without any, anything at all would be."""
    low, high = printed["conf_low"], printed["conf_high"]
    return (
        (printed["estimate"],) * 2
        if isnan(low) and isnan(high)
        else (-inf if isnan(low) else low, inf if isnan(high) else high)
    )


def _status(found: Recomputed, low: float, high: float, *, is_synthetic: bool) -> str:
    if isnan(found.estimate) or not low - ROUNDING <= found.estimate <= high + ROUNDING:
        return "differs"
    return "reproduced by construction" if is_synthetic else "reproduced"


def _number(cell: Any) -> float:
    try:
        return float(cell)
    except (TypeError, ValueError):
        return nan


def _twice(names: list[str]) -> list[str]:
    return sorted({name for name in names if names.count(name) > 1})
