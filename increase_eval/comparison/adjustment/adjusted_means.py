"""Means of several arms in one common population, with their joint variance: what every way to adjust comes to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.engines.estimating_equations import sum_by
from increase_eval.comparison.engines.frames import read_clusters
from increase_eval.comparison.engines.linear import inference_table
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
ArmMeasure = Literal["difference", "ratio", "odds_ratio"]

OK = "ok"
LONE_ARM = "refused: fewer than two clusters in an arm"
FEW_DF = "refused: fewer than 4 degrees of freedom"
OFF_SCALE = {"ratio": "no ratio: a mean is not above 0", "odds_ratio": "no odds: a mean is not between 0 and 1"}
MINIMUM_DF = 4
CONDITIONAL = "errors by cluster, conditional on the larger units studied"
NUMBERS = ["std_error", "statistic", "p_value", "conf_low", "conf_high"]


@dataclass(frozen=True, slots=True)
class AdjustedMeans:
    """Means of K arms in one common population.

    Attributes
    ----------
    arm, arms
        The column, and the K arms, the reference first.
    outcome, method
        The column, and how the means were made.
    estimates, vcov
        Shapes (K,), (K, K).
    sizes
        Shape (K,): people of each arm whose outcome is known.
    n, n_dropped
        People in the common population, and people without something that the models need, or with nobody to be
        compared with.
    influence, rows, codes
        Shapes (r, K), (r,), (r,): each row's influence on the means, where the row stands in the data, and its arm, -1
        where its outcome is not known.
    left_out
        Columns that could not be adjusted for, since some arm lacks some of their levels.
    confidence
        Coverage of the intervals.
    clusters
        Shape (K,): clusters of each arm, where errors are by cluster.
    """

    arm: str
    arms: tuple[Any, ...]
    outcome: str
    method: str
    estimates: Floats
    vcov: Floats
    sizes: Ints
    n: int
    n_dropped: int
    influence: Floats = field(repr=False)
    rows: Ints = field(repr=False)
    codes: Ints = field(repr=False)
    left_out: tuple[str, ...] = ()
    confidence: float = 0.95
    clusters: Ints | None = None

    def means(self) -> pd.DataFrame:
        """Give the mean of each arm.

        Returns
        -------
        DataFrame
            The arm's column, ``estimate, std_error, conf_low, conf_high, n``; by cluster also ``status``.
        """
        table = self._table(self.estimates, np.eye(len(self.arms)), [(k,) for k in range(len(self.arms))])
        unwanted = ["df", "statistic", "p_value", *(["status"] if self.clusters is None else [])]
        table = table.drop(columns=unwanted).assign(n=self.sizes)
        table.insert(0, self.arm, list(self.arms))
        return table

    def contrasts(self, measure: ArmMeasure = "difference") -> pd.DataFrame:
        """Compare the means of all pairs of arms: the later arm with the earlier one.

        Parameters
        ----------
        measure
            ``difference``, or of shares ``ratio`` and ``odds_ratio``; errors of the latter two are on the log scale,
            estimates and limits are not.

        Returns
        -------
        DataFrame
            ``contrast`` ("b - a", or "b / a"), ``estimate, std_error, df, statistic, p_value, conf_low, conf_high, n,
            status``.
        """
        if measure not in get_args(ArmMeasure):
            raise ValueError(f"measure is {measure!r}; allowed: {', '.join(get_args(ArmMeasure))}")
        pairs = list(combinations(range(len(self.arms)), 2))
        values, slopes = _scaled(self.estimates, measure)
        functions = np.zeros((len(pairs), len(self.arms)))
        for row, (i, j) in enumerate(pairs):
            functions[row, [i, j]] = -slopes[i], slopes[j]
        gaps = np.array([values[j] - values[i] for i, j in pairs])
        table = self._table(gaps, functions, pairs)
        if measure != "difference":
            table.loc[np.isnan(gaps), "status"] = OFF_SCALE[measure]
            table = table.assign(**{name: np.exp(table[name]) for name in ("estimate", "conf_low", "conf_high")})
        sign = "-" if measure == "difference" else "/"
        table.insert(0, "contrast", [f"{self.arms[j]} {sign} {self.arms[i]}" for i, j in pairs])
        table.insert(len(table.columns) - 1, "n", [int(self.sizes[i] + self.sizes[j]) for i, j in pairs])
        return table

    def by_cluster(self, clusters: Any) -> AdjustedMeans:
        """Give the same means with errors that take the people of one cluster to go together.

        Parameters
        ----------
        clusters
            The cluster of every row of the data, in the order of the data.

        Returns
        -------
        AdjustedMeans
            Errors with the factor m/(m - 1), t on the clusters of the arms compared less the number of arms. Arms with
            fewer than two clusters, and comparisons with fewer than 4 degrees of freedom, are refused. Where clusters
            are the neighbourhoods of providers, errors are conditional on the providers that were studied.
        """
        column = pd.Series(np.asarray(clusters, dtype=object), name="cluster")
        codes = read_clusters(column.iloc[self.rows])
        count = int(codes.max()) + 1
        sums = sum_by(self.influence, codes)
        factor = count / (count - 1) if count > 1 else 1.0
        sizes = np.array([len(np.unique(codes[self.codes == k])) for k in range(len(self.arms))], dtype=np.int64)
        return replace(self, vcov=factor * sums.T @ sums, clusters=sizes, method=f"{self.method}, {CONDITIONAL}")

    def to_frame(self, measure: ArmMeasure = "difference") -> pd.DataFrame:
        """Give means and contrasts as an estimate table; ``by_arm`` is the arm of a mean."""
        means = self.means().assign(term="mean", by_arm=[str(arm) for arm in self.arms]).drop(columns=self.arm)
        both = pd.concat([means, self.contrasts(measure).assign(term=measure, by_arm="all")], ignore_index=True)
        both["status"] = both["status"].fillna(OK)
        return estimate_table(both, outcome=self.outcome, n_dropped=self.n_dropped, method=self.method)

    def _table(self, values: Floats, functions: Floats, groups: Sequence[tuple[int, ...]]) -> pd.DataFrame:
        """Give functions of the means with inference, and a status where clusters are too few for it."""
        errors = np.sqrt(np.maximum(((functions @ self.vcov) * functions).sum(axis=1), 0.0))
        df = np.full(len(groups), np.inf)
        status = np.full(len(groups), OK, dtype=object)
        if self.clusters is not None:
            df = np.array([float(self.clusters[list(group)].sum() - len(group)) for group in groups])
            status[df < MINIMUM_DF] = FEW_DF
            status[[bool((self.clusters[list(group)] < 2).any()) for group in groups]] = LONE_ARM
        table = inference_table(pd.RangeIndex(len(groups)), values, errors, np.maximum(df, 1), self.confidence)
        table = table.assign(df=np.where(np.isinf(df), np.nan, df), status=pd.array(status, dtype="string"))
        table.loc[(status != OK), NUMBERS] = np.nan
        return table


def _scaled(means: Floats, measure: ArmMeasure) -> tuple[Floats, Floats]:
    """Give the means on the scale on which they are compared, and the slopes of that scale; missing where it ends."""
    if measure == "difference":
        return means, np.ones_like(means)
    inside = (means > 0) & ((means < 1) | (measure == "ratio"))
    known = np.where(inside, means, np.nan)
    if measure == "ratio":
        return np.log(known), 1 / known
    return np.log(known / (1 - known)), 1 / (known * (1 - known))
