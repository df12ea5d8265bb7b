"""How far should the dial be turned? As far as what was seen at the start goes with answering later, twice over."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from increase_eval.attrition.dropout import OK, fit_dropout_model
from increase_eval.comparison.continuous.samples import to_floats
from increase_eval.errors import ConvergenceError, InsufficientDataError

TIMES = 2.0
"""What was not seen may matter twice as much as the first score that matters most."""


@dataclass(frozen=True, slots=True)
class DialRange:
    """How far the dial is turned by default.

    Attributes
    ----------
    largest
        Largest absolute log odds of not answering per standard deviation of a first score.
    score
        The score that has it.
    slopes
        One row a score: ``slope`` (log odds per SD), ``std_error``, ``n``, ``status``.
    """

    largest: float
    score: str
    slopes: pd.DataFrame

    @property
    def ends(self) -> tuple[float, float]:
        """Minus and plus twice the largest."""
        return -TIMES * self.largest, TIMES * self.largest

    def grid(self, steps: int = 9) -> tuple[float, ...]:
        """Give an odd number of dials from end to end, nought in the middle."""
        if steps < 3 or steps % 2 == 0:
            raise ValueError(f"steps is {steps}; allowed: an odd number from 3")
        half = np.linspace(0.0, self.ends[1], steps // 2 + 1)
        return (*(-half[:0:-1]), *half)


def dial_range(
    data: pd.DataFrame, *, observed: str, scores: Sequence[str], arm: str, category: str | None = None
) -> DialRange:
    """How strongly do first scores go with not answering later, and how far should an unseen one be let go?

    Parameters
    ----------
    data
        One row per person who has a first score.
    observed
        Column: whether the person answered at the wave in question.
    scores
        Columns of first scores; each has a model of its own.
    arm, category
        Columns that the models adjust for.

    Returns
    -------
    DialRange
        `ends`, `grid()`, and the `slopes` behind them.

    Raises
    ------
    ValueError
        If a column is absent, no score is named, or `observed` is not yes or no.
    InsufficientDataError
        If no score's model can be fitted, or everybody or nobody answered.

    Notes
    -----
    logit Pr(not answered) = arm + category + slope x (score - mean)/SD, by score, Firth's penalty where the data
    separate. The range is plus and minus twice the largest absolute slope: dropout on what was not seen may be stronger
    than on what was, and this says by how much it is let be.

    Examples
    --------
    >>> rng = np.random.default_rng(4)
    >>> data = pd.DataFrame({"score": rng.normal(size=400), "arm": ["a", "b"] * 200})
    >>> data["seen"] = rng.random(400) < 1 / (1 + np.exp(-0.5 * data["score"]))
    >>> found = dial_range(data, observed="seen", scores=["score"], arm="arm")
    >>> bool(0.2 < found.largest < 0.8), len(found.grid(9))
    (True, 9)
    """
    if not scores:
        raise ValueError("no first score is named")
    absent = [name for name in (observed, arm, *scores, *([category] if category else [])) if name not in data.columns]
    if absent:
        raise ValueError(f"columns {absent} are not in the table; it has: {', '.join(map(str, data.columns))}")
    seen = to_floats(data[observed], observed)
    if not np.isin(seen[~np.isnan(seen)], (0.0, 1.0)).all():
        raise ValueError(f"{observed!r} has other values than true and false")
    slopes = pd.DataFrame([_slope(data, seen, score, arm, category) for score in scores], index=pd.Index(scores))
    known = slopes["slope"].abs().dropna()
    if known.empty:
        raise InsufficientDataError("no first score's model of answering can be fitted")
    return DialRange(float(known.max()), str(known.idxmax()), slopes)


def _slope(data: pd.DataFrame, seen: np.ndarray, score: str, arm: str, category: str | None) -> dict[str, object]:
    values = to_floats(data[score], score)
    spread = float(np.nanstd(values, ddof=1)) if (~np.isnan(values)).sum() > 1 else 0.0
    nothing = {"slope": np.nan, "std_error": np.nan, "n": 0}
    if not spread > 0:
        return {**nothing, "status": "the score does not vary"}
    parts = {"left": 1.0 - seen, "z": (values - np.nanmean(values)) / spread}
    groups = {"arm": data[arm].to_numpy(), **({"category": data[category].to_numpy()} if category else {})}
    table = pd.DataFrame({**parts, **groups}).dropna()
    varying = [name for name in groups if len(table[name].drop_duplicates()) > 1]
    try:
        model = fit_dropout_model(" + ".join(["left ~ z", *varying]), table)
    except (InsufficientDataError, ConvergenceError, ValueError, np.linalg.LinAlgError):
        return {**nothing, "status": "the model cannot be fitted"}
    row = model.coefficients.loc["z"].to_dict()
    status = "estimated" if model.status == OK else model.status
    return {"slope": float(row["estimate"]), "std_error": float(row["std_error"]), "n": model.n, "status": status}
