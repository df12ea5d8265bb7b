"""One arm under a dial, and the difference of two arms under two: how far apart must dials be to change a verdict?"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.attrition.anchored.anchors import Anchors, anchor_variance
from increase_eval.attrition.anchored.equations import ESTIMATED, ArmEstimate, ArmProblem, estimate_arm
from increase_eval.attrition.anchored.population import People
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]

HIGHER, LOWER, EQUIVALENT, INCONCLUSIVE = "higher", "lower", "equivalent", "inconclusive"


@dataclass(frozen=True, slots=True, eq=False)
class Arm:
    """One arm, ready to be estimated at any dial."""

    label: Any
    number: int
    problem: ArmProblem
    dials: tuple[float, ...]
    entry: float
    anchors: Anchors
    people: People
    is_sample: bool
    bias_correction: bool = False
    is_share: bool = False
    found: dict[float, ArmEstimate] = field(default_factory=dict, repr=False)

    def at(self, gamma: float) -> ArmEstimate:
        """Estimate it, the anchor's own error counted in the variance; each dial is worked out once."""
        if gamma not in self.found:
            self.found[gamma] = self._estimate(self.problem, gamma)
        return self.found[gamma]

    def row(self, gamma: float, found: ArmEstimate, confidence: float) -> dict[str, Any]:
        """Describe an estimate, over everything that was declared of the anchor."""
        error, df = float(np.sqrt(found.variance)), found.df
        half = _half(found, confidence)
        ends = [(found.estimate - half, found.estimate + half)]
        for problems in self.anchors.others:
            other = self._estimate(problems[self.number], gamma)
            half = _half(other, confidence)
            ends.append((other.estimate - half, other.estimate + half))
        is_known = found.status == ESTIMATED
        return {
            "estimate": found.estimate,
            "std_error": error,
            "df": df,
            "conf_low": ends[0][0],
            "conf_high": ends[0][1],
            # A corner at which the anchor cannot hold is outside what the survey allows, and is left out.
            "anchor_low": min((low for low, _ in ends if np.isfinite(low)), default=np.nan) if is_known else np.nan,
            "anchor_high": max((high for _, high in ends if np.isfinite(high)), default=np.nan) if is_known else np.nan,
            "n": round(self.problem.size),
            "n_observed": len(self.problem.rows),
            "effective_sample_size": found.effective_sample_size if is_known else np.nan,
            "largest_share": found.largest_share if is_known else np.nan,
            "status": found.status,
        }

    def _estimate(self, problem: ArmProblem, gamma: float) -> ArmEstimate:
        dials = (gamma, self.entry)[: len(problem.stages)]
        found = estimate_arm(
            problem, dials, is_sample=self.is_sample, bias_correction=self.bias_correction, is_share=self.is_share
        )
        if found.status != ESTIMATED:
            return found
        extra = anchor_variance(self.anchors, self.people, self.number, problem, dials, found)
        return replace(found, variance=found.variance + extra)


def _half(found: ArmEstimate, confidence: float) -> float:
    """Give half the width of an interval."""
    return float(stats.t.ppf((1 + confidence) / 2, found.df) * np.sqrt(found.variance)) if found.df > 0 else np.nan


@dataclass(frozen=True, slots=True, eq=False)
class AnchoredContrast:
    """The difference of two arms, second less first, under a dial for each.

    Attributes
    ----------
    first, second
        The arms.
    surface
        One row a pair of dials: ``gamma_first, gamma_second, estimate, std_error, df, conf_low, conf_high, verdict``
        (``higher``, ``lower``: the interval holds no nought; ``equivalent``: it lies within the margin;
        ``inconclusive``).
    at_random
        The verdict with both dials at nought.
    smallest_difference
        Smallest |gamma_second - gamma_first| among the pairs whose verdict is another; missing where there is none
        within the range.
    becomes
        That other verdict, and the dials it is reached at.
    common_changes
        Whether a dial that both arms share, of any size within the range, changes the verdict.
    n
        People of both arms who answered.
    resolution
        Distance between dials: the accuracy of `smallest_difference`.
    status
        ``estimated``, or why an arm has no number.
    """

    first: Any
    second: Any
    surface: pd.DataFrame
    at_random: str | None
    smallest_difference: float
    becomes: tuple[str, float, float] | None
    common_changes: bool
    resolution: float
    margin: float | None
    n: int
    status: str

    def to_frame(self, outcome: str | None = None) -> pd.DataFrame:
        """Give the surface as an estimate table, ``by_gamma_first`` and ``by_gamma_second``."""
        names = {"gamma_first": "by_gamma_first", "gamma_second": "by_gamma_second"}
        contrast = f"{self.second} - {self.first}"
        constants = {"outcome": outcome, "contrast": contrast, "n": self.n, "status": self.status}
        return estimate_table(self.surface.rename(columns=names), **constants, method="anchored, two dials")


def anchored_contrast(
    first: Arm, second: Arm, *, margin: float | None, steps: int, confidence: float
) -> AnchoredContrast:
    """Work out the surface of a difference over two dials; see :meth:`.AnchoredNonresponse.contrast`."""
    if steps < 3 or steps % 2 == 0:
        raise ValueError(f"steps is {steps}; allowed: an odd number from 3")
    if margin is not None and not margin > 0:
        raise ValueError(f"margin is {margin!r}; allowed: a number above 0")
    n = len(first.problem.rows) + len(second.problem.rows)
    status = next((arm.problem.status for arm in (first, second) if arm.problem.status != ESTIMATED), ESTIMATED)
    grids = [_grid(arm, steps) for arm in (first, second)]
    resolution = float(max(np.diff(grid).max() for grid in grids))
    found = [[arm.at(gamma) for gamma in grid] for arm, grid in zip((first, second), grids, strict=True)]
    (mean1, var1, df1), (mean2, var2, df2) = (
        [np.array([getattr(one, name) for one in row]) for name in ("estimate", "variance", "df")] for row in found
    )
    difference = mean2[None, :] - mean1[:, None]
    variance = var1[:, None] + var2[None, :]
    df = variance**2 / np.maximum(
        var1[:, None] ** 2 / np.maximum(df1, 1.0)[:, None] + var2[None, :] ** 2 / np.maximum(df2, 1.0)[None, :], 1e-300
    )
    half = stats.t.ppf((1 + confidence) / 2, np.maximum(df, 1.0)) * np.sqrt(variance)
    low, high = difference - half, difference + half
    verdict = _verdict(low, high, margin)
    gamma1, gamma2 = np.meshgrid(*grids, indexing="ij")
    surface = pd.DataFrame(
        {
            "gamma_first": gamma1.ravel(), "gamma_second": gamma2.ravel(), "estimate": difference.ravel(),
            "std_error": np.sqrt(variance).ravel(), "df": np.where(np.isnan(difference), np.nan, df).ravel(),
            "conf_low": low.ravel(), "conf_high": high.ravel(), "verdict": verdict.ravel(),
        }
    )  # fmt: skip
    if status != ESTIMATED:
        return AnchoredContrast(
            first.label, second.label, surface, None, np.nan, None, False, resolution, margin, n, status
        )
    return _with_smallest(first, second, surface, resolution, margin, n)


def _with_smallest(
    first: Arm, second: Arm, surface: pd.DataFrame, resolution: float, margin: float | None, n: int
) -> AnchoredContrast:
    own = surface.iloc[(surface["gamma_first"].abs() + surface["gamma_second"].abs()).argmin()]
    apart = (surface["gamma_second"] - surface["gamma_first"]).abs()
    other = surface["verdict"].notna() & (surface["verdict"] != own["verdict"])
    common = bool((other & (apart < 1e-9)).any())
    smallest, becomes = np.nan, None
    if other.any():
        # Of pairs equally far apart, the one nearest to missing at random.
        order = apart[other].round(9) + 1e-6 * (surface["gamma_first"].abs() + surface["gamma_second"].abs())[other]
        found = surface.loc[order.idxmin()]
        smallest = float(apart[order.idxmin()])
        becomes = (str(found["verdict"]), float(found["gamma_first"]), float(found["gamma_second"]))
    return AnchoredContrast(
        first.label, second.label, surface, str(own["verdict"]), smallest, becomes, common, resolution, margin, n,
        ESTIMATED,
    )  # fmt: skip


def _grid(arm: Arm, steps: int) -> Floats:
    if len(arm.dials) < 2:
        raise ValueError(f"arm {arm.label!r} has one dial; a contrast under two dials needs a range")
    return np.linspace(arm.dials[0], arm.dials[-1], steps)


def _verdict(low: Floats, high: Floats, margin: float | None) -> npt.NDArray[np.object_]:
    verdict = np.full(low.shape, INCONCLUSIVE, dtype=object)
    if margin is not None:
        verdict[(low > -margin) & (high < margin)] = EQUIVALENT
    verdict[low > 0] = HIGHER
    verdict[high < 0] = LOWER
    verdict[np.isnan(low)] = None
    return verdict
