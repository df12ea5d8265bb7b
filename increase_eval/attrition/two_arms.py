"""Two arms, and bounds of the difference of their means: what Manski's and Lee's bounds share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.continuous.samples import to_floats
from increase_eval.moments.levels import ordered_levels
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bounds:
    """Bounds of the difference of two means, arm 1 less arm 0.

    Attributes
    ----------
    lower, upper
        The bounds.
    conf_low, conf_high
        Imbens and Manski's interval for the difference itself; missing for Lee's bounds.
    arms
        Index the arm; ``n``, ``n_observed``, ``mean`` (of the observed), ``lower``, ``upper`` and, for Manski's,
        ``conf_low``, ``conf_high``.
    trimmed_share
        For Lee's bounds: the share of the observed of one arm that is trimmed; else missing.
    n_dropped
        Rows without an arm.
    assumption
        What the bounds rest on.
    """

    lower: float
    upper: float
    conf_low: float
    conf_high: float
    arms: pd.DataFrame
    trimmed_share: float
    n_dropped: int
    method: str
    assumption: str

    def to_frame(self) -> pd.DataFrame:
        """Give both bounds as an estimate table."""
        limits = {"conf_low": self.conf_low, "conf_high": self.conf_high, "n_dropped": self.n_dropped}
        rows = [{"term": term, "estimate": getattr(self, term), **limits} for term in ("lower", "upper")]
        contrast = f"{self.arms.index[1]} - {self.arms.index[0]}"
        return estimate_table(rows, contrast=contrast, n=int(self.arms["n"].sum()), method=self.method)


@dataclass(frozen=True, slots=True)
class TwoArms:
    """Outcomes, arm numbers and who is observed, on rows with an arm; `known` says which rows those are."""

    values: Floats
    codes: npt.NDArray[np.int64]
    observed: npt.NDArray[np.bool_]
    levels: tuple[Any, ...]
    dropped: int
    known: npt.NDArray[np.bool_]


def read_two_arms(outcome: Any, arm: Any, observed: Any) -> TwoArms:
    """Read outcomes of two arms.

    Raises
    ------
    ValueError
        If lengths or the rows of Series differ, there are not two arms, or an observed outcome is missing.
    """
    rows = [given.index for given in (outcome, arm, observed) if isinstance(given, pd.Series)]
    if any(not other.equals(rows[0]) for other in rows):
        raise ValueError("outcome, arm and observed are Series of different rows; allowed: one index, in one order")
    values = to_floats(outcome, "outcome")
    seen = to_floats(observed, "observed")
    labels = pd.Series(arm).reset_index(drop=True)
    if not len(values) == len(labels) == len(seen):
        raise ValueError(f"outcome, arm and observed have {len(values)}, {len(labels)} and {len(seen)} rows")
    if not np.isin(seen, (0.0, 1.0)).all():
        raise ValueError("observed has other values than true and false")
    known = labels.notna().to_numpy(dtype=bool)
    levels = ordered_levels(labels, known) if known.any() else ()
    if len(levels) != 2:
        raise ValueError(f"arm has {len(levels)} different values; allowed: two")
    codes = np.asarray(
        pd.Index(list(levels)).get_indexer(pd.Index(labels.to_numpy(dtype=object)[known])), dtype=np.int64
    )
    values, is_seen = values[known], seen[known] == 1
    if np.isnan(values[is_seen]).any():
        raise ValueError(f"{int(np.isnan(values[is_seen]).sum())} outcomes are missing where observed is true")
    return TwoArms(values, codes, is_seen, tuple(levels), int((~known).sum()), known)


def arm_row(data: TwoArms, code: int) -> dict[str, Any]:
    """Give an arm's people, those observed, and their mean."""
    own = data.codes == code
    seen = data.values[own & data.observed]
    return {"n": int(own.sum()), "n_observed": len(seen), "mean": float(seen.mean()) if len(seen) else np.nan}
