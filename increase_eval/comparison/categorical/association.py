"""How strongly do two categorical variables go together? Cramér's V, with Bergsma's correction for its bias."""

from __future__ import annotations

import numpy as np

from increase_eval.comparison.categorical.tables import CountTable, read_counts
from increase_eval.errors import InsufficientDataError


def cramers_v(table: CountTable, *, bias_correction: bool = True) -> float:
    """How strongly do the rows and columns of a table of counts go together, from 0 to 1?

    Parameters
    ----------
    table
        Counts, rows by columns. Rows and columns without anybody are left out.
    bias_correction
        Whether to correct for the upward bias of V at small n.

    Returns
    -------
    float
        V, or its corrected form.

    Raises
    ------
    ValueError
        If a cell is no count.
    InsufficientDataError
        If fewer than two rows or columns have anybody, or the corrected form does not exist at this n.

    Notes
    -----
    With φ² = χ²/n of an r x k table: V = √(φ² / (min(r, k) - 1)). Corrected: φ̃² = max(0, φ² - (r-1)(k-1)/(n-1)),
    r̃ = r - (r-1)²/(n-1), k̃ = k - (k-1)²/(n-1), Ṽ = √(φ̃² / (min(r̃, k̃) - 1)).

    References
    ----------
    Bergsma W (2013). A bias-correction for Cramér's V and Tschuprow's T. doi:10.1016/j.jkss.2012.10.002.

    Checked against R in ``tests/golden/comparison/cramer_jobs.json``.

    Examples
    --------
    >>> cramers_v([[10, 0], [0, 10]], bias_correction=False)
    1.0
    """
    counts = read_counts(table)
    counts = counts[counts.sum(axis=1) > 0][:, counts.sum(axis=0) > 0]
    rows, columns = counts.shape
    if min(rows, columns) < 2:
        raise InsufficientDataError("Cramér's V needs two rows and two columns with somebody in each")
    n = counts.sum()
    expected = np.outer(counts.sum(axis=1), counts.sum(axis=0)) / n
    phi2 = float(((counts - expected) ** 2 / expected).sum() / n)
    if not bias_correction:
        return float(np.sqrt(phi2 / (min(rows, columns) - 1)))
    corrected = max(0.0, phi2 - (rows - 1) * (columns - 1) / (n - 1))
    room = min(rows - (rows - 1) ** 2 / (n - 1), columns - (columns - 1) ** 2 / (n - 1)) - 1
    if room <= 0:
        raise InsufficientDataError(f"n = {n:g} is too few for the corrected V of a {rows} x {columns} table")
    return min(1.0, float(np.sqrt(corrected / room)))
