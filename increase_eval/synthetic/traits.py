r"""Latent traits over the waves: correlated, partly stable, clustered, shocked by the calendar, selected at entry.

For person :math:`i`, scale :math:`k`, wave :math:`w`

.. math:: \theta_{iwk} = \sqrt{1-c}\,(\sqrt{\rho_k}\,T_{ik} + \sqrt{1-\rho_k}\,S_{iwk}) + \sum_l \sqrt{c_l}\,a_{lwk}

with :math:`T` and :math:`S` of unit variance and correlation :math:`\kappa_k\kappa_{k'}` between scales, :math:`c_l`
the intraclass correlation of level :math:`l` (:math:`c` their sum), :math:`a` a cluster effect, half of its variance
stable over the waves, and :math:`\rho_k` so that the trait as a whole, :math:`(1-c)\rho_k + c/2`, correlates between
waves as the retest correlation divided by the reliability. Entry is selected on
the first wave, so that people enter in a low moment and regress to their mean afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.random import Generator
from scipy.special import ndtr

from increase_eval.study.cohort import CohortPlan
from increase_eval.study.structure import Period

STABLE_CLUSTER_SHARE = 0.5
"""Share of a cluster effect's variance that stays the same over the waves; documented, not published."""


def draw_traits(
    plan: CohortPlan,
    waves: tuple[str, ...],
    count: int,
    rng: Generator,
    *,
    clusters: Mapping[str, pd.Series] | None = None,
    arm: pd.Series | None = None,
) -> np.ndarray:
    """Draw the latent traits of people selected at entry.

    Parameters
    ----------
    plan
        Traits, their correlations, selection and intraclass correlations.
    waves
        Wave ids, in order; selection acts on the first.
    count
        Number of people.
    rng
        The random numbers.
    clusters
        Level -> the unit of each person, for the levels with an intraclass correlation.
    arm
        The arm of each person, where spreads differ by arm.

    Returns
    -------
    ndarray
        Shape (waves, people, scales), float32; in units of the unselected population's SD, before any change.
    """
    shares = {level: share for level, share in plan.intraclass_correlation.items() if clusters and level in clusters}
    ratio = _lasting(plan, sum(shares.values()))
    stable, moments = _draw_selected(plan, count, ratio, rng)
    individual = np.float32(np.sqrt(1.0 - sum(shares.values())))
    traits = np.empty((len(waves), count, len(ratio)), dtype=np.float32)
    for w in range(len(waves)):
        moment = moments if w == 0 else _correlated(plan, count, rng)
        traits[w] = individual * (np.sqrt(ratio) * stable + np.sqrt(1 - ratio) * moment)
    if arm is not None and plan.spread_by_arm:
        traits *= arm.map(plan.spread_by_arm).fillna(1.0).to_numpy(dtype=np.float32)[None, :, None]
    for level, share in shares.items():
        _add_clusters(traits, (clusters or {})[level], share, rng)
    return traits


def add_changes(
    traits: np.ndarray, plan: CohortPlan, waves: tuple[str, ...], arm: pd.Series, spread: np.ndarray
) -> None:
    """Shift the latent means by wave and arm, in place; ``spread`` is the SD at the first wave by scale."""
    for k, trait in enumerate(plan.traits.values()):
        for w, wave in enumerate(waves):
            further = arm.map({name: by.get(wave, 0.0) for name, by in trait.change_by_arm.items()}).fillna(0.0)
            shift = trait.change.get(wave, 0.0) + further.to_numpy(dtype=float)
            traits[w, :, k] += (shift * spread[k]).astype(np.float32)


def add_shocks(
    traits: np.ndarray, plan: CohortPlan, dates: np.ndarray, country: pd.Series, periods: tuple[Period, ...]
) -> None:
    """Lower wellbeing where an answer falls into a declared period of the country, in place.

    ``dates`` has shape (waves, people).
    """
    shocked = [list(plan.traits).index(scale) for scale in plan.shocked_scales]
    for period in periods:
        place = period.where.get("country")
        here = np.ones(len(country), dtype=bool) if place is None else (country == place).to_numpy()
        inside = (dates >= np.datetime64(period.start)) & (dates <= np.datetime64(period.end)) & here[None, :]
        for k in shocked:
            traits[:, :, k] += np.float32(plan.lockdown_shock) * inside


def _lasting(plan: CohortPlan, clustered: float) -> np.ndarray:
    """Give the lasting part of each trait within clusters, so that the whole trait lasts as its retest asks."""
    wanted = np.array([trait.retest / trait.reliability for trait in plan.traits.values()])
    within = (wanted - STABLE_CLUSTER_SHARE * clustered) / (1.0 - clustered)
    return np.clip(within, 0.0, 1.0).astype(np.float32)


def _draw_selected(plan: CohortPlan, count: int, ratio: np.ndarray, rng: Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw stable and momentary parts of people who enter: the chance falls with wellbeing at the first wave."""
    chosen = [list(plan.traits).index(scale) for scale in plan.selection_scales]
    kept: list[tuple[np.ndarray, np.ndarray]] = []
    found = 0
    while found < count:
        batch = int((count - found) * (2.2 if plan.selection else 1.0)) + 16
        stable, moment = _correlated(plan, batch, rng), _correlated(plan, batch, rng)
        index = (np.sqrt(ratio) * stable + np.sqrt(1 - ratio) * moment)[:, chosen].mean(axis=1)
        enters = rng.random(batch) < ndtr(-plan.selection * index) if plan.selection else np.ones(batch, dtype=bool)
        kept.append((stable[enters], moment[enters]))
        found += int(enters.sum())
    return (np.concatenate([s for s, _ in kept])[:count], np.concatenate([m for _, m in kept])[:count])


def _correlated(plan: CohortPlan, count: int, rng: Generator) -> np.ndarray:
    """Draw unit-variance scores whose correlations are the products of the loadings on a common factor."""
    loading = np.array([trait.common for trait in plan.traits.values()], dtype=np.float32)
    common = _noise(plan, (count, 1), rng)
    own = _noise(plan, (count, len(loading)), rng)
    return np.asarray(loading * common + np.sqrt(1 - loading**2) * own)


def _noise(plan: CohortPlan, shape: tuple[int, int], rng: Generator) -> np.ndarray:
    if plan.trait_distribution == "skewed":  # chi-square with 6 df, standardised: skewness 1.15
        return np.asarray((rng.chisquare(6, size=shape) - 6) / np.sqrt(12), dtype=np.float32)
    if plan.trait_distribution == "heavy_tailed":  # t with 5 df, standardised: excess kurtosis 6
        return np.asarray(rng.standard_t(5, size=shape) / np.sqrt(5 / 3), dtype=np.float32)
    return rng.standard_normal(shape, dtype=np.float32)


def _add_clusters(traits: np.ndarray, units: pd.Series, share: float, rng: Generator) -> None:
    codes, names = pd.factorize(units, sort=True)
    waves, _, scales = traits.shape
    lasting = rng.standard_normal((len(names), scales)) * np.sqrt(STABLE_CLUSTER_SHARE)
    for w in range(waves):
        passing = rng.standard_normal((len(names), scales)) * np.sqrt(1 - STABLE_CLUSTER_SHARE)
        effect = (np.sqrt(share) * (lasting + passing)).astype(np.float32)
        traits[w] += np.where((codes >= 0)[:, None], effect[codes], np.float32(0))
