"""How much of a gain would have come without any programme, because people enter when they are at their lowest?

Whoever comes at a low point is likely to be nearer to the usual level later. How far depends on why people were low:
not at all if entry went by stable traits, and by all of the transient part of the score if it went by the score of the
day. Neither is known, so both ends are given, and how large that part would have to be to explain the whole gain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from math import nan
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.results import estimate_table
from increase_eval.study.study import Study

STABLE, TRANSIENT, ALL_OF_IT = "entry by stable traits", "entry by the score", "explains all of the gain"
NO_DEFICIT = "the mean at the first wave is the reference mean"
NO_GAIN = "no gain to explain"
FREE, POINTS = "baseline_free", "points"
ALL = "all"


@dataclass(frozen=True, slots=True)
class RegressionToMean:
    """What regression to the mean alone would have brought.

    Attributes
    ----------
    expected_low, expected_high
        The gain expected without a programme if entry went by stable traits (nought), and by the score of the day.
    kappa_high
        1 less the retest correlation: the largest share of the deficit that is transient.
    kappa_explaining
        The share of the deficit that would have to be transient for the whole gain to be expected; above 1, or below
        nought, no regression to the mean explains it. NaN where there is no deficit.
    deficit
        Reference mean less the mean at the first wave.
    gain
        The gain that was observed.
    """

    expected_low: float
    expected_high: float
    kappa_high: float
    kappa_explaining: float
    deficit: float
    gain: float

    @property
    def could_explain_all(self) -> bool:
        """Whether some share between nought and `kappa_high` explains the whole gain."""
        return bool(0 <= self.kappa_explaining <= self.kappa_high)

    def to_frame(self) -> pd.DataFrame:
        """Give the two ends and the share that explains all, as an estimate table without intervals."""
        return estimate_table(list(_rows(self)))


def regression_to_mean(
    baseline_mean: float, gain: float, *, reference_mean: float, retest_correlation: float
) -> RegressionToMean:
    r"""How much of a gain is expected without a programme, by regression to the mean alone?

    Parameters
    ----------
    baseline_mean
        Mean at the first wave.
    gain
        Mean change since; of either sign.
    reference_mean
        The mean that people would go back to: of a population, or of the same people in better days.
    retest_correlation
        Correlation of the score with itself over the time that the gain took, from 0 to 1.

    Returns
    -------
    RegressionToMean
        Both ends, and the share that would explain the whole gain. There is no p value: what is unknown here is not
        chance but why people came when they did.

    Raises
    ------
    ValueError
        If the correlation lies outside [0, 1], or a number is missing.

    Notes
    -----
    Expected gain = kappa (reference mean - mean at the first wave), with kappa the transient share of the deficit:
    0 if entry depends on stable traits alone; 1 - r if it depends on the score, r the retest correlation, since of a
    score that deviates by d the expectation at retest deviates by r d. A retest correlation measured across the
    programme also falls because people change differently, so that 1 - r overstates the transient share: it is an
    upper end.

    References
    ----------
    Galton, F. (1886). doi:10.2307/2841583. Barnett, A. G., van der Pols, J. C., & Dobson, A. J. (2005). Regression to
    the mean: what it is and how to deal with it. International Journal of Epidemiology, 34, 215-220.
    doi:10.1093/ije/dyh299

    Checked against
    ---------------
    A normal population selected by its score, in closed form and simulated
    (``tests/unit/comparison/without_control/test_regression_to_mean.py``).

    Examples
    --------
    >>> found = regression_to_mean(6.0, 0.5, reference_mean=7.0, retest_correlation=0.6)
    >>> round(found.expected_high, 9), round(found.kappa_explaining, 9), found.could_explain_all
    (0.4, 0.5, False)
    """
    numbers = {"baseline mean": baseline_mean, "gain": gain, "reference mean": reference_mean}
    missing = [name for name, value in numbers.items() if not np.isfinite(value)]
    if missing:
        raise ValueError(f"{' and '.join(missing)} must be finite numbers")
    if not 0 <= retest_correlation <= 1:
        raise ValueError(f"retest_correlation is {retest_correlation}; allowed: 0 to 1")
    deficit, kappa = reference_mean - baseline_mean, 1 - retest_correlation
    return RegressionToMean(
        expected_low=0.0,
        expected_high=kappa * deficit,
        kappa_high=kappa,
        kappa_explaining=gain / deficit if deficit else nan,
        deficit=deficit,
        gain=gain,
    )


def regression_to_mean_table(
    study: Study, means: pd.DataFrame, changes: pd.DataFrame, retests: pd.DataFrame
) -> pd.DataFrame:
    """Say for every scale with declared reference means how much regression to the mean could explain.

    Parameters
    ----------
    study
        The contract; its plan declares ``reference_means``.
    means, changes
        ``score_means`` and ``score_changes``: those of the model with the first wave as an outcome are used, in points.
    retests
        ``retest``: the correlation of everybody between the first wave and the later one.

    Returns
    -------
    DataFrame
        An estimate table without intervals: ``outcome`` the scale, ``contrast`` the pair of waves, ``wave`` the later
        one, ``by_arm``, ``by_reference`` the id of the reference mean, ``term`` what entry is taken to go by: the
        expected gain in points; ``explains all of the gain``: the share of the deficit that would have to be transient.
        ``statistic`` is the gain that was observed, ``n`` of whom. Where there is nothing to explain a row has a
        ``status``.
    """
    first = study.wave_ids[0]
    rows: list[dict[str, Any]] = []
    for reference in study.analysis.reference_means:
        for wave in study.wave_ids[1:]:
            pair = f"{first} -> {wave}"
            correlation = _one(retests, outcome=reference.scale, contrast=pair, term="retest correlation", by_arm=ALL)
            for arm in (ALL, *study.arm_ids):
                about = {"outcome": reference.scale, "by_arm": arm}
                mean = _one(means, **about, wave=first, term="mean", by_model=FREE)
                change = _one(changes, **about, contrast=pair, by_model=FREE, by_unit=POINTS)
                if mean is None or change is None or correlation is None:
                    continue
                if any(pd.isna(part["estimate"]) for part in (mean, change, correlation)):
                    continue
                found = regression_to_mean(
                    float(mean["estimate"]),
                    float(change["estimate"]),
                    reference_mean=reference.value,
                    retest_correlation=float(np.clip(correlation["estimate"], 0.0, 1.0)),
                )
                shared = {**about, "contrast": pair, "wave": wave, "by_reference": reference.id, "n": change["n"]}
                rows += [{**shared, **row} for row in _rows(found)]
    method = "kappa x (reference mean - mean at the first wave)"
    columns = ["outcome", "term", "contrast", "wave", "estimate", "statistic", "n", "by_arm", "by_reference", "status"]
    return estimate_table(pd.DataFrame(rows, columns=columns), method=method)


def _rows(found: RegressionToMean) -> Iterator[dict[str, Any]]:
    observed = {"statistic": found.gain, "status": None}
    yield {"term": STABLE, "estimate": found.expected_low, **observed}
    yield {"term": TRANSIENT, "estimate": found.expected_high, **observed}
    status = NO_DEFICIT if np.isnan(found.kappa_explaining) else NO_GAIN if found.gain == 0 else None
    yield {"term": ALL_OF_IT, "estimate": found.kappa_explaining, "statistic": found.gain, "status": status}


def _one(table: pd.DataFrame, **where: str) -> Mapping[str, Any] | None:
    """Give the one row of a table where columns have these values; None where there is none."""
    own = np.ones(len(table), dtype=bool)
    for column, value in where.items():
        own &= (table[column] == value).fillna(False).to_numpy(dtype=bool)
    at = np.flatnonzero(own)
    return {str(name): value for name, value in table.iloc[int(at[0])].items()} if len(at) == 1 else None
