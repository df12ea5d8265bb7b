"""May a claim that says several things at once be made? Only where each of them may: the intersection-union test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isnan


@dataclass(frozen=True, slots=True)
class Compound:
    """A claim that says several things at once.

    Attributes
    ----------
    p_value
        The largest of the p values; missing where one is missing.
    is_shown
        Whether it is at most `alpha`.
    alpha
        The error rate of the whole claim.
    parts
        Part -> its p value.
    failing
        The parts that are not shown by themselves.
    """

    p_value: float
    is_shown: bool
    alpha: float
    parts: Mapping[str, float]
    failing: tuple[str, ...]


def intersection_union(parts: Mapping[str, float], *, alpha: float = 0.05) -> Compound:
    """May all parts of a claim be said at once?

    Parameters
    ----------
    parts
        Part -> p value of the test whose rejection shows it: of no rise, for a rise; of a difference as large as
        matters, for equivalence. A missing p value is a part that cannot be shown.
    alpha
        The error rate of the whole claim.

    Returns
    -------
    Compound
        Shown where every part is, each at the full rate.

    Raises
    ------
    ValueError
        If there is no part, or a p value or the rate lies outside 0 to 1.

    Notes
    -----
    The null hypothesis is that some part is false. Rejecting it only where every part is rejected at alpha has size
    alpha at most, without any further adjustment. That a test of interaction finds nothing is no part: it shows no
    uniformity.

    References
    ----------
    Berger RL (1982). doi:10.1080/00401706.1982.10487790. Berger RL, Hsu JC (1996). doi:10.1214/ss/1032280304.

    Checked against the definition, in ``tests/unit/claims/test_decide.py``.

    Examples
    --------
    >>> claim = intersection_union({"rises": 0.001, "alike": 0.2})
    >>> print(claim.is_shown, claim.p_value, claim.failing)
    False 0.2 ('alike',)
    """
    wrong = {name: p for name, p in parts.items() if not (isnan(p) or 0 <= p <= 1)}
    if not parts or wrong or not 0 < alpha < 1:
        raise ValueError(f"parts {dict(parts)} and alpha {alpha!r}; allowed: at least one p value from 0 to 1")
    failing = tuple(name for name, p in parts.items() if not p <= alpha)
    largest = float("nan") if any(isnan(p) for p in parts.values()) else max(parts.values())
    return Compound(largest, not failing, alpha, dict(parts), failing)
