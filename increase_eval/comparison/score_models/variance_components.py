"""How alike are people of one site, or of one course? Intraclass correlations and what they cost, level by level.

Scores at each wave, and changes from the first, are split into what differs between the units of a level and what
differs between people within them, after the means of the units above have been taken away.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.score_models.effects import Row, as_frame
from increase_eval.comparison.score_models.models import ESTIMATED, NOT_ESTIMABLE
from increase_eval.comparison.score_models.tables import every_scale
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.accumulate import compact
from increase_eval.results import estimate_table
from increase_eval.study import Study
from increase_eval.study.structure import Level

CORRELATION, DESIGN_EFFECT, CLUSTERS = "intraclass correlation", "design effect", "clusters"
METHOD = "analysis of variance of {level} within {within}"


@dataclass(frozen=True, slots=True)
class ClusterCorrelation:
    """How alike people of one cluster are.

    Attributes
    ----------
    estimate, conf_low, conf_high
        The intraclass correlation and its interval.
    std_error
        Its large-sample standard error.
    design_effect, design_low, design_high
        By how much clustering multiplies the variance of a mean of whole clusters.
    df_between, df_within
        Degrees of freedom between clusters (within the strata) and within clusters.
    n, n_clusters
        People, and clusters with somebody.
    """

    estimate: float
    std_error: float
    conf_low: float
    conf_high: float
    design_effect: float
    design_low: float
    design_high: float
    df_between: int
    df_within: int
    n: int
    n_clusters: int


def cluster_correlation(
    values: pd.Series, cluster: pd.Series, within: pd.Series | None = None, *, confidence: float = 0.95
) -> ClusterCorrelation:
    """How alike are people of one cluster, beyond what the stratum they share makes them?

    Parameters
    ----------
    values
        One number a person; missing ones are dropped.
    cluster
        The cluster of each person; people without one are dropped.
    within
        A stratum that clusters lie in, such as the provider of a site, whose means are taken away; None: there is one.
        A cluster that lies in two strata counts as two.
    confidence
        Coverage of the interval.

    Returns
    -------
    ClusterCorrelation
        The estimate can be negative, and is not cut off at 0: that would bias it.

    Raises
    ------
    InsufficientDataError
        If no stratum has two clusters, no cluster has two people, or nothing varies within clusters.

    Notes
    -----
    With k clusters of n_j people in S strata of N_s people, MSB = SS between clusters within strata / (k - S) and
    MSW = SS within clusters / (N - k): E(MSB) = s_w^2 + n_0 s_b^2, n_0 = (N - sum_s sum_j n_j^2 / N_s) / (k - S), so
    rho = (F - 1) / (F + n_0 - 1) with F = MSB / MSW. The interval puts F divided by the quantiles of F(k - S, N - k)
    in the place of F; it is exact for clusters of one size and close otherwise. Standard error, by the delta method on
    F (Donner 1986): (1 - rho) (1 + (n_0 - 1) rho) / n_0 sqrt(2 / (k - S) + 2 / (N - k)).
    Design effect: 1 + (sum n_j^2 / N - 1) rho (Kish 1965), at rho and at the ends of its interval, and no less than 0.

    References
    ----------
    Donner A (1986). doi:10.2307/1403259. Searle SR (1971), Linear Models, chapter 9. Kish L (1965), Survey Sampling.

    Checked against R's ``aov`` and, balanced, against the one-way random form of ``intraclass_correlation`` in
    ``tests/unit/comparison/score_models/test_variance_components.py``.

    Examples
    --------
    >>> found = cluster_correlation(pd.Series([1.0, 2.0, 5.0, 6.0]), pd.Series(["a", "a", "b", "b"]))
    >>> print(f"{found.estimate:.3f}, design effect {found.design_effect:.3f}")
    0.939, design effect 1.939
    """
    normal_quantile(confidence)
    y = values.to_numpy(dtype=np.float64, na_value=np.nan)
    stratum = np.zeros(len(y), dtype=np.int64) if within is None else pd.factorize(within)[0]
    of_cluster = pd.factorize(cluster)[0]
    known = ~np.isnan(y) & (stratum >= 0) & (of_cluster >= 0)
    y, stratum = y[known], compact(stratum[known])
    units = compact(stratum * (1 + int(of_cluster.max(initial=0))) + of_cluster[known])
    n, k, strata = len(y), int(units.max(initial=-1)) + 1, int(stratum.max(initial=-1)) + 1
    df_between, df_within = k - strata, n - k
    if df_between < 1 or df_within < 1:
        raise InsufficientDataError(
            "an intraclass correlation needs two clusters of a stratum, and two people of a cluster"
        )
    sizes, in_stratum = np.bincount(units), np.bincount(stratum)
    means = np.bincount(units, weights=y) / sizes
    centres = np.bincount(stratum, weights=y) / in_stratum
    lies_in = np.zeros(k, dtype=np.int64)
    lies_in[units] = stratum
    between = float((sizes * (means - centres[lies_in]) ** 2).sum()) / df_between
    inside = float(((y - means[units]) ** 2).sum()) / df_within
    if inside <= (1e-10 * float(np.abs(y).max())) ** 2:
        raise InsufficientDataError("nothing varies within clusters: no intraclass correlation exists")
    n_0 = (n - float((np.bincount(lies_in, weights=sizes**2.0) / in_stratum).sum())) / df_between
    ratio = between / inside
    tail = (1 - confidence) / 2
    ratios = ratio / stats.f.ppf([1 - tail, tail], df_between, df_within)
    rho, low, high = ((f - 1) / (f + n_0 - 1) for f in (ratio, *ratios))
    error = (1 - rho) * (1 + (n_0 - 1) * rho) / n_0 * np.sqrt(2 / df_between + 2 / df_within)
    per_unit = float((sizes**2).sum()) / n - 1
    effect, least, most = (max(0.0, float(1 + per_unit * value)) for value in (rho, low, high))
    numbers = (float(rho), float(error), float(low), float(high))
    return ClusterCorrelation(*numbers, effect, least, most, df_between, df_within, n, k)


def variance_component_table(study: Study, scores: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
    """How alike are people of one unit, for each outcome and level: at each wave, and in how much they changed?

    Parameters
    ----------
    study, scores, participants
        As for :func:`.score_model_tables`; levels whose column `participants` has are told.

    Returns
    -------
    DataFrame
        An estimate table with ``by_level``: ``term`` ``intraclass correlation``, ``design effect`` or ``clusters`` (how
        many, as the estimate), ``wave``, and for changes ``contrast`` ``t1 -> t2``. ``n`` are people whose level is
        known, ``n_dropped`` those with a score and an arm whose level is not. ``status`` is ``estimated`` or
        ``not estimable``.

    Notes
    -----
    A level that lies in another (site in provider) is looked at within its units; others within the arms, which
    differ by design. See :func:`cluster_correlation`.
    """
    rows: list[Row] = []
    for data in every_scale(study, scores, participants, covariates=()):
        wide = data.rows.pivot_table(index="participant", columns="wave", values="score")
        people = data.rows.drop_duplicates("participant").set_index("participant").reindex(wide.index)
        for level in study.head.levels:
            if level.column in people:
                rows += [{"outcome": data.scale, **row} for row in _level_rows(study, level, wide, people, data.waves)]
    columns = ["by_level", "n_dropped", "status"]
    return estimate_table(as_frame(rows, columns)).astype({"by_level": "string"})


def _level_rows(
    study: Study, level: Level, wide: pd.DataFrame, people: pd.DataFrame, waves: tuple[str, ...]
) -> Iterator[Row]:
    above = next((other for other in study.head.levels if other.id == level.nested_in), None)
    column = above.column if above is not None and above.column in people else "arm"
    method = METHOD.format(level=level.id, within=above.id if column != "arm" and above is not None else "arms")
    measures: list[tuple[dict[str, Any], pd.Series]] = [({"wave": wave}, wide[wave]) for wave in waves]
    for wave in waves[1:]:
        labels = {"wave": wave, "contrast": f"{waves[0]} -> {wave}"}
        measures.append((labels, wide[wave] - wide[waves[0]]))
    for labels, values in measures:
        known = values.notna() & people[level.column].notna() & people[column].notna()
        counts = {"n": int(known.sum()), "n_dropped": int(values.notna().sum()) - int(known.sum())}
        here = {**labels, "by_level": level.id, **counts, "method": method}
        try:
            found = cluster_correlation(
                values[known],
                people.loc[known, level.column],
                people.loc[known, column],
                confidence=study.analysis.confidence,
            )
        except InsufficientDataError as error:
            yield {**here, "term": CORRELATION, "status": NOT_ESTIMABLE, "method": f"{method}: {error}"}
            continue
        yield from ({**here, "status": ESTIMATED, **row} for row in _told(found))


def _told(found: ClusterCorrelation) -> Iterator[Row]:
    yield {
        "term": CORRELATION,
        "estimate": found.estimate,
        "std_error": found.std_error,
        "conf_low": found.conf_low,
        "conf_high": found.conf_high,
    }
    limits = {"conf_low": found.design_low, "conf_high": found.design_high}
    yield {"term": DESIGN_EFFECT, "estimate": found.design_effect, **limits}
    yield {"term": CLUSTERS, "estimate": float(found.n_clusters)}
