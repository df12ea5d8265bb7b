"""How much of an effect goes by way of a mediator? Products of coefficients of two linear models.

An indirect effect is causal only if nothing unmeasured drives both mediator and outcome, which no design here
secures: it describes how two associations multiply.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from increase_eval.arguments import is_whole, require_generator
from increase_eval.comparison.categorical.proportions import normal_quantile
from increase_eval.comparison.engines.frames import ModelFrame, model_frame
from increase_eval.comparison.engines.linear import LinearFit, fit_linear
from increase_eval.comparison.engines.powers import source_of, with_powers
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.formulas import parse_formula
from increase_eval.results import estimate_table

Floats = npt.NDArray[np.float64]
MediationMethod = Literal["delta", "bootstrap"]

MOST_REDRAWN = 0.05
"""If more of the bootstrap's draws than this lack somebody that the models need, there is no bootstrap."""


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect: estimate, error, test and interval."""

    estimate: float
    std_error: float
    p_value: float
    conf_low: float
    conf_high: float


@dataclass(frozen=True, slots=True)
class Mediation:
    """An effect taken apart into what goes by way of a mediator and what does not.

    Attributes
    ----------
    indirect, direct, total
        a b, c' and a b + c': `estimate, std_error, p_value, conf_low, conf_high` each.
    proportion_mediated
        indirect / total; beyond 0 to 1 where the two have different signs.
    mediator_path, outcome_path
        a (treatment on mediator) and b (mediator on outcome).
    n, n_dropped
        Rows used by both models, and rows dropped.
    treatment, mediator, outcome, method, confidence
        What was asked.
    """

    indirect: Effect
    direct: Effect
    total: Effect
    proportion_mediated: float
    mediator_path: float
    outcome_path: float
    n: int
    n_dropped: int
    treatment: str
    mediator: str
    outcome: str
    method: str
    confidence: float

    def to_frame(self) -> pd.DataFrame:
        """Give the three effects as an estimate table."""
        rows = []
        for term in ("indirect", "direct", "total"):
            effect: Effect = getattr(self, term)
            cells = {
                name: getattr(effect, name) for name in ("estimate", "std_error", "p_value", "conf_low", "conf_high")
            }
            rows.append({"term": term, "contrast": self.treatment, **cells})
        constants = {"outcome": self.outcome, "n": self.n, "n_dropped": self.n_dropped}
        return estimate_table(rows, **constants, method=f"mediation by {self.mediator}, {self.method}")


def mediation(
    outcome_formula: str,
    mediator_formula: str,
    data: pd.DataFrame,
    *,
    treatment: str,
    mediator: str,
    method: MediationMethod = "delta",
    draws: int = 2000,
    rng: np.random.Generator | None = None,
    confidence: float = 0.95,
) -> Mediation:
    """How much of the effect of `treatment` goes by way of `mediator`?

    Parameters
    ----------
    outcome_formula
        Such as ``"wellbeing ~ arm + efficacy + wellbeing_t1"``, with treatment and mediator and no product of them.
    mediator_formula
        Such as ``"efficacy ~ arm + wellbeing_t1"``: the mediator on the left, the treatment on the right.
    data
        One row per person. Rows that miss anything of either formula are left out and counted.
    treatment
        A number, or a factor with two levels.
    mediator
        A number.
    method
        ``delta`` (Sobel's first order, normal) or ``bootstrap`` (rows drawn with replacement, percentile intervals).
    draws, rng
        For the bootstrap.
    confidence
        Coverage of the intervals.

    Returns
    -------
    Mediation
        `indirect`, `direct`, `total`, `proportion_mediated`.

    Raises
    ------
    ValueError
        If treatment or mediator is not where it belongs, they interact, a factor has more than two levels, or the
        bootstrap lacks a generator.
    InsufficientDataError
        If the columns of a model are not independent, or so in more than one in twenty of the bootstrap's draws
        (others are drawn again).

    Notes
    -----
    With a the treatment's coefficient on the mediator, b the mediator's and c' the treatment's on the outcome:
    Var(ab) = a² Var(b) + b² Var(a); the total's variance adds Var(c') + 2a Cov(b, c'). The bootstrap's error is the
    standard deviation of the draws and its p value twice the smaller share of draws beyond nought, (1 + k)/(1 + draws)
    each.

    References
    ----------
    Sobel ME (1982). doi:10.2307/270723. Preacher KJ, Hayes AF (2008). doi:10.3758/BRM.40.3.879.

    Checked against R in ``tests/golden/comparison/mediation_jobs.json``.

    Examples
    --------
    >>> data = pd.DataFrame({"y": [1.0, 2, 3, 5, 4, 6], "m": [0.0, 1, 1, 3, 2, 4], "t": [0, 0, 0, 1, 1, 1]})
    >>> result = mediation("y ~ t + m", "m ~ t", data, treatment="t", mediator="m")
    >>> print(f"{result.indirect.estimate:.4f} + {result.direct.estimate:.4f} = {result.total.estimate:.4f}")
    2.6250 + 0.3750 = 3.0000
    """
    if method not in get_args(MediationMethod):
        raise ValueError(f"method is {method!r}; allowed: {', '.join(get_args(MediationMethod))}")
    require_generator(rng, optional=True)
    z = normal_quantile(confidence)
    paths = _read(outcome_formula, mediator_formula, data, treatment, mediator)
    a, b, direct = paths.coefficients(None)
    if method == "delta":
        effects = _delta(paths, z)
    elif rng is None or not is_whole(draws) or draws < 100:
        raise ValueError("the bootstrap needs a generator `rng` and 100 draws or more")
    else:
        effects = _bootstrap(paths, draws, rng, confidence)
    total = a * b + direct
    share = a * b / total if total else np.nan
    n = len(paths.outcome.matrix)
    name = str(paths.outcome.response.name)
    return Mediation(*effects, share, a, b, n, len(data) - n, treatment, mediator, name, method, confidence)


@dataclass(frozen=True, slots=True)
class _Paths:
    """The two models' arrays, and where a, b and c' stand in them."""

    middle: ModelFrame
    outcome: ModelFrame
    a_at: int
    b_at: int
    direct_at: int

    def fits(self, rows: npt.NDArray[np.int64] | None) -> tuple[LinearFit, LinearFit]:
        """Fit both models, to all rows or to those given."""
        chosen = slice(None) if rows is None else rows
        first = fit_linear(self.middle.matrix[chosen], self.middle.numbers()[chosen], self.middle.names)
        return first, fit_linear(self.outcome.matrix[chosen], self.outcome.numbers()[chosen], self.outcome.names)

    def coefficients(self, rows: npt.NDArray[np.int64] | None) -> tuple[float, float, float]:
        """Give a, b and c'."""
        first, second = self.fits(rows)
        found = first.coefficients[self.a_at], second.coefficients[self.b_at], second.coefficients[self.direct_at]
        return float(found[0]), float(found[1]), float(found[2])


def _read(outcome_formula: str, mediator_formula: str, data: pd.DataFrame, treatment: str, mediator: str) -> _Paths:
    outcome_formula, data = with_powers(outcome_formula, data)
    mediator_formula, data = with_powers(mediator_formula, data)
    outcome, middle = parse_formula(outcome_formula), parse_formula(mediator_formula)
    if middle.response != mediator:
        raise ValueError(f"the mediator formula's left-hand side is {middle.response!r}; it should be {mediator!r}")
    for name, terms in ((treatment, middle.terms), (treatment, outcome.terms), (mediator, outcome.terms)):
        if (name,) not in terms:
            raise ValueError(f"{name!r} is no term of its own in a formula that needs it; terms: {list(terms)}")
        if any(name in term and len(term) > 1 for term in terms):
            raise ValueError(f"{name!r} is part of a product of terms: the product of coefficients is then no effect")
        if any(power and power[0] == name for term in terms for power in map(source_of, term)):
            raise ValueError(f"a formula has a power of {name!r}: the product of coefficients is then no effect")
    every = [outcome.response, *outcome.variables, *middle.variables]
    frames = [model_frame(formula, data, also=every) for formula in (mediator_formula, outcome_formula)]
    places = []
    for frame, name in ((frames[0], treatment), (frames[1], mediator), (frames[1], treatment)):
        own = [index for index, column in enumerate(frame.design.columns) if column.term == (name,)]
        if len(own) != 1 or (name == mediator and frame.design.variables[name].levels is not None):
            raise ValueError(f"{name!r} has {len(own)} columns; allowed: a number, or for the treatment two levels")
        places.append(own[0])
    return _Paths(frames[0], frames[1], places[0], places[1], places[2])


def _delta(paths: _Paths, z: float) -> tuple[Effect, Effect, Effect]:
    first, second = paths.fits(None)
    a, b, direct = paths.coefficients(None)
    var_a = first.vcov[paths.a_at, paths.a_at]
    var_b = second.vcov[paths.b_at, paths.b_at]
    var_direct = second.vcov[paths.direct_at, paths.direct_at]
    together = second.vcov[paths.b_at, paths.direct_at]
    var_indirect = a**2 * var_b + b**2 * var_a
    variances = (var_indirect, var_direct, var_indirect + var_direct + 2 * a * together)
    effects = []
    for estimate, variance in zip((a * b, direct, a * b + direct), variances, strict=True):
        error = float(np.sqrt(variance))
        p_value = float(2 * stats.norm.sf(abs(estimate) / error)) if error > 0 else np.nan
        effects.append(Effect(estimate, error, p_value, estimate - z * error, estimate + z * error))
    return effects[0], effects[1], effects[2]


def _redrawn(paths: _Paths, draws: int, rng: np.random.Generator) -> Iterator[tuple[float, float, float]]:
    """Give a, b and c' of every draw; one that lacks a level is drawn again, unless that happens all the time."""
    n, failed = len(paths.outcome.matrix), 0
    given = 0
    while given < draws:
        rows = rng.integers(0, n, n)
        if min(np.linalg.matrix_rank(f.matrix[rows]) - f.matrix.shape[1] for f in (paths.middle, paths.outcome)) < 0:
            failed += 1
            if failed > MOST_REDRAWN * draws:
                raise InsufficientDataError(
                    f"over {MOST_REDRAWN:.0%} of the draws cannot be fitted: some level of the models has too few "
                    "people for the bootstrap; use method='delta'"
                )
            continue
        given += 1
        yield paths.coefficients(rows)


def _bootstrap(paths: _Paths, draws: int, rng: np.random.Generator, confidence: float) -> tuple[Effect, Effect, Effect]:
    found = np.array(list(_redrawn(paths, draws, rng)))
    a, b, direct = paths.coefficients(None)
    indirect = found[:, 0] * found[:, 1]
    effects = []
    for estimate, values in ((a * b, indirect), (direct, found[:, 2]), (a * b + direct, indirect + found[:, 2])):
        low, high = np.quantile(values, [(1 - confidence) / 2, (1 + confidence) / 2])
        beyond = min(int((values <= 0).sum()), int((values >= 0).sum()))
        p_value = min(1.0, 2 * (1 + beyond) / (1 + draws))
        effects.append(Effect(estimate, float(values.std(ddof=1)), p_value, float(low), float(high)))
    return effects[0], effects[1], effects[2]
