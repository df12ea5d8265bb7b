"""Which of several groups differ, and by how much? Omnibus tests and all pairs, for one variable and one factor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.continuous.multiplicity import Adjustment, adjust_p_values
from increase_eval.comparison.continuous.omnibus import NO_VARIANCE, OK, is_flat, omnibus_tests
from increase_eval.comparison.continuous.samples import refuse_another_order, to_floats
from increase_eval.comparison.continuous.simultaneous import (
    dunnett_p_value,
    dunnett_quantile,
    range_p_value,
    range_quantile,
)
from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table

PairMethod = Literal["games-howell", "tukey", "dunn", "welch", "dunnett"]
Floats = npt.NDArray[np.float64]
Samples = Sequence[Floats]

ALREADY_SIMULTANEOUS = ("games-howell", "tukey", "dunnett")
PAIR_COLUMNS = (
    "contrast", "estimate", "std_error", "df", "statistic", "p_value", "conf_low", "conf_high", "status",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class GroupComparison:
    """Several groups compared.

    Attributes
    ----------
    omnibus
        Index ``anova``, ``welch``, ``kruskal``, ``levene``, ``bartlett``; columns ``statistic``, ``df``, ``df_denom``,
        ``p_value``, ``status``.
    pairs
        One row per pair: ``contrast`` ("b - a"), ``estimate``, ``std_error``, ``df``, ``statistic``, ``p_value``,
        ``conf_low``, ``conf_high``, ``status``.
    groups
        One row per group: ``n``, ``mean``, ``sd``.
    method, adjust, confidence
        How the pairs were compared.
    n, n_dropped
        Rows used, and rows dropped because value or group was missing.
    """

    omnibus: pd.DataFrame
    pairs: pd.DataFrame
    groups: pd.DataFrame
    method: str
    adjust: str
    confidence: float
    n: int
    n_dropped: int

    def to_frame(self) -> pd.DataFrame:
        """Give the pairs as an estimate table."""
        method = self.method if self.adjust == "none" else f"{self.method}, {self.adjust}"
        return estimate_table(self.pairs, term="difference", n=self.n, n_dropped=self.n_dropped, method=method)


def compare_groups(
    y: Any, group: Any, *, method: PairMethod = "games-howell", adjust: Adjustment = "none", confidence: float = 0.95
) -> GroupComparison:
    """Which of several groups differ, and by how much?

    Parameters
    ----------
    y
        Numbers; what is missing is dropped and counted.
    group
        The group of each, in the order of `y`. Levels follow the categories of a categorical, else they are sorted.
    method
        ``games-howell`` (unequal variances), ``tukey`` (equal), ``welch`` (each pair by itself), ``dunn`` (ranks) or
        ``dunnett`` (equal variances; every level against the first).
    adjust
        For ``welch`` and ``dunn``: ``none``, ``holm``, ``hommel`` or ``fdr_bh``. The others are simultaneous already.
    confidence
        Coverage of the intervals: simultaneous for games-howell, tukey and dunnett, each by itself for welch and dunn.

    Returns
    -------
    GroupComparison
        `omnibus`, `pairs`, `groups`.

    Raises
    ------
    ValueError
        If lengths differ, an option is unknown, or `adjust` comes with a method that is simultaneous already.
    InsufficientDataError
        If fewer than two groups have anybody, or no group has two people.

    Notes
    -----
    A pair is the later level less the earlier. With s² the variances and MSE the pooled one:

    - welch: t = e / √(s_a²/n_a + s_b²/n_b) on Welch's df; games-howell: the same with
      p = Pr(range of k > |t|√2);
    - tukey: e / √(MSE (1/n_a + 1/n_b)), df = N - k, p = Pr(range > |t|√2) (Tukey and Kramer);
    - dunnett: the same t against the first level; p = Pr(max |T_i| > |t|), T_i with correlations λ_i λ_j,
      λ_i = √(n_i/(n_i + n_0));
    - dunn: difference of mean ranks over √(S²(1/n_a + 1/n_b)), S² the variance of all ranks with ties, normal.

    A pair whose error does not exist (one person, or nothing varies) has the status ``no variance`` and no test.
    Empty categories are left out.

    References
    ----------
    Games PA, Howell JF (1976). doi:10.3102/10769986001002113. Kramer CY (1956). doi:10.2307/3001469.
    Dunnett CW (1955). doi:10.1080/01621459.1955.10501294. Dunn OJ (1964). doi:10.1080/00401706.1964.10490181.
    Welch BL (1951). doi:10.1093/biomet/38.3-4.330. Brown MB, Forsythe AB (1974). doi:10.1080/01621459.1974.10482955.

    Checked against R in ``tests/golden/comparison/posthoc_jobs.json``.

    Examples
    --------
    >>> result = compare_groups([1, 2, 3, 2, 3, 4, 6, 7, 8], list("aaabbbccc"), method="tukey")
    >>> print(result.pairs[["contrast", "estimate"]].to_string(index=False))
    contrast  estimate
       b - a       1.0
       c - a       5.0
       c - b       4.0
    """
    _check_options(method, adjust)
    normal_quantile(confidence)
    values, codes, names = _read(y, group)
    kept = ~np.isnan(values) & (codes >= 0)
    used = [code for code in range(len(names)) if (kept & (codes == code)).any()]
    samples = [values[kept & (codes == code)] for code in used]
    levels = [names[code] for code in used]
    if len(samples) < 2 or max(map(len, samples)) < 2:
        raise InsufficientDataError(
            f"a comparison needs two groups, one of them with two people; sizes are {list(map(len, samples))}"
        )
    pairs = _pairs(samples, levels, method, confidence)
    pairs["p_value"] = adjust_p_values(pairs["p_value"].to_numpy(), adjust)
    sizes = [len(sample) for sample in samples]
    spreads = [sample.std(ddof=1) if len(sample) > 1 else np.nan for sample in samples]
    groups = pd.DataFrame({"n": sizes, "mean": [s.mean() for s in samples], "sd": spreads}, index=pd.Index(levels))
    dropped = int((~kept).sum())
    return GroupComparison(omnibus_tests(samples), pairs, groups, method, adjust, confidence, sum(sizes), dropped)


def _check_options(method: str, adjust: str) -> None:
    if method not in get_args(PairMethod):
        raise ValueError(f"method is {method!r}; allowed: {', '.join(get_args(PairMethod))}")
    if adjust not in get_args(Adjustment):
        raise ValueError(f"adjust is {adjust!r}; allowed: {', '.join(get_args(Adjustment))}")
    if method in ALREADY_SIMULTANEOUS and adjust != "none":
        raise ValueError(f"{method} is simultaneous already; `adjust` is for welch and dunn")


def _read(y: Any, group: Any) -> tuple[Floats, npt.NDArray[np.int64], list[str]]:
    values = to_floats(y, "y")
    if len(group) != len(values):
        raise ValueError(f"y has {len(values)} rows and group {len(group)}; allowed: as many in both")
    refuse_another_order(y, group, "y", "group")
    labels = pd.Series(group).reset_index(drop=True)
    if not isinstance(labels.dtype, pd.CategoricalDtype):
        labels = labels.astype("category")
    return values, np.asarray(labels.cat.codes, dtype=np.int64), [str(level) for level in labels.cat.categories]


def _pairs(samples: Samples, levels: Sequence[str], method: str, confidence: float) -> pd.DataFrame:
    every = combinations(range(len(samples)), 2)
    indices = [(0, j) for j in range(1, len(samples))] if method == "dunnett" else list(every)
    if method in ("welch", "games-howell"):
        rows = [
            _unequal(samples[i], samples[j], len(samples) if method != "welch" else 0, confidence) for i, j in indices
        ]
    elif method == "dunn":
        rows = _dunn(samples, indices, confidence)
    else:
        rows = _pooled(samples, indices, method, confidence)
    named = [{"contrast": f"{levels[j]} - {levels[i]}", **row} for (i, j), row in zip(indices, rows, strict=True)]
    return pd.DataFrame(named, columns=list(PAIR_COLUMNS)).astype({"contrast": "string", "status": "string"})


def _row(estimate: float, error: float, df: float, p_value: float, critical: float) -> dict[str, Any]:
    limits = {"conf_low": estimate - critical * error, "conf_high": estimate + critical * error}
    test = {"df": df, "statistic": estimate / error, "p_value": p_value, "status": OK}
    return {"estimate": estimate, "std_error": error, **test, **limits}


def _untested(estimate: float) -> dict[str, Any]:
    numbers = dict.fromkeys(("std_error", "df", "statistic", "p_value", "conf_low", "conf_high"), np.nan)
    return {"estimate": estimate, **numbers, "status": NO_VARIANCE}


def _unequal(a: Floats, b: Floats, groups: int, confidence: float) -> dict[str, Any]:
    """Compare two samples by Welch's t; by the range of `groups` means where that is not 0."""
    estimate = float(b.mean() - a.mean())
    if min(len(a), len(b)) < 2 or is_flat(float(a.var() + b.var()), [a, b]):
        return _untested(estimate)
    parts = np.array([a.var(ddof=1) / len(a), b.var(ddof=1) / len(b)])
    error = float(np.sqrt(parts.sum()))
    df = float(parts.sum() ** 2 / (parts**2 / np.array([len(a) - 1, len(b) - 1])).sum())
    t = abs(estimate) / error
    if not groups:
        return _row(estimate, error, df, float(2 * stats.t.sf(t, df)), float(stats.t.ppf((1 + confidence) / 2, df)))
    critical = range_quantile(confidence, groups, df) / np.sqrt(2)
    return _row(estimate, error, df, range_p_value(t * np.sqrt(2), groups, df), float(critical))


def _pooled(
    samples: Samples, indices: Sequence[tuple[int, int]], method: str, confidence: float
) -> list[dict[str, Any]]:
    sizes = np.array([len(sample) for sample in samples], dtype=float)
    means = [float(sample.mean()) for sample in samples]
    squares = sum(float(((sample - sample.mean()) ** 2).sum()) for sample in samples)
    df = float(sizes.sum() - len(samples))
    if is_flat(squares, samples):
        return [_untested(means[j] - means[i]) for i, j in indices]
    errors = [float(np.sqrt(squares / df * (1 / sizes[i] + 1 / sizes[j]))) for i, j in indices]
    ts = [abs(means[j] - means[i]) / error for (i, j), error in zip(indices, errors, strict=True)]
    if method == "tukey":
        critical = range_quantile(confidence, len(samples), df) / np.sqrt(2)
        p_values = [range_p_value(t * np.sqrt(2), len(samples), df) for t in ts]
    else:
        loadings = np.sqrt(sizes[1:] / (sizes[1:] + sizes[0]))
        critical = dunnett_quantile(confidence, loadings, df)
        p_values = [dunnett_p_value(t, loadings, df) for t in ts]
    return [
        _row(means[j] - means[i], error, df, p_value, float(critical))
        for (i, j), error, p_value in zip(indices, errors, p_values, strict=True)
    ]


def _dunn(samples: Samples, indices: Sequence[tuple[int, int]], confidence: float) -> list[dict[str, Any]]:
    ranks = stats.rankdata(np.concatenate(samples))
    parts = np.split(ranks, np.cumsum([len(sample) for sample in samples])[:-1])
    variance = float(ranks.var(ddof=1))
    rows = []
    for i, j in indices:
        estimate = float(parts[j].mean() - parts[i].mean())
        error = float(np.sqrt(variance * (1 / len(parts[i]) + 1 / len(parts[j]))))
        if error == 0:
            rows.append(_untested(estimate))
            continue
        p_value = float(2 * stats.norm.sf(abs(estimate) / error))
        rows.append(_row(estimate, error, np.nan, p_value, normal_quantile(confidence)))
    return rows
