"""How low may the reliability of a sum of items be? Guttman's six lower bounds."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from increase_eval.errors import InsufficientDataError
from increase_eval.scoring.reliability.covariance import FloatArray, Items, Metric, Missing, item_covariance

ALL_SPLITS = 20
"""Up to so many items every split is tried (half a million); above, splits are improved step by step."""

SPLITS_AT_ONCE = 2**15
STARTS = 50

SINGULAR = 1e-8
"""Below this ratio of the eigenvalues, the inverse is not exact enough to be used."""


def guttman_lambdas(items: Items, *, metric: Metric = "covariance", missing: Missing = "listwise") -> pd.Series[float]:
    r"""How low may the reliability of a sum of items be?

    Parameters
    ----------
    items
        One row per participant and one column per item, already recoded and reversed; or the `PatternMoments` of it.
    metric
        ``covariance``: the items as they are. ``correlation``: the items in standard units.
    missing
        ``listwise`` or ``pairwise``, as in :func:`cronbach_alpha`.

    Returns
    -------
    Series
        Index ``lambda1`` ... ``lambda6``.

    Raises
    ------
    ValueError
        For fewer than two items, columns that are no numbers, or an option that is not allowed.
    InsufficientDataError
        If fewer than two people are left, or their sum does not vary; in standard units: if an item does not vary.

    Notes
    -----
    With C the matrix of k items, V = 1'C1 and c2 the sum of its squared off-diagonal elements:
    :math:`\lambda_1 = 1 - \mathrm{tr}\,C / V`; :math:`\lambda_2 = \lambda_1 + \sqrt{c_2 k / (k-1)} / V`;
    :math:`\lambda_3 = \lambda_1 k / (k-1)`, Cronbach's alpha; :math:`\lambda_4` is the largest
    :math:`4 \,\mathrm{cov}(A, B) / V` over all splits of the items into A and B, of any sizes;
    :math:`\lambda_5 = \lambda_1 + 2 \sqrt{\max_j \sum_{i \neq j} c_{ij}^2} / V`;
    :math:`\lambda_6 = 1 - \sum_j e_j / V`, with e the variance of an item that the others do not explain linearly.

    :math:`\lambda_4` is exact up to 20 items. With more, splits from fixed starts are improved by moving one item or
    two at a time, and the result may lie a little below the largest. In small samples :math:`\lambda_4` and
    :math:`\lambda_6` run high, having been chosen or fitted on the same people.

    References
    ----------
    Guttman (1945), DOI 10.1007/BF02288892.

    Checked against ``tests/golden/scoring/reliability_bfi_agreeableness.json`` (all but lambda4, which has no reference
    there and is compared with every split by hand). The ``G6(smc)`` of the R package psych is that of the correlation
    metric.

    Examples
    --------
    >>> answers = pd.DataFrame({"a": [1, 2, 4, 5, 3], "b": [2, 2, 5, 4, 3], "c": [1, 3, 4, 5, 2]})
    >>> print(guttman_lambdas(answers).round(3).to_dict())
    {'lambda1': 0.621, 'lambda2': 0.937, 'lambda3': 0.932, 'lambda4': 0.904, 'lambda5': 0.944, 'lambda6': 0.932}
    """
    moments = item_covariance(items, missing=missing)
    matrix = moments.matrix(metric)
    if not matrix.sum() > 0:
        why = "an item or the sum does not vary" if metric == "correlation" else "the sum does not vary"
        raise InsufficientDataError(f"{why} among {moments.n} people: {', '.join(moments.items)}")
    k, total = len(matrix), matrix.sum()
    squares = (matrix**2).sum(axis=0) - matrix.diagonal() ** 2
    first = 1 - matrix.trace() / total
    values = {
        "lambda1": first,
        "lambda2": first + np.sqrt(squares.sum() * k / (k - 1)) / total,
        "lambda3": first * k / (k - 1),
        "lambda4": _lambda_4(matrix),
        "lambda5": first + 2 * np.sqrt(squares.max()) / total,
        "lambda6": lambda_6(matrix),
    }
    return pd.Series(values, name="estimate", dtype="float64")


def lambda_6(matrix: FloatArray) -> float:
    """Guttman's sixth bound of a matrix; items that repeat each other are explained without rest."""
    total = matrix.sum()
    return float(1 - _unexplained(matrix).sum() / total) if total > 0 and len(matrix) > 1 else float("nan")


def _unexplained(matrix: FloatArray) -> FloatArray:
    """Variance of each item that the others do not explain."""
    values = np.linalg.eigvalsh(matrix)
    if values[0] > SINGULAR * values[-1]:
        return np.asarray(1 / np.linalg.inv(matrix).diagonal())
    rest = np.zeros(len(matrix))
    for item in range(len(matrix)):
        others = np.delete(np.arange(len(matrix)), item)
        shared = matrix[others, item]
        explained = shared @ np.linalg.pinv(matrix[np.ix_(others, others)], hermitian=True) @ shared
        rest[item] = max(matrix[item, item] - explained, 0.0)
    return rest


def _lambda_4(matrix: FloatArray) -> float:
    """With signs s for the two halves, 4 cov(A, B) = 1'C1 - s'Cs: look for the split with the smallest s'Cs."""
    smallest = _smallest_of_all(matrix) if len(matrix) <= ALL_SPLITS else _smallest_found(matrix)
    return float(1 - smallest / matrix.sum())


def _smallest_of_all(matrix: FloatArray) -> float:
    k = len(matrix)
    bits = np.arange(k - 1)
    smallest = np.inf
    for start in range(0, 2 ** (k - 1), SPLITS_AT_ONCE):
        numbers = np.arange(start, min(start + SPLITS_AT_ONCE, 2 ** (k - 1)))
        signs = np.ones((len(numbers), k))
        signs[:, 1:] = 1.0 - 2.0 * ((numbers[:, None] >> bits) & 1)
        smallest = min(smallest, float(np.einsum("sj,sj->s", signs @ matrix, signs).min()))
    return smallest


def _smallest_found(matrix: FloatArray) -> float:
    """Improve splits from fixed starts by moving the one or two items that gain most, until none gains.

    Turning the sign of item j changes s'Cs by -4 g_j with g_j = s_j (Cs)_j - c_jj; turning i and j both changes it by
    -4 (g_i + g_j - 2 s_i s_j c_ij).
    """
    diagonal = matrix.diagonal()
    least_gain = 1e-12 * diagonal.sum()
    smallest = np.inf
    for signs in _starts(matrix):
        while True:
            single = signs * (matrix @ signs) - diagonal
            gain = single[:, None] + single[None, :] - 2 * np.outer(signs, signs) * matrix
            np.fill_diagonal(gain, single)
            one, two = np.unravel_index(int(gain.argmax()), gain.shape)
            if gain[one, two] <= least_gain:
                break
            signs[[one, two]] *= -1.0  # the same index twice turns one sign once
        smallest = min(smallest, float(signs @ matrix @ signs))
    return smallest


def _starts(matrix: FloatArray) -> Iterator[FloatArray]:
    """Start from the signs of each principal axis, those with the least variance first."""
    _, vectors = np.linalg.eigh(matrix)
    for axis in range(min(len(matrix), STARTS)):
        yield np.where(vectors[:, axis] >= 0, 1.0, -1.0)
