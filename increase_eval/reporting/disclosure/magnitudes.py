"""May a sum or mean of amounts be published, or does one contributor stand out in it?

Two rules of official statistics, for amounts such as costs by provider: a total is unsafe when few contributors make
nearly all of it (dominance), or when the second largest could work out the largest too closely (p-ratio).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def is_dominated(contributions: Sequence[float], *, largest: int = 2, share: float = 0.9) -> bool:
    r"""Do the few largest contributors make more than a given share of the total?

    Parameters
    ----------
    contributions
        What each contributor adds to the total; none negative.
    largest
        How many of the largest are taken together.
    share
        The share of the total from which they dominate it.

    Returns
    -------
    bool
        Whether the total must not be published.

    Raises
    ------
    ValueError
        If a contribution is negative or missing, `largest` is below 1, or `share` is not between 0 and 1.

    Notes
    -----
    With contributions in decreasing order :math:`x_1, x_2, \ldots`, the total :math:`X` is unsafe if
    :math:`(x_1 + \cdots + x_k) / X > s`, with :math:`k` = `largest` and :math:`s` = `share`. A total of 0 is safe.

    References
    ----------
    Hundepool A, et al. (2012). Statistical Disclosure Control. Wiley. doi:10.1002/9781118348239.

    Examples
    --------
    >>> is_dominated([70, 25, 5])
    True
    >>> is_dominated([40, 30, 30])
    False
    """
    if largest < 1 or not 0 < share < 1:
        raise ValueError(f"largest is {largest} and share is {share}; allowed: 1 or more, and between 0 and 1")
    ordered = _decreasing(contributions)
    total = ordered.sum()
    return bool(total > 0 and ordered[:largest].sum() / total > share)


def fails_p_ratio(contributions: Sequence[float], *, p: float = 0.1) -> bool:
    """Could the second largest contributor work out the largest to within a share `p` of it?

    Parameters
    ----------
    contributions
        What each contributor adds to the total; none negative.
    p
        The protection asked for, as a share of the largest contribution.

    Returns
    -------
    bool
        Whether the total must not be published.

    Raises
    ------
    ValueError
        If a contribution is negative or missing, or `p` is not above 0.

    Notes
    -----
    With contributions in decreasing order, the total is unsafe if :math:`(X - x_1 - x_2) / x_1 < p`: the second
    largest knows :math:`X - x_2` and is then off by what all others add. A total of 0 is safe.

    References
    ----------
    Hundepool A, et al. (2012). Statistical Disclosure Control. Wiley. doi:10.1002/9781118348239.

    Examples
    --------
    >>> fails_p_ratio([100, 50, 5])
    True
    >>> fails_p_ratio([100, 50, 20])
    False
    """
    if not p > 0:
        raise ValueError(f"p is {p}; allowed: above 0")
    ordered = _decreasing(contributions)
    return bool(ordered.sum() > 0 and ordered[2:].sum() / ordered[0] < p)


def _decreasing(contributions: Sequence[float]) -> np.ndarray:
    values = np.sort(np.asarray(contributions, dtype=float))[::-1]
    if np.isnan(values).any() or (values < 0).any():
        raise ValueError("contributions have to be 0 or above, and none may be missing")
    return values
