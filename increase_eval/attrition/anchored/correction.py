"""Take the bias of order 1/n off a mean that odds meeting known totals give, without missing a total."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def corrected_odds(b: Floats, odds: Floats) -> Floats:
    """Turn odds so that what they give has no bias of order 1/n, the totals being met as before.

    Parameters
    ----------
    b
        Shape (n, p): what was met, of everybody who answered; nought for those who stand for themselves alone.
    odds
        Shape (n,): from :func:`.solve_stage`, every person counting once.

    Notes
    -----
    The delete-one jackknife, to second order and in closed form. Without person i psi moves by H⁻¹ o_i b_i and on, H =
    Σ o b b'; the terms of first order add up to nought, and what is left is -Σ o_i h_i e_i, h the leverages o b'H⁻¹b
    and e the residual of Y regressed on b with the weights o, beside terms in squares of b'H⁻¹b that are left out: they
    were nought to four digits where it was tried. Taking it off is to multiply the odds by 1 + h - b'H⁻¹ Σ o h b: the
    added odds are orthogonal to b, so that every total is still met.
    """
    inverse = np.linalg.pinv(b.T @ (b * odds[:, None]), rcond=1e-13, hermitian=True)
    leverage = odds * ((b @ inverse) * b).sum(axis=1)
    return np.asarray(odds * (1 + leverage - b @ (inverse @ (b.T @ (odds * leverage)))))


def hidden_variance(groups: Floats, outcome: Floats) -> Floats:
    """Give each person the variance that a category hides whose few answers, 0 or 1, are more alike than it is.

    Parameters
    ----------
    groups
        Shape (n, categories): the category of each of those who answered, or their shares of each.
    outcome
        Shape (n,): 0 or 1.

    Returns
    -------
    ndarray
        Shape (n,): max(0, q(1 - q) - p(1 - p)), p = x/n the share of the category and q = (x + 1/2)/(n + 1).
    """
    counts, ones = groups.sum(axis=0), groups.T @ outcome
    seen, by_jeffreys = ones / np.maximum(counts, 1e-300), (ones + 0.5) / (counts + 1.0)
    return np.asarray(groups @ np.maximum(by_jeffreys * (1 - by_jeffreys) - seen * (1 - seen), 0.0))
