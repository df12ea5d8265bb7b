"""How do p values of one family change for having been many? Holm, Hochberg, Hommel, Benjamini and Hochberg."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

Adjustment = Literal["none", "holm", "hochberg", "hommel", "fdr_bh"]
Floats = npt.NDArray[np.float64]


def adjust_p_values(p_values: npt.ArrayLike, method: Adjustment) -> Floats:
    """How do the p values of a family change for their number?

    Parameters
    ----------
    p_values
        The p values of the family; missing ones stay missing and do not count.
    method
        ``holm`` (any dependence), ``hochberg`` and ``hommel`` (independence or positive dependence) hold the chance of
        any false rejection, ``fdr_bh`` the expected share of false ones among the rejections.

    Returns
    -------
    array
        Adjusted p values, in the order given.

    Raises
    ------
    ValueError
        If a p value is not within 0 and 1, or the method is unknown.

    Notes
    -----
    With p_(1) <= ... <= p_(m): Holm max over j <= i of (m - j + 1) p_(j); Hochberg min over j >= i of the same;
    Benjamini and Hochberg min over j >= i of m p_(j) / j; Hommel by the closed test of Simes' statistics.

    References
    ----------
    Holm S (1979). https://www.jstor.org/stable/4615733. Hommel G (1988). doi:10.1093/biomet/75.2.383.
    Hochberg Y (1988). doi:10.1093/biomet/75.4.800.
    Benjamini Y, Hochberg Y (1995). doi:10.1111/j.2517-6161.1995.tb02031.x.

    Checked against R in ``tests/golden/comparison/posthoc_jobs.json``.

    Examples
    --------
    >>> print(adjust_p_values([0.01, 0.04, 0.03], "holm"))
    [0.03 0.06 0.06]
    """
    if method not in get_args(Adjustment):
        raise ValueError(f"adjust is {method!r}; allowed: {', '.join(get_args(Adjustment))}")
    values = np.asarray(p_values, dtype=float)
    adjusted = values.copy()
    known = ~np.isnan(values)
    if ((values[known] < 0) | (values[known] > 1)).any():
        raise ValueError("a p value is not within 0 and 1")
    order = np.argsort(values[known], kind="stable")
    ordered = values[known][order]
    rules: dict[str, Callable[[Floats], Floats]]
    rules = {"none": np.copy, "holm": _holm, "hochberg": _hochberg, "hommel": _hommel, "fdr_bh": _fdr}
    steps = rules[method](ordered)
    back = np.empty_like(ordered)
    back[order] = np.minimum(steps, 1.0)
    adjusted[known] = back
    return adjusted


def _holm(p: Floats) -> Floats:
    return np.maximum.accumulate(np.arange(len(p), 0, -1) * p)


def _hochberg(p: Floats) -> Floats:
    return np.minimum.accumulate((np.arange(len(p), 0, -1) * p)[::-1])[::-1]


def _fdr(p: Floats) -> Floats:
    scaled = len(p) * p / np.arange(1, len(p) + 1)
    return np.minimum.accumulate(scaled[::-1])[::-1]


def _hommel(p: Floats) -> Floats:
    m = len(p)
    adjusted = p.copy()
    for size in range(m, 1, -1):
        # Simes' p value of the `size` largest, then of those that join the largest ones.
        tail = p[m - size + 1 :]
        smallest = float((size * tail / np.arange(2, size + 1)).min())
        adjusted[m - size + 1 :] = np.maximum(adjusted[m - size + 1 :], smallest)
        head = np.minimum(smallest, size * p[: m - size + 1])
        adjusted[: m - size + 1] = np.maximum(adjusted[: m - size + 1], head)
    return adjusted
