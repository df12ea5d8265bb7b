"""What can be said when few clusters were studied? Cluster-robust errors with few-cluster corrections, and refusals.

Corrections and degrees of freedom follow Bell and McCaffrey, and Pustejovsky and Tipton. Where clusters are too few to
carry an error, none is printed: other software gives NaN, a tiny error, or an F in the billions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.comparison.engines.clustered import ClusteredWork, clustered_work, lone_arms
from increase_eval.comparison.engines.linear import inference_table
from increase_eval.comparison.engines.linear_functions import full_rank_functions, named_columns
from increase_eval.comparison.engines.working_models import working_model
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
ClusterKind = Literal["CR0", "CR1", "CR1S", "CR2", "CR3"]

MINIMUM_DF = 4.0 - 1e-9
"""Under 4 the Satterthwaite approximation itself is not to be trusted (Tipton 2015); less than 4 by rounding is 4."""

OK = "ok"
FEW_DF = "refused: fewer than 4 degrees of freedom"
THIN_DF = "not to be relied on: fewer than 4 denominator degrees of freedom"
LONE_CLUSTER = "refused: fewer than two clusters with {column} {value}"
SINGULAR = "refused: {count} clusters are fitted exactly (their leverage is singular)"
ONE_CLUSTER = "refused: fewer than two clusters"


@dataclass(frozen=True, slots=True)
class ClusterTest:
    """A joint test that several coefficients are nought.

    Numbers are missing where `status` is a refusal; they are there, and no guide, where it is :data:`THIN_DF`.
    """

    statistic: float
    df_num: float
    df_denom: float
    p_value: float
    status: str


@dataclass(frozen=True, slots=True)
class ClusterRobust:
    """A linear or generalised linear model's coefficients with cluster-robust errors.

    Attributes
    ----------
    coefficients
        Index ``term``; ``estimate, std_error, df, statistic, p_value, conf_low, conf_high, status``. A term that is
        refused keeps its estimate and has nothing else.
    vcov
        Shape (p, p); missing throughout where `status` is not ``ok``.
    kind, n_clusters, confidence
        What it is.
    status
        ``ok``, or why every term is refused.
    """

    coefficients: pd.DataFrame
    vcov: Floats
    kind: str
    n_clusters: int
    confidence: float
    status: str
    _work: ClusteredWork
    _names: tuple[str, ...]

    def test(self, terms: str | Sequence[str] | Floats | pd.DataFrame) -> ClusterTest:
        """Test that the coefficients of several terms are all nought, by Hotelling's T² approximation (HTZ).

        Parameters
        ----------
        terms
            Names of coefficients, as in the index of `coefficients`; or a matrix of linear functions, one column a
            coefficient (the columns of a DataFrame are taken by name).

        Returns
        -------
        ClusterTest
            `statistic`, `df_num`, `df_denom`, `p_value`, `status`; refused as the coefficients are, and where the
            variance's own degrees of freedom η are fewer than 4. The denominator has η - q + 1 for q terms, which can
            be fewer than 4 although η is not: the numbers are then given, for what they are worth, and `status` says
            that they are not to be relied on.
        """
        constraint = read_hypothesis(terms, self._names)
        if self.status != OK:
            return ClusterTest(np.nan, np.nan, np.nan, np.nan, self.status)
        return _hotelling(constraint, self.coefficients["estimate"].to_numpy(), self.vcov, self._work)

    def to_frame(self) -> pd.DataFrame:
        """Give the coefficients as an estimate table; n is the number of clusters."""
        return estimate_table(self.coefficients.reset_index(), n=self.n_clusters, method=f"{self.kind} by cluster")


def cluster_robust(fit: Any, cluster: Any, *, kind: ClusterKind = "CR2", confidence: float = 0.95) -> ClusterRobust:
    """How sure are the coefficients when rows of one cluster go together?

    Parameters
    ----------
    fit
        A fitted model: of statsmodels (OLS, WLS, GLM, Logit, Poisson), or of this package (`ancova`, `weighted_model`,
        `fit_dropout_model`).
    cluster
        The cluster of every row: a Series, matched by index where it has the labels of the rows used, else by position.
    kind
        ``CR0`` no correction; ``CR1`` m/(m-1); ``CR1S`` m(N-1)/((m-1)(N-p)); ``CR2`` unbiased under equal independent
        errors; ``CR3`` about the jackknife. m clusters, N rows, p coefficients.
    confidence
        Coverage of the intervals.

    Returns
    -------
    ClusterRobust
        `coefficients` with Satterthwaite degrees of freedom, `vcov`, `test(terms)`, `status`.

    Raises
    ------
    ValueError
        If clusters are missing or do not match the rows, or the kind is unknown.

    Notes
    -----
    V = M Σ_g X_g'W_g A_g e_g e_g'A_g'W_g X_g M with M = (X'WX)⁻¹. CR2: A_g = D_g'B_g^{-1/2}D_g, D_g'D_g = Φ_g the
    working variance, B_g = D_g (I-H)_g Φ (I-H)_g'D_g'. CR3: A_g = (I-H_gg)⁻¹. Φ is the identity for a linear model;
    for a generalised one it is the variance function (divided by statsmodels' prior weights, which are precisions; ours
    are counts of people), with X times the slope of the mean and e the response's residuals, as in clubSandwich. A
    coefficient's df is 2E²/Var of its variance estimate under Φ. HTZ: F = (η-q+1)/(ηq) Q on q and η-q+1, η matched to
    the total variance of the standardised V.

    Everything is refused where there are fewer than two clusters, a column that is constant within clusters has one of
    its two values in fewer than two of them (an arm with a lone provider), or some cluster is fitted exactly. A term
    with df < 4 is refused by itself. Errors by neighbourhood are conditional on the providers that were studied.

    References
    ----------
    Bell RM, McCaffrey DF (2002). Bias reduction in standard errors for linear regression with multi-stage samples.
    Pustejovsky JE, Tipton E (2018). doi:10.1080/07350015.2016.1247004. Tipton E (2015). doi:10.1037/met0000011.

    Checked against R (clubSandwich) in ``tests/golden/comparison/cluster_robust_jobs.json``.

    Examples
    --------
    >>> from increase_eval.comparison import ancova
    >>> data = pd.DataFrame({"y": range(12), "x": [0.0, 1, 3] * 4, "site": list("abcdefabcdef")})
    >>> robust = cluster_robust(ancova("y ~ x", data), data["site"], kind="CR1")
    >>> robust.status
    'ok'
    """
    if kind not in get_args(ClusterKind):
        raise ValueError(f"kind is {kind!r}; allowed: {', '.join(get_args(ClusterKind))}")
    model = working_model(fit)
    clusters = model.match(cluster, "cluster")
    work = clustered_work(model, clusters, kind)
    status = refusal(model.matrix, model.names, clusters, work)
    p = len(model.names)
    vcov = work.vcov if status == OK else np.full((p, p), np.nan)
    df = work.satterthwaite(np.eye(p)) if status == OK else np.full(p, np.nan)
    index = pd.Index(list(model.names), name="term")
    errors = np.sqrt(np.diag(vcov))
    table = inference_table(index, model.coefficients, errors, np.where(np.isnan(df), np.inf, df), confidence)
    refused = np.array([status != OK or not value >= MINIMUM_DF for value in df])
    table = table.assign(status=pd.array([status if status != OK else FEW_DF if r else OK for r in refused], "string"))
    numbers = ["std_error", "statistic", "p_value", "conf_low", "conf_high"]
    table.loc[refused, numbers] = np.nan
    table["df"] = df
    return ClusterRobust(table, vcov, kind, int(clusters.max()) + 1, confidence, status, work, model.names)


def read_hypothesis(terms: Any, names: Sequence[str]) -> Floats:
    """Give the linear functions of the coefficients that `terms` names or holds, shape (q, p), of full rank."""
    if isinstance(terms, pd.DataFrame):
        return full_rank_functions(named_columns(terms, names), len(names))
    chosen = [terms] if isinstance(terms, str) else list(terms)
    if chosen and not any(isinstance(term, str) for term in chosen):
        return full_rank_functions(terms, len(names))
    unknown = [term for term in chosen if term not in names]
    if unknown or not chosen:
        raise ValueError(f"terms {unknown} are not in the model; it has: {', '.join(names)}")
    return np.eye(len(names))[[list(names).index(term) for term in dict.fromkeys(chosen)]]


def refusal(matrix: Floats, names: Sequence[str], clusters: npt.NDArray[np.int64], work: ClusteredWork) -> str:
    """Say why clusters cannot carry an error for any term, or ``ok``."""
    if int(clusters.max()) < 1:
        return ONE_CLUSTER
    for column, value in lone_arms(matrix, names, clusters):
        return LONE_CLUSTER.format(column=column, value=f"= {value:g}")
    if work.singular_count:
        return SINGULAR.format(count=work.singular_count)
    return OK


def _hotelling(constraint: Floats, coefficients: Floats, vcov: Floats, work: ClusteredWork) -> ClusterTest:
    q = len(constraint)
    value = constraint @ coefficients
    variance = constraint @ vcov @ constraint.T
    quadratic = float(value @ np.linalg.solve(variance, value))
    eta = q * (q + 1) / work.total_variance(constraint)
    df_denom = eta - q + 1
    if eta < MINIMUM_DF or df_denom <= 0:
        return ClusterTest(np.nan, q, df_denom, np.nan, FEW_DF)
    statistic = df_denom / (eta * q) * quadratic
    status = OK if df_denom >= MINIMUM_DF else THIN_DF
    return ClusterTest(statistic, q, df_denom, float(stats.f.sf(statistic, q, df_denom)), status)
