"""What would each arm's mean be, if either the outcome model or the propensity model is right? Doubly robust means.

Predictions of an outcome model, corrected by the weighted residuals of those who were in the arm: consistent if one of
the two models is. Neither helps against what no column holds.
"""

from __future__ import annotations

from typing import get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.adjustment.adjusted_means import AdjustedMeans
from increase_eval.comparison.adjustment.positivity import keep_shared_columns
from increase_eval.comparison.adjustment.propensity import WeightKind, tilt, tilt_slopes
from increase_eval.comparison.adjustment.standardisation import arm_codes, named, outcome_model, predictions
from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.engines.estimating_equations import EstimatingEquations
from increase_eval.comparison.engines.frames import ModelFrame, column_weights, model_frame
from increase_eval.comparison.engines.generalised_linear import Family, GeneralisedFit
from increase_eval.comparison.engines.multinomial import MultinomialFit, fit_multinomial, indicators
from increase_eval.moments.formulas import parse_formula

Floats = npt.NDArray[np.float64]


def doubly_robust(
    outcome_formula: str,
    arm_formula: str,
    data: pd.DataFrame,
    *,
    kind: WeightKind = "ipw",
    family: Family = "gaussian",
    weights: str | None = None,
    confidence: float = 0.95,
) -> AdjustedMeans:
    """How would the arms compare in one population, if either of two models is right?

    Parameters
    ----------
    outcome_formula
        The outcome on the left, arm and covariates on the right: ``"wellbeing ~ arm * age + sex"``.
    arm_formula
        The arm on the left, covariates on the right: ``"arm ~ age + sex"``.
    data
        One row per person. Rows that miss anything of either formula are left out and counted, as are people with a
        level that some arm lacks.
    kind
        The common population: ``ipw`` everybody, ``overlap`` people who could be in any arm, ``matching`` in between.
    family
        Of the outcome model: ``gaussian``, ``binomial`` or ``poisson``.
    weights
        A column of design or response weights, with which both models are fitted and by which the tilt is multiplied;
        rows without one, or of weight 0, have no part. Errors take them as fixed.
    confidence
        Coverage of the intervals.

    Returns
    -------
    AdjustedMeans
        `means()`, `contrasts(measure)`, `by_cluster(clusters)`, `left_out`.

    Raises
    ------
    ValueError
        If a formula cannot be read, the arm is no factor of the outcome formula, or an option is unknown.
    InsufficientDataError
        If an arm has fewer than two people, or columns are not independent.
    ConvergenceError
        If the columns tell some arm perfectly, or the outcome model has no maximum (see :func:`standardise`).

    Notes
    -----
    With m_k the outcome model's prediction in arm k, e_k the multinomial logit's probability of it and h the tilt of
    :func:`overlap_weights`, times the weights: μ_k = Σ h (m_k + 1(own = k)(y - m_k)/e_k) / Σ h. Errors stack the
    equations of both models and of the means, and so count that propensities and predictions are estimated, whichever
    of the models is right.
    With ``overlap`` and ``matching`` the population itself is defined by the propensity model, which therefore has to
    be right for the population to be the one meant; the comparison within it is doubly robust.

    References
    ----------
    Robins JM, Rotnitzky A, Zhao LP (1994). doi:10.1080/01621459.1994.10476818.
    Mao H, Li L, Greene T (2019), augmented overlap weights. doi:10.1177/0962280218781171.

    Checked against statsmodels (TreatmentEffect.aipw) and the numerical derivative of the stacked equations in
    ``tests/unit/comparison/test_standardisation.py``; coverage in ``reports/methods/comparison.md``.

    Examples
    --------
    >>> data = pd.DataFrame({"arm": list("aabbabab"), "x": [1.0, 2, 2, 3, 1, 2, 3, 1], "y": range(8)})
    >>> doubly_robust("y ~ arm + x", "arm ~ x", data).means()["arm"].tolist()
    ['a', 'b']
    """
    if kind not in get_args(WeightKind):
        raise ValueError(f"kind is {kind!r}; allowed: {', '.join(get_args(WeightKind))}")
    normal_quantile(confidence)
    weighted = column_weights(data, weights) > 0
    shared = keep_shared_columns(arm_formula, data.loc[weighted])
    people = data.loc[weighted].loc[shared.rows]
    arm = str(parse_formula(shared.formula).response)
    first, second = parse_formula(outcome_formula), parse_formula(shared.formula)
    every = [first.response, *first.variables, second.response, *second.variables]
    chosen, outcome = (
        model_frame(text, people, weights=weights, also=every) for text in (shared.formula, outcome_formula)
    )
    codes, arms = arm_codes(outcome, arm)
    propensity = fit_multinomial(chosen.matrix, codes, arms, chosen.weights)
    fit = outcome_model(outcome, family)
    means, influence = _means(propensity, outcome, fit, arm, arms, kind)
    rows = np.flatnonzero(weighted)[np.flatnonzero(shared.rows)[outcome.rows]]
    name = {"ipw": "doubly robust", "overlap": "doubly robust, overlap", "matching": "doubly robust, matching"}[kind]
    return AdjustedMeans(
        arm=arm, arms=arms, outcome=str(outcome.response.name), method=named(name, fit, weights),
        estimates=means,
        vcov=influence.T @ influence, sizes=np.bincount(codes, minlength=len(arms)), n=len(rows),
        n_dropped=len(data) - len(rows), influence=influence, rows=rows, codes=codes, left_out=shared.left_out,
        confidence=confidence,
    )  # fmt: skip


def _means(
    propensity: MultinomialFit, frame: ModelFrame, fit: GeneralisedFit, arm: str, arms: tuple[object, ...],
    kind: WeightKind,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Give the means, shape (K,), and each row's influence on them, shape (n, K)."""
    p = propensity.probabilities
    own, h = indicators(propensity.codes, len(arms)), tilt(p, kind) * frame.weights
    predicted, slopes = zip(*(predictions(frame, fit, frame.data, arm, level) for level in arms), strict=True)
    m = np.column_stack(predicted)
    corrections = own * (fit.response[:, None] - m) / p
    means = h @ (m + corrections) / h.sum()
    gaps = h[:, None] * (m + corrections - means)
    equations = EstimatingEquations(gaps, np.diag(np.full(len(arms), float(h.sum()))))
    # How the means' equations move with the multinomial's parameters: by way of h, and of 1/e_k.
    tilted = tilt_slopes(p, kind)
    weighted = h[:, None] * corrections
    by_arm = [gaps * tilted[:, [j]] - weighted * (np.eye(len(arms))[j] - p[:, [j]]) for j in range(1, len(arms))]
    by_propensity = np.concatenate([block.T @ propensity.matrix for block in by_arm], axis=1)
    by_outcome = np.array([(h * (1 - own[:, k] / p[:, k])) @ slopes[k] for k in range(len(arms))])
    stacked = equations.after(propensity.equations(), by_propensity).after(fit.equations(), by_outcome)
    return means, stacked.influence()
