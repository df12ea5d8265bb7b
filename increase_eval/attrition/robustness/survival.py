"""What does an estimate say, and which assumptions leave it standing? By size alone: nothing is tested here."""

from __future__ import annotations

from typing import Any

import pandas as pd

from increase_eval.attrition.anchored.tables import margin_in_points
from increase_eval.attrition.headlines import Headline
from increase_eval.study import Scale

BETTER, SLIGHTLY_BETTER, SLIGHTLY_WORSE, WORSE = "better", "slightly better", "slightly worse", "worse"
MORE, FEWER, AS_MANY = "more", "fewer", "as many"
MAIN = ("mmrm", "imputation", "weights", "complete_cases")
"""The estimate that the others are compared with: the first of these that there is."""
NOT_COMPARED = ("first_wave",)
BOUNDS = ("bounds_lower", "bounds_upper")


def conclusions(table: pd.DataFrame, headline: Headline) -> pd.DataFrame:
    """Add the verdict of each row: what its estimate says, read by itself.

    Notes
    -----
    A change is ``better`` or ``worse`` where it reaches the smallest effect of interest, ``slightly`` so where it does
    not; without such an effect every change counts; a difference of changes likewise, of the second arm. A share is
    compared with the same people's at the first wave: ``more``, ``fewer``, ``as many``; a difference of shares with
    nought. A share that the first wave does not ask has no verdict. Intervals play no part.
    """
    if headline.is_state:
        start = {
            group.by_arm: float(headline.first[group.mask].mean()) if group.mask.any() else float("nan")
            for group in headline.groups
            if group.contrast is None
        }
        verdicts = [
            _share(estimate, start[arm] if pd.isna(contrast) else 0.0)
            for estimate, arm, contrast in zip(table["estimate"], table["by_arm"], table["contrast"], strict=True)
        ]
    else:
        assert isinstance(headline.outcome, Scale)
        margin = margin_in_points(headline.study, headline.outcome, headline.spread) or 0.0
        sign = -1.0 if headline.outcome.direction == "lower_is_better" else 1.0
        verdicts = [_change(estimate, sign, margin) for estimate in table["estimate"]]
    return table.assign(verdict=pd.array(verdicts, dtype="string"))


def _change(estimate: Any, sign: float, margin: float) -> str | None:
    if pd.isna(estimate):
        return None
    size = sign * float(estimate)
    if size >= 0:
        return BETTER if size >= margin else SLIGHTLY_BETTER
    return WORSE if -size >= margin else SLIGHTLY_WORSE


def _share(estimate: Any, start: float) -> str | None:
    if pd.isna(estimate) or pd.isna(start):
        return None
    gap = float(estimate) - start
    return AS_MANY if abs(gap) < 1e-12 else MORE if gap > 0 else FEWER


def direction(verdict: str) -> str:
    """Give which way a verdict points, whatever its size."""
    return verdict.removeprefix("slightly ")


def surviving(table: pd.DataFrame) -> pd.DataFrame:
    """Say of every headline, arm and comparison which methods leave its conclusion standing.

    Parameters
    ----------
    table
        From :func:`.robustness_table`, as stored or as protected.

    Returns
    -------
    DataFrame
        One row an outcome, wave and arm (``all``: everybody) or comparison (``contrast``, else empty): ``main`` (the
        method that the others are compared with), ``verdict`` (its),
        ``same`` (methods with the same verdict), ``smaller`` (the same direction, of another size), ``opposite`` (the
        other direction, or none), ``missing`` (no number); each a tuple of methods in the table's order, with
        ``bounds`` for both ends together.

    Notes
    -----
    The first of mmrm, imputation, weights and complete cases that has a number is the main one. Headlines without any
    are left out.

    Examples
    --------
    >>> from increase_eval.results import estimate_table
    >>> said = {"mmrm": "better", "delta": "slightly better", "bounds_lower": "worse", "bounds_upper": "better"}
    >>> rows = [{"by_method": method, "verdict": verdict, "estimate": 1.0} for method, verdict in said.items()]
    >>> found = surviving(estimate_table(rows, outcome="score", term="change", wave="t2", by_arm="a")).iloc[0]
    >>> found["main"], found["smaller"], found["opposite"]
    ('mmrm', ('delta',), ('bounds',))
    """
    rows = []
    keys = ["outcome", "term", "wave", "by_arm", "contrast"]
    compared = table[~table["by_method"].isin(NOT_COMPARED)]
    compared = compared.assign(contrast=compared["contrast"].fillna(""))
    for key, own in compared.groupby(keys, sort=False, observed=True):
        verdicts = {
            str(method): None if pd.isna(verdict) or pd.isna(estimate) else str(verdict)
            for method, verdict, estimate in zip(own["by_method"], own["verdict"], own["estimate"], strict=True)
        }
        ends = {verdicts.pop(name, None) for name in BOUNDS} if set(BOUNDS) & set(verdicts) else set()
        main = next((method for method in MAIN if verdicts.get(method)), None)
        if main is None:
            continue
        said = verdicts[main] or ""
        groups: dict[str, list[str]] = {"same": [], "smaller": [], "opposite": [], "missing": []}
        for method, verdict in verdicts.items():
            if method != main:
                groups[_group(said, verdict)].append(method)
        if ends:
            groups[_of_both(said, ends)].append("bounds")
        found = {name: tuple(methods) for name, methods in groups.items()}
        rows.append({**dict(zip(keys, key, strict=True)), "main": main, "verdict": said, **found})
    columns = [*keys, "main", "verdict", "same", "smaller", "opposite", "missing"]
    return pd.DataFrame(rows, columns=columns)


def _of_both(main: str, ends: set[str | None]) -> str:
    """Give the group of bounds: what both ends say, and the other direction where they disagree."""
    found = {_group(main, verdict) for verdict in ends}
    if "missing" in found or len(found) == 1:
        return "missing" if "missing" in found else found.pop()
    return "opposite" if "opposite" in found else "smaller"


def _group(main: str, verdict: str | None) -> str:
    if verdict is None:
        return "missing"
    if verdict == main:
        return "same"
    return "smaller" if direction(verdict) == direction(main) else "opposite"
