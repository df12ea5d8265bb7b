"""Did the shares of states change between two waves, among those known at both? Tests on a square table of counts.

Stuart and Maxwell, Bhapkar: equal margins. Bowker: symmetry, cell by cell. McNemar: both, for two states. Kappa: how
far two ratings agree. States that nobody left for, or came to from, another carry no information on change; they are
merged, and the result names them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.comparison.categorical.tables import CountTable, read_square
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]

OK = "ok"
NOBODY_MOVED = "nobody moved"
MERGED = "states merged"


@dataclass(frozen=True, slots=True)
class ChangeTest:
    """One test of change; `statistic` and `df` are missing where the test is exact."""

    statistic: float
    df: float
    p_value: float


@dataclass(frozen=True, slots=True)
class McNemar:
    """McNemar's test of a 2 x 2 table in four forms, from b (row 1, column 2) and c (row 2, column 1).

    Attributes
    ----------
    chi2
        (b - c)² / (b + c).
    corrected
        (|b - c| - 1)² / (b + c), nought where b = c.
    exact
        Twice the smaller binomial tail, at most 1.
    mid_p
        The exact p value less the probability of what was observed.
    """

    chi2: ChangeTest
    corrected: ChangeTest
    exact: ChangeTest
    mid_p: ChangeTest


@dataclass(frozen=True, slots=True)
class MarginalHomogeneity:
    """Tests of change between the rows and the columns of a square table.

    Attributes
    ----------
    stuart_maxwell, bhapkar, bowker
        `statistic`, `df`, `p_value` each.
    mcnemar
        For two states, else None.
    kappa
        Cohen's kappa; missing where everybody is in one state at both waves.
    n, states
        Size and names.
    merged
        States without anybody moving out or in, left out of the degrees of freedom.
    status
        ``ok``, ``states merged``, or ``nobody moved`` (statistics 0, df 0, p 1).
    """

    stuart_maxwell: ChangeTest
    bhapkar: ChangeTest
    bowker: ChangeTest
    mcnemar: McNemar | None
    kappa: float
    n: int
    states: tuple[str, ...]
    merged: tuple[str, ...]
    status: str

    def to_frame(self) -> pd.DataFrame:
        """Give the tests and kappa as an estimate table."""
        tests = {"Stuart-Maxwell": self.stuart_maxwell, "Bhapkar": self.bhapkar, "Bowker": self.bowker}
        if self.mcnemar is not None:
            forms = {"chi-square": "chi2", "corrected": "corrected", "exact": "exact", "mid-p": "mid_p"}
            tests |= {f"McNemar {name}": getattr(self.mcnemar, form) for name, form in forms.items()}
        rows = [
            {"term": "change", "method": name, "statistic": test.statistic, "df": test.df, "p_value": test.p_value}
            for name, test in tests.items()
        ]
        agreement = {"term": "kappa", "method": "Cohen's kappa", "estimate": self.kappa}
        return estimate_table([*rows, agreement], n=self.n, status=self.status)


def marginal_homogeneity(table: CountTable) -> MarginalHomogeneity:
    """Did the shares of states change between the rows (before) and the columns (after)?

    Parameters
    ----------
    table
        A square table of counts; a frame's columns are put into the order of its rows.

    Returns
    -------
    MarginalHomogeneity
        `stuart_maxwell`, `bhapkar`, `bowker`, `mcnemar` (two states), `kappa`, `merged`, `status`.

    Raises
    ------
    ValueError
        If the table is not square, empty, or has a cell that is no count.

    Notes
    -----
    With d_i = n_i. - n_.i and S_ii = n_i. + n_.i - 2 n_ii, S_ij = -(n_ij + n_ji), the statistic of Stuart and Maxwell
    is d'S⁻d. S is the Laplacian of the graph of moves: its rank, which is the df, is the number of states less the
    number of groups of states that no move connects (K - 1 where all are connected). A state without moves is thereby
    left out, which is the same as merging it with any other. Bhapkar replaces S by S - dd'/n, which gives
    SM / (1 - SM/n). Bowker sums (n_ij - n_ji)² / (n_ij + n_ji) over the pairs i < j with any moves, and counts them as
    df: K(K-1)/2 where every pair has some. Kappa is (p_o - p_e) / (1 - p_e).

    References
    ----------
    Stuart A (1955). doi:10.1093/biomet/42.3-4.412. Maxwell AE (1970). doi:10.1192/bjp.116.535.651.
    Bhapkar VP (1966). doi:10.1080/01621459.1966.10502021. Bowker AH (1948). doi:10.1080/01621459.1948.10483284.
    Fagerland MW et al. (2013), mid-p. doi:10.1186/1471-2288-13-91. Cohen J (1960). doi:10.1177/001316446002000104.

    Checked against R in ``tests/golden/comparison/marginal_homogeneity_vision.json``.

    Examples
    --------
    >>> result = marginal_homogeneity([[20, 25], [11, 30]])
    >>> print(f"{result.stuart_maxwell.statistic:.4f} on {result.stuart_maxwell.df:g} df")
    5.4444 on 1 df
    """
    counts, states = read_square(table)
    n = int(counts.sum())
    if n == 0:
        raise ValueError("the table has nobody in it")
    moves = counts + counts.T
    np.fill_diagonal(moves, 0)
    merged = tuple(state for state, moving in zip(states, moves.sum(axis=1) > 0, strict=True) if not moving)
    stuart_maxwell = _stuart_maxwell(counts, moves)
    return MarginalHomogeneity(
        stuart_maxwell=stuart_maxwell,
        bhapkar=_bhapkar(stuart_maxwell, n),
        bowker=_bowker(counts),
        mcnemar=_mcnemar(int(counts[0, 1]), int(counts[1, 0])) if len(counts) == 2 else None,
        kappa=_kappa(counts / n),
        n=n,
        states=states,
        merged=merged,
        status=NOBODY_MOVED if not moves.any() else MERGED if merged else OK,
    )


def _chi_square(statistic: float, df: float) -> ChangeTest:
    return ChangeTest(statistic, df, float(stats.chi2.sf(statistic, df)) if df else 1.0)


def _stuart_maxwell(counts: Floats, moves: Floats) -> ChangeTest:
    difference = counts.sum(axis=1) - counts.sum(axis=0)
    laplacian = np.diag(moves.sum(axis=1)) - moves
    kept = _one_left_out_of_each(moves)
    if not kept.any():
        return _chi_square(0.0, 0)
    solved = np.linalg.solve(laplacian[np.ix_(kept, kept)], difference[kept])
    return _chi_square(float(difference[kept] @ solved), int(kept.sum()))


def _one_left_out_of_each(moves: Floats) -> npt.NDArray[np.bool_]:
    """Leave out one state of every group of states that moves connect: the rest of the Laplacian is regular."""
    kept = np.ones(len(moves), dtype=bool)
    seen = np.zeros(len(moves), dtype=bool)
    for start in range(len(moves)):
        if seen[start]:
            continue
        kept[start] = False
        frontier = [start]
        while frontier:
            state = frontier.pop()
            seen[state] = True
            frontier.extend(int(other) for other in np.flatnonzero((moves[state] > 0) & ~seen))
    return kept


def _bhapkar(stuart_maxwell: ChangeTest, n: int) -> ChangeTest:
    room = 1 - stuart_maxwell.statistic / n
    # Everybody moving one way leaves no room: S - dd'/n is singular and the statistic is unbounded.
    statistic = stuart_maxwell.statistic / room if room > 1e-12 else np.inf
    return _chi_square(float(statistic), stuart_maxwell.df)


def _bowker(counts: Floats) -> ChangeTest:
    above = np.triu_indices(len(counts), k=1)
    there, back = counts[above], counts.T[above]
    moving = there + back > 0
    statistic = ((there - back)[moving] ** 2 / (there + back)[moving]).sum()
    return _chi_square(float(statistic), int(moving.sum()))


def _mcnemar(b: int, c: int) -> McNemar:
    total, gap = b + c, abs(b - c)
    if total == 0:
        unmoved = ChangeTest(0.0, 0.0, 1.0)
        return McNemar(unmoved, unmoved, unmoved, unmoved)
    tail = float(stats.binom.cdf(min(b, c), total, 0.5))
    point = float(stats.binom.pmf(min(b, c), total, 0.5))
    return McNemar(
        chi2=_chi_square(gap**2 / total, 1),
        corrected=_chi_square(max(gap - 1, 0) ** 2 / total, 1),
        exact=ChangeTest(np.nan, np.nan, min(1.0, 2 * tail)),
        mid_p=ChangeTest(np.nan, np.nan, min(1.0, 2 * tail - point)),
    )


def _kappa(shares: Floats) -> float:
    observed = float(np.trace(shares))
    expected = float(shares.sum(axis=1) @ shares.sum(axis=0))
    return (observed - expected) / (1 - expected) if expected < 1 else np.nan
