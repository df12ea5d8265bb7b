"""What would the outcome be, had the selection been modelled with it? Heckman's selection model.

Answering and outcome share an error; the correlation is identified by a variable that moves answering and not the
outcome. Without one, only the assumed normality identifies it, and the result says so and stays out of headline tables.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.attrition.heckman_likelihood import SelectionLikelihood, inverse_mills, maximise
from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.engines.frames import ModelFrame, model_frame, refuse_dependent_columns
from increase_eval.comparison.engines.generalised_linear import GeneralisedFit, fit_generalised
from increase_eval.comparison.engines.linear import coefficient_table, fit_linear
from increase_eval.comparison.engines.powers import with_powers
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.formulas import parse_formula
from increase_eval.moments.tables import check_table
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
HeckmanMethod = Literal["two-step", "ml"]

OK = "ok"
NORMALITY_ALONE = "identified by normality alone"
NO_ERROR = "no error of some coefficients: the two-step variance is negative (rho beyond -1 and 1)"
MILLS = "inverse_mills"


@dataclass(frozen=True, slots=True)
class Heckman:
    """A selection model, fitted.

    Attributes
    ----------
    outcome, selection
        Index ``term``; ``estimate, std_error, df, statistic, p_value, conf_low, conf_high``, normal. The two-step
        outcome ends with ``inverse_mills``.
    sigma, rho
        Standard deviation of the outcome's error, and its correlation with selection's; a two-step rho may lie beyond
        -1 and 1.
    sigma_std_error, rho_std_error
        By maximum likelihood; else missing.
    log_likelihood
        By maximum likelihood; else missing.
    status
        ``ok``, or ``identified by normality alone``: no variable moves selection and not the outcome. Two-step: also
        ``no error of some coefficients``, where a variance comes out negative.
    n, n_selected, n_dropped
        Rows used, those selected, and rows dropped.
    """

    outcome: pd.DataFrame
    selection: pd.DataFrame
    sigma: float
    rho: float
    sigma_std_error: float
    rho_std_error: float
    log_likelihood: float
    status: str
    n: int
    n_selected: int
    n_dropped: int
    method: str
    outcome_name: str

    def to_frame(self) -> pd.DataFrame:
        """Give the outcome's coefficients as an estimate table."""
        constants = {"outcome": self.outcome_name, "n": self.n, "n_dropped": self.n_dropped, "status": self.status}
        return estimate_table(self.outcome.reset_index(), **constants, method=f"Heckman, {self.method}")


def heckman(
    outcome_formula: str,
    selection_formula: str,
    data: pd.DataFrame,
    *,
    method: HeckmanMethod = "two-step",
    confidence: float = 0.95,
) -> Heckman:
    """How would the outcome go, had the selection been modelled with it?

    Parameters
    ----------
    outcome_formula
        Such as ``"score_t3 ~ arm + score_t1"``; the outcome may be missing where nobody was selected.
    selection_formula
        Such as ``"answered ~ arm + score_t1 + reminder"``: 1 where the outcome was observed.
    data
        One row per person. Rows that miss what they need are left out and counted.
    method
        ``two-step`` (probit, then least squares with the inverse Mills ratio) or ``ml``.
    confidence
        Coverage of the intervals.

    Returns
    -------
    Heckman
        `outcome`, `selection`, `sigma`, `rho`, `log_likelihood`, `status`.

    Raises
    ------
    ValueError
        If a formula cannot be read, a column is absent, or selection is not 0 and 1.
    InsufficientDataError
        If nobody or everybody is selected, or columns are not independent.
    ConvergenceError
        If selection is predicted perfectly, or the likelihood has no maximum with a correlation inside -1 and 1.

    Notes
    -----
    Selection z'γ + v > 0, outcome x'β + e, (v, e) normal with variances 1, σ² and correlation ρ. Two-step: λ = φ/Φ at
    z'γ̂, δ = λ(λ + z'γ̂), σ² = e'e/n + mean(δ) β_λ², ρ = β_λ/σ; variance σ²(X'X)⁻¹[X'(I - ρ²Δ)X + ρ²X'ΔZ V_γ Z'ΔX](X'X)⁻¹
    with the probit's expected information. Maximum likelihood: observed information, in log σ and atanh ρ.

    References
    ----------
    Heckman JJ (1979). doi:10.2307/1912352. Greene WH (1981), the two-step variance. doi:10.2307/1911523.

    Checked against R (by hand, and sampleSelection) in ``tests/golden/attrition/heckman_mroz87.json``.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> data = pd.DataFrame({"x": rng.normal(size=400), "push": rng.normal(size=400), "v": rng.normal(size=400)})
    >>> data["y"] = 1 + data["x"] + 0.6 * data["v"] + 0.8 * rng.normal(size=400)
    >>> data["answered"] = (0.3 + data["x"] + data["push"] + data["v"] > 0).astype(int)
    >>> fit = heckman("y ~ x", "answered ~ x + push", data.assign(y=data["y"].where(data["answered"] == 1)))
    >>> fit.outcome.index.tolist(), fit.status
    (['Intercept', 'x', 'inverse_mills'], 'ok')
    """
    if method not in get_args(HeckmanMethod):
        raise ValueError(f"method is {method!r}; allowed: {', '.join(get_args(HeckmanMethod))}")
    normal_quantile(confidence)
    selection, outcome = _frames(outcome_formula, selection_formula, data)
    selected = selection.events() == 1
    probit = fit_generalised(selection.matrix, selection.events(), selection.names, link="probit")
    steps = _two_step(probit, outcome, selected)
    sizes = {"n": len(selected), "n_selected": int(selected.sum()), "n_dropped": len(data) - len(selected)}
    exclusion = set(selection.design.variables) - set(outcome.design.variables)
    ends: dict[str, Any] = {
        **sizes,
        "status": OK if exclusion else NORMALITY_ALONE,
        "outcome_name": str(outcome.response.name),
    }
    if method == "two-step":
        names = (*outcome.names, MILLS)
        if (np.diag(steps.vcov) <= 0).any():
            ends["status"] = NO_ERROR if exclusion else f"{NORMALITY_ALONE}; {NO_ERROR}"
        return Heckman(
            outcome=coefficient_table(names, steps.coefficients, steps.vcov, np.inf, confidence),
            selection=coefficient_table(selection.names, probit.coefficients, probit.vcov, np.inf, confidence),
            sigma=steps.sigma, rho=steps.rho, sigma_std_error=np.nan, rho_std_error=np.nan, log_likelihood=np.nan,
            method=method, **ends,
        )  # fmt: skip
    return _maximum_likelihood(selection, outcome, selected, probit, steps, confidence, ends)


def _frames(outcome_formula: str, selection_formula: str, data: pd.DataFrame) -> tuple[ModelFrame, ModelFrame]:
    """Read both models: selection on every usable row, the outcome on those selected."""
    check_table(data)
    outcome_formula, data = with_powers(outcome_formula, data)
    selection_formula, data = with_powers(selection_formula, data)
    outcome, selection = parse_formula(outcome_formula), parse_formula(selection_formula)
    if outcome.response is None or selection.response is None:
        raise ValueError("both formulas need a left-hand side")
    needed = [outcome.response, *outcome.variables]
    absent = [name for name in [*needed, selection.response] if name not in data.columns]
    if absent:
        raise ValueError(f"columns {absent} are not in the table; it has: {', '.join(map(str, data.columns))}")
    whole = data[needed].notna().all(axis=1)
    usable = data[whole | (data[selection.response] == 0).fillna(False)]
    frame = model_frame(selection_formula, usable)
    events = frame.events()
    if events.min() == events.max():
        raise InsufficientDataError(
            f"{'everybody' if events.min() else 'nobody'} is selected: there is no selection model"
        )
    return frame, model_frame(outcome_formula, frame.data[events == 1])


@dataclass(frozen=True, slots=True)
class _TwoStep:
    coefficients: Floats
    vcov: Floats
    sigma: float
    rho: float


def _two_step(probit: GeneralisedFit, outcome: ModelFrame, selected: npt.NDArray[np.bool_]) -> _TwoStep:
    index = probit.linear_predictor[selected]
    mills = inverse_mills(index)
    delta = mills * (mills + index)
    matrix = np.column_stack([outcome.matrix, mills])
    refuse_dependent_columns(matrix, (*outcome.names, MILLS))
    fit = fit_linear(matrix, outcome.numbers(), (*outcome.names, MILLS))
    slope = float(fit.coefficients[-1])
    variance = float((fit.residuals**2).mean() + delta.mean() * slope**2)
    rho = slope / np.sqrt(variance)
    middle = matrix.T @ (matrix * (1 - rho**2 * delta)[:, None])
    moves = matrix.T @ (probit.matrix[selected] * delta[:, None])
    vcov = variance * fit.inverse @ (middle + rho**2 * moves @ probit.vcov @ moves.T) @ fit.inverse
    return _TwoStep(fit.coefficients, vcov, float(np.sqrt(variance)), float(rho))


def _maximum_likelihood(
    selection: ModelFrame,
    outcome: ModelFrame,
    selected: npt.NDArray[np.bool_],
    probit: GeneralisedFit,
    steps: _TwoStep,
    confidence: float,
    ends: dict[str, Any],
) -> Heckman:
    likelihood = SelectionLikelihood(selection.matrix, outcome.matrix, outcome.numbers(), selected)
    start = [
        *probit.coefficients,
        *steps.coefficients[:-1],
        np.log(steps.sigma),
        np.arctanh(np.clip(steps.rho, -0.9, 0.9)),
    ]
    theta, vcov = maximise(likelihood, np.array(start))
    q = len(selection.names)
    sigma, rho = float(np.exp(theta[-2])), float(np.tanh(theta[-1]))
    own = slice(q, len(theta) - 2)
    return Heckman(
        outcome=coefficient_table(outcome.names, theta[own], vcov[own, own], np.inf, confidence),
        selection=coefficient_table(selection.names, theta[:q], vcov[:q, :q], np.inf, confidence),
        sigma=sigma, rho=rho, sigma_std_error=float(sigma * np.sqrt(vcov[-2, -2])),
        rho_std_error=float((1 - rho**2) * np.sqrt(vcov[-1, -1])), log_likelihood=likelihood.value(theta),
        method="ml", **ends,
    )  # fmt: skip
