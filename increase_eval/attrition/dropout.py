"""What goes with leaving? A logistic (or hazard) model of an event: dropping out, or not answering a wave.

Describes association, and feeds weights. Where the columns predict some rows perfectly no maximum exists; the logit
then falls back to Firth's penalised likelihood, and says so in its status.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.attrition.discrimination import area_under_curve, calibration_table
from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.engines.frames import ModelFrame, model_frame, read_clusters
from increase_eval.comparison.engines.generalised_linear import GeneralisedFit, fit_generalised
from increase_eval.comparison.engines.linear import coefficient_table
from increase_eval.errors import InsufficientDataError
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
DropoutLink = Literal["logit", "cloglog"]

OK = "ok"
FIRTH = "separated: Firth's penalised likelihood"


@dataclass(frozen=True, slots=True)
class DropoutModel:
    """A model of an event, fitted.

    Attributes
    ----------
    coefficients
        Index ``term``; ``estimate, std_error, df, statistic, p_value, conf_low, conf_high``, normal.
    odds_ratios
        By term: exp(coefficient); for the cloglog link these are hazard ratios.
    vcov
        Shape (p, p); by cluster where there are clusters.
    log_likelihood, null_log_likelihood
        Of the model, and of the intercept alone.
    auc, auc_conf_low, auc_conf_high
        Area under the curve with DeLong's interval, in the data the model was fitted to (so optimistic).
    brier
        Mean squared difference of probability and event.
    calibration
        Observed and predicted shares by tenth of predicted probability.
    pseudo_r_squared
        ``mcfadden`` and ``nagelkerke``.
    status
        ``ok``, or that the data separate and Firth's penalty was used.
    generalised, frame
        The fit and its arrays.
    """

    coefficients: pd.DataFrame
    odds_ratios: pd.Series[float]
    vcov: Floats
    log_likelihood: float
    null_log_likelihood: float
    auc: float
    auc_conf_low: float
    auc_conf_high: float
    brier: float
    calibration: pd.DataFrame
    pseudo_r_squared: dict[str, float]
    status: str
    generalised: GeneralisedFit
    frame: ModelFrame
    formula: str
    confidence: float

    @property
    def n(self) -> int:
        """Rows used."""
        return len(self.generalised.response)

    @property
    def n_events(self) -> int:
        """Rows with the event."""
        return int(self.generalised.response.sum())

    @property
    def n_dropped(self) -> int:
        """Rows dropped because something was missing."""
        return self.frame.n_dropped

    @property
    def fitted(self) -> pd.Series[float]:
        """Probability of the event for every row used, on the index of the data."""
        return pd.Series(self.generalised.fitted, index=self.frame.data.index, name="probability")

    def to_frame(self) -> pd.DataFrame:
        """Give the coefficients as an estimate table."""
        method = f"{self.generalised.link} model" if self.status == OK else f"logit model, {self.status}"
        constants = {"outcome": str(self.frame.response.name), "n": self.n, "n_dropped": self.n_dropped}
        return estimate_table(self.coefficients.reset_index(), **constants, method=method, status=self.status)


def fit_dropout_model(
    formula: str,
    data: pd.DataFrame,
    *,
    link: DropoutLink = "logit",
    cluster: str | None = None,
    confidence: float = 0.95,
) -> DropoutModel:
    """How does leaving go with what people bring along?

    Parameters
    ----------
    formula
        The event (0/1 or boolean: 1 where somebody left) on the left: ``"left ~ arm + score_t1"``. One row per person
        and wave at risk, with the wave on the right, makes a discrete-time hazard model.
    data
        The rows. Those with something missing are left out and counted.
    link
        ``logit``, or ``cloglog`` (grouped proportional hazards).
    cluster
        Column of clusters: errors take clusters as independent, with the factor m/(m - 1).
    confidence
        Coverage of the intervals.

    Returns
    -------
    DropoutModel
        `coefficients`, `odds_ratios`, `vcov`, `auc`, `brier`, `calibration`, `pseudo_r_squared`, `status`.

    Raises
    ------
    ValueError
        If the formula cannot be read, a column is absent, or the event is not 0 and 1.
    InsufficientDataError
        If nobody or everybody has the event, columns are not independent, or there are fewer than two clusters.
    ConvergenceError
        If the data separate and the link is cloglog.

    Notes
    -----
    Fisher scoring to 1e-12; the variance is the inverse expected information. With log likelihoods l and l0, McFadden
    is 1 - l/l0 and Nagelkerke (1 - exp(2(l0 - l)/n)) / (1 - exp(2 l0/n)). Separation is settled by a linear
    programme; Firth's fall-back adds half the log determinant of the information to the log likelihood, which keeps
    estimates finite; its Wald intervals are rough.

    References
    ----------
    Firth D (1993). doi:10.1093/biomet/80.1.27. Heinze G, Schemper M (2002). doi:10.1002/sim.1047.
    DeLong ER et al. (1988). doi:10.2307/2531595. Nagelkerke NJD (1991). doi:10.1093/biomet/78.3.691.

    Checked against R (glm, pROC) in ``tests/golden/attrition/attrition_logit_fourarm.json``.

    Examples
    --------
    >>> data = pd.DataFrame({"left": [0, 1, 0, 1, 1, 0, 1, 0], "x": [1.0, 2, 2, 3, 4, 3, 5, 1]})
    >>> model = fit_dropout_model("left ~ x", data)
    >>> print(round(model.odds_ratios["x"], 4), round(model.auc, 4))
    5.1766 0.875
    """
    if link not in get_args(DropoutLink):
        raise ValueError(f"link is {link!r}; allowed: {', '.join(get_args(DropoutLink))}")
    normal_quantile(confidence)
    frame = model_frame(formula, data, also=[cluster])
    event = frame.events()
    if event.min() == event.max():
        raise InsufficientDataError(f"{'everybody' if event.min() else 'nobody'} has {frame.response.name!r}: no model")
    fit = fit_generalised(frame.matrix, event, frame.names, link=link, firth_if_separated=link == "logit")
    vcov = fit.vcov if cluster is None else _by_cluster(fit, frame.data[cluster])
    table = coefficient_table(frame.names, fit.coefficients, vcov, np.inf, confidence)
    share = event.mean()
    null = len(event) * float(share * np.log(share) + (1 - share) * np.log(1 - share))
    area = area_under_curve(fit.fitted, event, confidence=confidence)
    return DropoutModel(
        coefficients=table,
        odds_ratios=np.exp(table["estimate"]).rename("odds_ratio"),
        vcov=vcov,
        log_likelihood=fit.log_likelihood,
        null_log_likelihood=null,
        auc=area.estimate,
        auc_conf_low=area.conf_low,
        auc_conf_high=area.conf_high,
        brier=float(((event - fit.fitted) ** 2).mean()),
        calibration=calibration_table(fit.fitted, event, confidence=confidence),
        pseudo_r_squared=_pseudo_r_squared(fit.log_likelihood, null, len(event)),
        status=FIRTH if fit.is_separated else OK,
        generalised=fit,
        frame=frame,
        formula=formula,
        confidence=confidence,
    )


def _by_cluster(fit: GeneralisedFit, column: pd.Series[Any]) -> Floats:
    clusters = read_clusters(column)
    count = int(clusters.max()) + 1
    if count < 2:
        raise InsufficientDataError("errors by cluster need two clusters; there is one")
    return fit.equations().sandwich(clusters, factor=count / (count - 1))


def _pseudo_r_squared(fitted: float, null: float, n: int) -> dict[str, float]:
    cox_snell = -np.expm1(2 * (null - fitted) / n)
    return {"mcfadden": 1 - fitted / null, "nagelkerke": float(cox_snell / -np.expm1(2 * null / n))}
