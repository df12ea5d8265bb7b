"""How an estimate and its error move with deltas: linear and quadratic, so that they are known everywhere at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy import stats

from increase_eval.attrition.tipping.conclusion import Clause, Numbers
from increase_eval.moments.accumulate import FloatArray


class Response(Protocol):
    """What deltas do to an estimate."""

    def at(self, deltas: FloatArray) -> Numbers:
        """Give estimate, std_error, df, statistic, p_value, conf_low and conf_high."""
        ...

    def roots(self, clause: Clause) -> FloatArray | None:
        """Give the deltas at which a clause may change, or None where no formula gives them."""
        ...


class DialResponse(Response, Protocol):
    """What one delta or two do to an estimate: of two the first can be held."""

    def fix(self, first: float) -> Response:
        """Hold the first of two deltas."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class LinearResponse:
    """An estimate linear in the deltas d, with x = (1, d).

    Attributes
    ----------
    slope
        (K + 1,): the estimate is slope'x.
    within, between
        (K + 1, K + 1): the variance is x'within x, plus Rubin's (1 + 1/m) x'between x where there are m draws.
    draws
        m, or 0 where no draws vary.
    df
        Degrees of freedom had nothing been missing (infinite: normal).
    confidence
        Of the interval.
    """

    slope: FloatArray
    within: FloatArray
    between: FloatArray
    draws: int
    df: float
    confidence: float

    def at(self, deltas: FloatArray) -> Numbers:
        """Give the numbers of a table of estimates at these deltas."""
        x = np.concatenate([[1.0], np.atleast_1d(deltas)])
        within, between = float(x @ self.within @ x), float(x @ self.between @ x)
        return numbers_of(float(self.slope @ x), within, between, self.draws, self.df, self.confidence)

    def roots(self, clause: Clause) -> FloatArray | None:
        """Solve for the one delta, by a linear or a quadratic equation.

        Notes
        -----
        With e(d) = e + s d and v(d) = v + 2 c d + w d^2, a bound b on an end of a normal interval is met where
        (e(d) - b)^2 = q^2 v(d); the other end's roots are among these, and do no harm.
        """
        e, s = float(self.slope[0]), float(self.slope[1])
        if clause.quantity == "estimate":
            return np.array([(clause.bound - e) / s]) if s else np.zeros(0)
        if self.draws or np.isfinite(self.df):
            return None
        q, b = self._quantile(clause), clause.bound if clause.quantity.startswith("conf") else 0.0
        v, c, w = self.within[0, 0], self.within[0, 1], self.within[1, 1]
        powers = [s**2 - q**2 * w, 2 * (s * (e - b) - q**2 * c), (e - b) ** 2 - q**2 * v]
        found = np.roots(np.trim_zeros(powers, "f"))
        return np.sort(found[np.abs(found.imag) <= 1e-12 * (1 + np.abs(found))].real)

    def _quantile(self, clause: Clause) -> float:
        if clause.quantity == "statistic":
            return abs(clause.bound)
        share = 1 - clause.bound / 2 if clause.quantity == "p_value" else (1 + self.confidence) / 2
        return float(stats.norm.ppf(np.clip(share, 0.5, 1.0)))

    def fix(self, first: float) -> LinearResponse:
        """Hold the first of two deltas."""
        T = np.array([[1.0, 0.0], [first, 0.0], [0.0, 1.0]])
        return LinearResponse(
            T.T @ self.slope, T.T @ self.within @ T, T.T @ self.between @ T, self.draws, self.df, self.confidence
        )


def numbers_of(
    estimate: float, within: float, between: float, draws: int, df_complete: float, confidence: float
) -> Numbers:
    """Give error, test and interval; with draws, Rubin's with Barnard and Rubin's degrees of freedom."""
    total, df = within, df_complete
    if draws:
        missing = (1 + 1 / draws) * between
        total = within + missing
        share = missing / total if total > 0 else 0.0
        df = (draws - 1) / share**2 if share > 0 else np.inf
        if np.isfinite(df_complete):
            observed = (df_complete + 1) / (df_complete + 3) * df_complete * (1 - share)
            df = 1 / (1 / df + 1 / observed) if observed > 0 else 0.0
    error = float(np.sqrt(total))
    statistic = estimate / error if error > 0 else np.nan
    half = float(stats.t.ppf((1 + confidence) / 2, df)) * error
    return {
        "estimate": estimate,
        "std_error": error,
        "df": df,
        "statistic": statistic,
        "p_value": float(2 * stats.t.sf(abs(statistic), df)),
        "conf_low": estimate - half,
        "conf_high": estimate + half,
    }
