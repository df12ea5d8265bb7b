"""How strongly would something unmeasured have to drive mediator and outcome for an indirect effect to vanish?"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.engines.frames import model_frame
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.formulas import parse_formula

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class IndirectSensitivity:
    """An indirect effect under a correlation of the two models' residuals.

    Attributes
    ----------
    rho_at_nought
        The correlation of the residuals of mediator and outcome at which the indirect effect is nought.
    indirect
        The effect if the residuals are not correlated.
    rhos, effects
        Shape (k,): correlations, and the indirect effect under each.
    n
        Rows used.
    """

    rho_at_nought: float
    indirect: float
    rhos: Floats
    effects: Floats
    n: int


def indirect_sensitivity(
    outcome_formula: str,
    mediator_formula: str,
    data: pd.DataFrame,
    *,
    treatment: str,
    mediator: str,
    rhos: Floats | None = None,
) -> IndirectSensitivity:
    r"""How does an indirect effect change if mediator and outcome share an unmeasured cause?

    Parameters
    ----------
    outcome_formula, mediator_formula
        Two linear models, as for :func:`increase_eval.comparison.mediation`, with the same terms besides the mediator.
    data
        One row a participant; rows that either model misses something of are left out.
    treatment, mediator
        Numeric columns.
    rhos
        Correlations inside (-1, 1); by default from -0.9 to 0.9 in steps of a tenth.

    Returns
    -------
    IndirectSensitivity
        The indirect effect by correlation, and the correlation at which it is nought.

    Raises
    ------
    ValueError
        If a correlation lies outside (-1, 1), a column is not among the terms, or the models differ in other terms.
    InsufficientDataError
        If residuals do not vary.

    Notes
    -----
    Y = b1 T + ... + e1 without the mediator and M = b2 T + ... + e2. With r the correlation of e1 and e2 in the data,
    s1, s2 their standard deviations, and rho the correlation of the residuals of the outcome's full model with e2, the
    indirect effect is b2 (s1 / s2) (r - rho sqrt((1 - r^2) / (1 - rho^2))). It is nought at rho = r, and at rho = 0 the
    product of coefficients.

    References
    ----------
    Imai, K., Keele, L., & Yamamoto, T. (2010). Identification, inference and sensitivity analysis for causal mediation
    effects. Statistical Science, 25, 51-71. doi:10.1214/10-STS321

    Checked against
    ---------------
    The product of coefficients at rho = 0, and data drawn with a known correlation
    (``tests/unit/comparison/predictor/test_indirect.py``).

    Examples
    --------
    >>> rng = np.random.default_rng(5)
    >>> t = rng.normal(size=300)
    >>> m = t + rng.normal(size=300)
    >>> table = pd.DataFrame({"t": t, "m": m, "y": m + rng.normal(size=300)})
    >>> found = indirect_sensitivity("y ~ t + m", "m ~ t", table, treatment="t", mediator="m")
    >>> bool(0.5 < found.rho_at_nought < 0.9)
    True
    """
    grid = np.linspace(-0.9, 0.9, 19) if rhos is None else np.asarray(rhos, dtype=np.float64)
    if np.abs(grid).max(initial=0.0) >= 1:
        raise ValueError("correlations must lie inside (-1, 1)")
    of_outcome, of_mediator = (parse_formula(formula) for formula in (outcome_formula, mediator_formula))
    if of_mediator.response != mediator:
        raise ValueError(f"the mediator's model is of {of_mediator.response!r}, and the mediator is {mediator!r}")
    if set(of_outcome.terms) - {(mediator,)} != set(of_mediator.terms):
        raise ValueError(f"besides {mediator!r} both models need the same terms")
    full = model_frame(outcome_formula, data)
    rows = data.loc[full.rows]
    reduced = model_frame(mediator_formula, rows)
    names = [name.strip("`") for name in reduced.names]
    if treatment not in names:
        raise ValueError(f"{treatment!r} is no term of the mediator's model; it has: {', '.join(names)}")
    rows = rows.loc[reduced.rows]
    y, m = (rows[column].to_numpy(dtype=np.float64) for column in (of_outcome.response, mediator))
    (_, e1), (b2, e2) = (_residuals(reduced.matrix, values) for values in (y, m))
    s1, s2 = float(np.sqrt(e1 @ e1)), float(np.sqrt(e2 @ e2))
    if min(s1, s2) <= 0:
        raise InsufficientDataError(
            "mediator or outcome is an exact sum of the other terms: nothing is left to correlate"
        )
    r = float(e1 @ e2) / (s1 * s2)
    slope = float(b2[names.index(treatment)]) * s1 / s2
    effects = slope * (r - grid * np.sqrt((1 - r**2) / (1 - grid**2)))
    return IndirectSensitivity(r, slope * r, grid, effects, len(rows))


def _residuals(matrix: Floats, values: Floats) -> tuple[Floats, Floats]:
    beta: Floats = np.asarray(np.linalg.lstsq(matrix, values, rcond=None)[0], dtype=np.float64)
    return beta, values - matrix @ beta
