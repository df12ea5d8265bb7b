r"""Graded answers to items from latent traits.

An item has a latent response :math:`y^* = \lambda z + \sqrt{1-\lambda^2}\,\varepsilon`, with :math:`z` the trait
standardised at the first wave; the code is the number of thresholds below :math:`y^*`. The thresholds give the item
its mean and standard deviation; the loading gives the scale its reliability *after* the answers are cut into codes,
which is found by quadrature, since cutting attenuates correlations.

References: Samejima (1969), Estimation of latent ability using a response pattern of graded scores,
doi:10.1007/BF03372160.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.random import Generator
from scipy.optimize import brentq, least_squares
from scipy.special import ndtr

from increase_eval.errors import ContractError
from increase_eval.study.cohort import CohortPlan, TraitPlan
from increase_eval.study.instruments import Scale

_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(61)
_WEIGHTS = _WEIGHTS / _WEIGHTS.sum()


@dataclass(frozen=True, slots=True)
class ItemModel:
    """How one item turns a trait into codes.

    Attributes
    ----------
    name
        The item's column.
    low
        Its lowest code.
    thresholds
        Increasing, one fewer than the codes.
    loading
        Of the latent response on the standardised trait.
    is_reversed
        Whether a high trait gives a low code.
    """

    name: str
    low: int
    thresholds: np.ndarray
    loading: float
    is_reversed: bool


def item_models(scale: Scale, trait: TraitPlan) -> tuple[ItemModel, ...]:
    """Find thresholds and loadings that give a scale its mean, spread and reliability."""
    count = len(scale.items)
    offsets = np.linspace(-1, 1, count) * trait.difficulty_spread if count > 1 else np.zeros(1)
    wanted = trait.reliability / (count - (count - 1) * trait.reliability)
    models = []
    for item, offset in zip(scale.items, offsets, strict=True):
        bounds = scale.range_of(item)
        if bounds is None:
            raise ContractError(f"item {item!r} of scale {scale.id!r} needs a range to be drawn from")
        low, high = int(bounds[0]), int(bounds[1])
        thresholds = _thresholds(trait.mean + float(offset), trait.sd, low, high)
        models.append(ItemModel(item, low, thresholds, _loading(wanted, thresholds), item in scale.reversed))
    return tuple(models)


def draw_answers(
    model: ItemModel,
    trait: np.ndarray,
    rng: Generator,
    *,
    threshold_shift: np.ndarray | float = 0.0,
    loading_factor: np.ndarray | float = 1.0,
) -> np.ndarray:
    """Draw the codes of one item, int8, for standardised traits (shape (people,))."""
    loading = np.minimum(model.loading * np.asarray(loading_factor, dtype=np.float32), 0.99)
    noise = rng.standard_normal(len(trait), dtype=np.float32)
    latent = loading * trait + np.sqrt(1 - loading**2) * noise - np.asarray(threshold_shift, dtype=np.float32)
    above = np.searchsorted(model.thresholds.astype(np.float32), latent).astype(np.int8)
    top = np.int8(len(model.thresholds))
    return np.asarray(np.int8(model.low) + (top - above if model.is_reversed else above))


def shifts_of(plan: CohortPlan, item: str, languages: np.ndarray) -> tuple[np.ndarray | float, np.ndarray | float]:
    """Give the threshold shift and loading factor of an item for each person's questionnaire language."""
    shift: np.ndarray | float = 0.0
    factor: np.ndarray | float = 1.0
    for known in plan.shifts:
        if known.item == item:
            here = languages == known.language
            shift = shift + here * known.threshold_shift
            factor = factor * np.where(here, known.loading_factor, 1.0)
    return shift, factor


def _thresholds(mean: float, sd: float, low: int, high: int) -> np.ndarray:
    """Cut a normal variable at the middles between codes so that the codes have a mean and an SD."""
    codes = np.arange(low, high + 1)
    cuts = codes[:-1] + 0.5

    def moments(parameters: np.ndarray) -> tuple[float, float]:
        centre, spread = parameters[0], np.exp(parameters[1])
        cumulative = np.concatenate([[0.0], ndtr((cuts - centre) / spread), [1.0]])
        shares = np.diff(cumulative)
        average = float(shares @ codes)
        return average, float(np.sqrt(max(shares @ (codes - average) ** 2, 0.0)))

    def distance(parameters: np.ndarray) -> list[float]:
        average, spread = moments(parameters)
        return [average - mean, spread - sd]

    solution = least_squares(distance, x0=[mean, np.log(sd)], xtol=1e-12, ftol=1e-12)
    if np.abs(solution.fun).max() > 0.02 * (high - low):
        raise ContractError(f"no item on {low} to {high} has mean {mean:g} and standard deviation {sd:g}")
    return np.asarray((cuts - solution.x[0]) / np.exp(solution.x[1]))


def _loading(wanted: float, thresholds: np.ndarray) -> float:
    """Find the loading at which two such items, cut into codes, correlate as wanted."""

    def correlation(loading: float) -> float:
        expected = ndtr((loading * _NODES[:, None] - thresholds) / np.sqrt(1 - loading**2)).sum(axis=1)
        shares = np.diff(np.concatenate([[0.0], ndtr(thresholds), [1.0]]))
        codes = np.arange(len(shares))
        mean = shares @ codes
        return float((_WEIGHTS @ (expected - mean) ** 2) / (shares @ (codes - mean) ** 2))

    highest = 0.985
    if correlation(highest) <= wanted:
        return highest
    return float(brentq(lambda loading: correlation(loading) - wanted, 0.01, highest))
