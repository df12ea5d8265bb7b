"""How alike are the people of the arms, before and after weighting, and is there anybody like them in every arm?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.comparison.adjustment import Weights, overlap_weights
from increase_eval.comparison.arms.people import FAILURES, RARE_LEVEL, ArmPlan, not_estimable, rows_of, tidy_people
from increase_eval.results import estimate_table

KINDS = {"overlap": "overlap", "inverse_probability": "ipw"}
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
MOSTLY = 0.8
"""A scale is looked at where at least this share of the people has a score on it."""
LEFT_OUT = "left out: some arm has nobody at some of its levels"


def arm_balance(
    scores: pd.DataFrame | None,
    participants: pd.DataFrame,
    responses: pd.DataFrame,
    *,
    scales: Sequence[str],
    waves: Sequence[str],
    plan: ArmPlan,
    also: Sequence[str] = (),
) -> pd.DataFrame:
    """How alike are the people of the arms, at the start and among those who are left at each wave?

    Parameters
    ----------
    scores
        ``participant, wave, scale, score``; None where there are no scales.
    participants
        ``participant, arm`` and the columns of the plan.
    responses
        ``participant, wave, responded``.
    scales
        Scales of the first wave whose scores are looked at besides the covariates.
    waves
        The waves in order; people are those who answered the first and the one named.
    plan
        How arms are compared.
    also
        Columns that are offered to the propensity model and that arms may not share, such as the country.

    Returns
    -------
    DataFrame
        Estimate table: term the column, contrast "b - a" for every pair of arms and against everybody (``all``),
        ``by_answered`` the wave, ``by_stage`` ``before``, ``overlap`` or ``inverse_probability``; the estimate is the
        standardised difference. A column that is left out of the propensity model has one row and says so.

    Raises
    ------
    ValueError
        If a column is absent.

    Notes
    -----
    Differences are over the square root of the mean of the arms' variances, unweighted.

    References
    ----------
    Austin PC (2009). Balance diagnostics for comparing the distribution of baseline covariates. doi:10.1002/sim.3697.

    Checked against ``overlap_weights`` in ``tests/unit/comparison/test_arms.py``.

    Examples
    --------
    >>> people = pd.DataFrame({"participant": range(8), "arm": list("aabbabab")})
    >>> people["age"] = [20.0, 30, 25, 40, 35, 50, 22, 28]
    >>> answered = people[["participant"]].assign(wave="t1", responded=True)
    >>> plan = ArmPlan(arms=("a", "b"), covariates=("age",))
    >>> table = arm_balance(None, people, answered, scales=(), waves=["t1"], plan=plan)
    >>> sorted(table["by_stage"].unique())
    ['before', 'inverse_probability', 'overlap']
    """
    rows = []
    for wave, name, people, found in _weighted(scores, participants, responses, scales, waves, plan, also):
        same = {"by_answered": wave, "n": len(people)}
        if isinstance(found, str):
            rows.append({**same, "term": "all columns", "contrast": "all", "by_stage": name, "status": found})
            continue
        for row in rows_of(found.balance):
            ends = {"term": _plain(row["term"]), "contrast": row["contrast"], "status": "ok", "method": found.method}
            if name == "overlap":
                rows.append({**same, **ends, "by_stage": "before", "estimate": row["before"], "method": "unweighted"})
            rows.append({**same, **ends, "by_stage": name, "estimate": row["after"]})
        if name == "overlap":
            left = [{**same, "term": column, "by_stage": "before", "status": LEFT_OUT} for column in found.left_out]
            rows += [{**row, "contrast": "all", "method": "unweighted"} for row in left]
    return estimate_table(rows)


def propensity_overlap(
    scores: pd.DataFrame | None,
    participants: pd.DataFrame,
    responses: pd.DataFrame,
    *,
    scales: Sequence[str],
    waves: Sequence[str],
    plan: ArmPlan,
    also: Sequence[str] = (),
) -> pd.DataFrame:
    """How do the probabilities of each arm spread in each arm, and how much information do weights leave?

    Parameters
    ----------
    scores, participants, responses, scales, waves, plan, also
        As for :func:`arm_balance`.

    Returns
    -------
    DataFrame
        Estimate table: ``by_answered``; term ``p05`` to ``p95``, the quantiles of the probability of the arm
        ``by_probability_of`` among the people of ``by_arm``; term ``effective_n`` (how many unweighted people it is
        worth) and ``largest_weight`` (over the mean) by ``by_stage``; n the people of the arm.

    Raises
    ------
    ValueError
        If a column is absent.

    Notes
    -----
    Extremes are not given: they are those of one person. Effective n is Kish's, (Σw)²/Σw².

    References
    ----------
    Kish L (1965). Survey Sampling. Li F, Li F (2019). doi:10.1214/19-AOAS1282.

    Checked against ``overlap_weights`` in ``tests/unit/comparison/test_arms.py``.

    Examples
    --------
    >>> people = pd.DataFrame({"participant": range(8), "arm": list("aabbabab")})
    >>> people["age"] = [20.0, 30, 25, 40, 35, 50, 22, 28]
    >>> answered = people[["participant"]].assign(wave="t1", responded=True)
    >>> plan = ArmPlan(arms=("a", "b"), covariates=("age",))
    >>> table = propensity_overlap(None, people, answered, scales=(), waves=["t1"], plan=plan)
    >>> len(table[table["term"] == "p50"])
    4
    """
    rows: list[dict[str, Any]] = []
    for wave, name, people, found in _weighted(scores, participants, responses, scales, waves, plan, also):
        if isinstance(found, str):
            rows.append(
                {"by_answered": wave, "term": "effective_n", "by_stage": name, "n": len(people), "status": found}
            )
            continue
        if name == "overlap":
            rows += [{"by_answered": wave, **row} for row in _quantiles(found)]
        for arm, row in found.overlap.iterrows():
            same = {"by_answered": wave, "by_arm": str(arm), "by_stage": name, "n": int(row["n"]), "status": "ok"}
            rows.append({**same, "term": "effective_n", "estimate": row["effective_sample_size"]})
            rows.append({**same, "term": "largest_weight", "estimate": row["largest"]})
    blank = {"by_arm": "all", "by_stage": "none", "by_probability_of": "none"}
    return estimate_table({**blank, **row} for row in rows)


def _quantiles(found: Weights) -> Iterator[dict[str, Any]]:
    propensity = found.propensity
    if propensity is None:
        return
    for k, arm in enumerate(propensity.arms):
        own = propensity.fit.codes == k
        for j, other in enumerate(propensity.arms):
            values = np.quantile(propensity.fit.probabilities[own, j], QUANTILES)
            for share, value in zip(QUANTILES, values, strict=True):
                names = {"term": f"p{100 * share:02.0f}", "by_arm": str(arm), "by_probability_of": str(other)}
                yield {**names, "estimate": float(value), "n": int(own.sum()), "status": "ok"}


def _weighted(
    scores: pd.DataFrame | None, participants: pd.DataFrame, responses: pd.DataFrame, scales: Sequence[str],
    waves: Sequence[str], plan: ArmPlan, also: Sequence[str],
) -> Iterator[tuple[str, str, pd.DataFrame, Weights | str]]:  # fmt: skip
    """Give, wave by wave and kind by kind, the people and their weights, or why there are none."""
    answered = responses[responses["responded"].fillna(False).astype(bool)]
    by_wave: Mapping[str, set[Any]] = {str(wave): set(own["participant"]) for wave, own in answered.groupby("wave")}
    for wave in waves:
        inside = by_wave.get(waves[0], set()) & by_wave.get(wave, set())
        people, terms = _people(
            scores, participants[participants["participant"].isin(inside)], scales, waves[0], plan, also
        )
        for name, kind in KINDS.items():
            try:
                yield wave, name, people, overlap_weights(f"arm ~ {' + '.join(terms) or '1'}", people, kind=kind)  # type: ignore[arg-type]
            except FAILURES as error:
                yield wave, name, people, not_estimable(error)


def _people(
    scores: pd.DataFrame | None, participants: pd.DataFrame, scales: Sequence[str], first: str, plan: ArmPlan,
    also: Sequence[str],
) -> tuple[pd.DataFrame, tuple[str, ...]]:  # fmt: skip
    people = participants[participants["arm"].isin(plan.arms)].set_index("participant")
    columns: dict[str, pd.Series] = {"arm": pd.Series(pd.Categorical(people["arm"], list(plan.arms)), people.index)}
    columns |= {name: people[name] for name in (*plan.covariates, *also)}
    if scores is not None and len(scales):
        start = scores[(scores["wave"] == first) & scores["scale"].isin(list(scales))]
        wide = start.set_index(["participant", "scale"])["score"].unstack().reindex(people.index)  # noqa: PD010
        # A scale that many of these people have no score on would leave too few of them.
        columns |= {scale: wide[scale] for scale in scales if scale in wide and wide[scale].notna().mean() > MOSTLY}
    frame = pd.DataFrame(columns).dropna()
    names = [name for name in columns if name != "arm"]
    return (
        tidy_people(frame, names, plan) if len(frame) >= RARE_LEVEL else (frame, tuple(f"`{name}`" for name in names))
    )


def _plain(term: str) -> str:
    """Name a column of the design as the table does: ``sex[T.M]`` is ``sex: M``."""
    name, _, level = term.partition("[T.")
    name = name.removeprefix("C(").removesuffix(")").strip("`")
    return f"{name}: {level.removesuffix(']')}" if level else name
