"""How surprising is a coefficient when few clusters were studied? The wild cluster bootstrap, with the null imposed."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.arguments import is_whole, require_generator
from increase_eval.comparison.adjustment.few_clusters import FEW_DF, MINIMUM_DF, OK, refusal
from increase_eval.comparison.engines.clustered import clustered_work
from increase_eval.comparison.engines.estimating_equations import sum_by
from increase_eval.comparison.engines.generalised_linear import GeneralisedFit
from increase_eval.comparison.engines.linear import fit_linear
from increase_eval.comparison.engines.working_models import WorkingModel, working_model
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
BootstrapWeights = Literal["rademacher", "webb"]

WEBB_BELOW = 12
"""Under so many clusters two signs give too few different draws."""

POINTS: dict[str, tuple[float, ...]] = {
    "rademacher": (-1.0, 1.0),
    "webb": (-np.sqrt(1.5), -1.0, -np.sqrt(0.5), np.sqrt(0.5), 1.0, np.sqrt(1.5)),
}


@dataclass(frozen=True, slots=True)
class WildBootstrap:
    """A wild cluster bootstrap test of one coefficient.

    Attributes
    ----------
    term, estimate, statistic
        The coefficient, and its t value with errors by cluster (CR1).
    p_value
        Share of draws with a t value at least as large in size; missing unless `status` is ``ok``.
    smallest_p_value
        The smallest that could have come out.
    draws, is_enumerated
        How many draws, and whether they are all there are.
    weights, n_clusters, status
        What it was made from, and why it was refused.
    """

    term: str
    estimate: float
    statistic: float
    p_value: float
    smallest_p_value: float
    draws: int
    is_enumerated: bool
    weights: str
    n_clusters: int
    status: str

    def to_frame(self) -> pd.DataFrame:
        """Give the test as an estimate table of one row; n is the number of clusters."""
        row = {name: getattr(self, name) for name in ("term", "estimate", "statistic", "p_value", "status")}
        return estimate_table([row], n=self.n_clusters, method=f"wild cluster bootstrap, {self.weights}")


def wild_cluster_bootstrap(
    fit: Any,
    cluster: Any,
    *,
    term: str,
    draws: int = 9999,
    weights: BootstrapWeights | None = None,
    rng: np.random.Generator | None = None,
) -> WildBootstrap:
    """How surprising is a coefficient, if it were nought and rows of one cluster go together?

    Parameters
    ----------
    fit
        A linear model of statsmodels (OLS, WLS) or of this package.
    cluster
        The cluster of every row, as for :func:`increase_eval.comparison.cluster_robust`.
    term
        Name of the coefficient.
    draws
        How many draws, at least 99. Where there are no more different ones than that, all are enumerated.
    weights
        ``rademacher`` (±1) or ``webb`` (six points); empty: Webb's under 12 clusters, Rademacher's from there.
    rng
        Generator of the draws; not needed where all are enumerated.

    Returns
    -------
    WildBootstrap
        `p_value`, `statistic`, `smallest_p_value`, `status`.

    Raises
    ------
    ValueError
        If the model is not linear, the term or an option is unknown, or draws are needed and `rng` is missing.

    Notes
    -----
    The model is fitted without the term; every draw multiplies the residuals of a cluster by one random weight, adds
    them to the fitted values, refits, and computes t with errors by cluster. p is the share of |t*| >= |t|: of all
    draws where they are enumerated (the data are one of them), else (1 + count)/(1 + draws). Refused as
    :func:`increase_eval.comparison.cluster_robust` is, by the leverages and degrees of freedom of CR2.

    References
    ----------
    Cameron AC, Gelbach JB, Miller DL (2008). doi:10.1162/rest.90.3.414.
    Webb MD (2023). Reworking wild bootstrap-based inference for clustered errors. doi:10.1111/caje.12661.

    Checked against direct refits in ``tests/unit/comparison/test_few_clusters.py``.

    Examples
    --------
    >>> from increase_eval.comparison import ancova
    >>> data = pd.DataFrame({"y": [1.0, 3, 2, 5, 4, 6, 5, 9, 7, 8], "x": [0.0, 1] * 5, "site": list("aabbccddee")})
    >>> test = wild_cluster_bootstrap(ancova("y ~ x", data), data["site"], term="x", weights="rademacher")
    >>> test.is_enumerated, test.draws
    (True, 32)
    """
    if weights is not None and weights not in get_args(BootstrapWeights):
        raise ValueError(f"weights is {weights!r}; allowed: {', '.join(get_args(BootstrapWeights))}")
    if not is_whole(draws) or draws < 99:
        raise ValueError(f"draws is {draws!r}; allowed: a whole number, 99 or more")
    require_generator(rng, optional=True)
    model = working_model(fit)
    _require_linear(fit)
    if term not in model.names:
        raise ValueError(f"{term!r} is no coefficient of the model; it has: {', '.join(model.names)}")
    clusters = model.match(cluster, "cluster")
    count, at = int(clusters.max()) + 1, model.names.index(term)
    chosen = weights or ("webb" if count < WEBB_BELOW else "rademacher")
    estimate = float(model.coefficients[at])
    work = clustered_work(model, clusters, "CR2")
    status = refusal(model.matrix, model.names, clusters, work)
    if status == OK and work.satterthwaite(np.eye(len(model.names))[[at]])[0] < MINIMUM_DF:
        status = FEW_DF
    if status != OK:
        return WildBootstrap(term, estimate, np.nan, np.nan, np.nan, 0, False, chosen, count, status)
    multipliers, enumerated = _multipliers(POINTS[chosen], count, draws, rng)
    t = estimate / _error(model, clusters, at)
    larger = int((np.abs(_null_t(model, clusters, at, multipliers)) >= abs(t) * (1 - 1e-10)).sum())
    size = len(multipliers)
    p_value = larger / size if enumerated else (1 + larger) / (1 + size)
    # The draw of all ones (or minus ones) is the data themselves.
    smallest = 2 / size if enumerated else 1 / (1 + size)
    scaled = t * np.sqrt((count - 1) / count)
    return WildBootstrap(term, estimate, scaled, p_value, smallest, size, enumerated, chosen, count, OK)


def _require_linear(fit: Any) -> None:
    is_generalised = isinstance(getattr(fit, "generalised", fit), GeneralisedFit)
    if is_generalised or type(getattr(fit, "model", None)).__name__ in ("GLM", "Logit", "Poisson"):
        raise ValueError("the wild cluster bootstrap is for linear models; this one is generalised")


def _multipliers(
    points: tuple[float, ...], count: int, draws: int, rng: np.random.Generator | None
) -> tuple[Floats, bool]:
    if count * np.log(len(points)) <= np.log(draws):
        return np.array(list(product(points, repeat=count))), True
    if rng is None:
        raise ValueError(f"{count} clusters have more than {draws} different draws: pass `rng`")
    return rng.choice(np.array(points), size=(draws, count)), False


def _error(model: WorkingModel, clusters: Ints, at: int) -> float:
    inverse = np.linalg.inv(model.matrix.T @ (model.matrix * model.weights[:, None]))
    scores = model.matrix @ inverse[at] * model.weights * model.residuals
    return float(np.linalg.norm(sum_by(scores[:, None], clusters)))


def _null_t(model: WorkingModel, clusters: Ints, at: int, multipliers: Floats) -> Floats:
    """Give t (without a factor) of every draw; refits cost a product of draws by clusters, not of rows."""
    x, w = model.matrix, model.weights
    response = x @ model.coefficients + model.residuals
    others = np.delete(x, at, axis=1)
    null = response - others @ _coefficients(others, response, w)
    inverse = np.linalg.inv(x.T @ (x * w[:, None]))
    by_cluster = sum_by(x * (w * null)[:, None], clusters) @ inverse
    reach = w * (x @ inverse[at])
    slopes = sum_by(x * reach[:, None], clusters)
    changes = multipliers @ by_cluster
    shares = multipliers * by_cluster[:, at] - changes @ slopes.T
    return np.asarray(changes[:, at] / np.linalg.norm(shares, axis=1))


def _coefficients(matrix: Floats, response: Floats, weights: Floats) -> Floats:
    if matrix.shape[1] == 0:
        return np.zeros(0)
    return fit_linear(matrix, response, [""] * matrix.shape[1], weights).coefficients
