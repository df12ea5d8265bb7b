"""What could be seen at this precision? The minimum detectable difference and the smallest provable margin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy import stats

Floats = npt.NDArray[np.float64]


def minimum_detectable(
    std_error: Floats, df: Floats, *, alpha: float, family_size: int, power: float, design_effect: float | Floats = 1.0
) -> Floats:
    """How large must a true difference be to be called different with this power?

    Parameters
    ----------
    std_error, df
        Of the estimate; infinite df for a normal one.
    alpha, family_size
        The error rate, shared by so many contrasts.
    power
        Probability of the verdict.
    design_effect
        What the variance is multiplied by for clustering that the standard error does not hold.

    Returns
    -------
    array
        In the unit of the standard error.

    Notes
    -----
    SE sqrt(D) [t(1 - alpha / 2K) + t(power)]: the estimate less the truth, over its standard error, is taken to be t
    with df degrees of freedom whatever the truth. Against the noncentral t this is at most 1 % off from 20 df on. It
    never looks at the estimate: a power worked out from what was found says nothing new (Hoenig and Heisey 2001).

    Examples
    --------
    >>> seen = minimum_detectable(np.array([0.1]), np.array([np.inf]), alpha=0.05, family_size=1, power=0.8)
    >>> print(seen.round(3))
    [0.28]

    References
    ----------
    Bloom HS (1995). doi:10.1177/0193841X9501900504. Hoenig JM, Heisey DM (2001). doi:10.1198/000313001300339897.
    """
    error = std_error * np.sqrt(design_effect)
    return np.asarray(error * (stats.t.ppf(1 - alpha / (2 * family_size), df) + stats.t.ppf(power, df)))


def smallest_margin(
    std_error: Floats, df: Floats, *, alpha: float, family_size: int, power: float, design_effect: float | Floats = 1.0
) -> Floats:
    """How wide must a margin be for equivalence to be shown with this power, where there is no difference at all?

    Parameters
    ----------
    std_error, df, alpha, family_size, power, design_effect
        As in :func:`minimum_detectable`.

    Returns
    -------
    array
        In the unit of the standard error.

    Notes
    -----
    SE sqrt(D) [t(1 - alpha / K) + t((1 + power) / 2)], the two one-sided tests at a true difference of nought. It says
    what the study could have shown; a margin is never taken from it.

    Examples
    --------
    >>> provable = smallest_margin(np.array([0.1]), np.array([np.inf]), alpha=0.05, family_size=1, power=0.8)
    >>> print(provable.round(3))
    [0.293]

    References
    ----------
    Schuirmann DJ (1987). doi:10.1007/BF01068419. Julious SA (2004). doi:10.1002/sim.1783.
    """
    error = std_error * np.sqrt(design_effect)
    return np.asarray(error * (stats.t.ppf(1 - alpha / family_size, df) + stats.t.ppf((1 + power) / 2, df)))


def clustering_effect(cluster_sizes: Sequence[int], icc: float) -> float:
    """How much does clustering multiply the variance of a mean? 1 + (m - 1) ICC, m the mean size of a person's cluster.

    Parameters
    ----------
    cluster_sizes
        How many people each cluster has.
    icc
        The intracluster correlation, from 0 to 1.

    Returns
    -------
    float
        The design effect.

    Raises
    ------
    ValueError
        If there is nobody, or the correlation is outside 0 to 1.

    Notes
    -----
    With m_j people in cluster j, m is the sum of m_j squared over the sum of m_j.

    Examples
    --------
    >>> print(clustering_effect([10, 10], 0.05))
    1.45

    References
    ----------
    Kish L (1965). Survey Sampling, section 5.4. ISBN 9780471109495.
    """
    sizes = np.asarray(cluster_sizes, dtype=float)
    if sizes.sum() <= 0 or not 0 <= icc <= 1:
        raise ValueError(f"cluster_sizes {list(cluster_sizes)}, icc {icc!r}; allowed: people, and 0 to 1")
    return float(1 + (np.square(sizes).sum() / sizes.sum() - 1) * icc)
