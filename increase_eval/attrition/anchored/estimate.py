"""What would everybody have scored, given what the service counted of them, if not answering went with the score?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd

from increase_eval.attrition.anchored.anchors import Anchors
from increase_eval.attrition.anchored.bridge import Bridge, shifted_totals
from increase_eval.attrition.anchored.dial import DialRange, dial_range
from increase_eval.attrition.anchored.equations import ArmProblem
from increase_eval.attrition.anchored.population import (
    People,
    Population,
    Totals,
    counted_problems,
    linked_problems,
    read_people,
)
from increase_eval.attrition.anchored.result import AnchoredNonresponse
from increase_eval.comparison.categorical.proportions import normal_quantile

Quantity = Literal["level", "change"]
Count = Literal["complete", "sample"]
Dials = float | Sequence[float] | Mapping[Any, float | Sequence[float]] | None


def anchored_nonresponse(
    data: pd.DataFrame,
    *,
    outcome: str,
    arm: str,
    category: str,
    baseline: str | None = None,
    history: Sequence[str] = (),
    quantity: Quantity = "level",
    population: Population = "baseline",
    gamma: Dials = None,
    gamma_entry: float | Mapping[Any, float] = 0.0,
    totals: Totals | None = None,
    totals_error: Mapping[tuple[Any, Any], float] | None = None,
    bridge: Bridge | None = None,
    shift: tuple[float, float] = (0.0, 0.0),
    base_category: Any = None,
    scale: tuple[float, float] | None = None,
    count: Count = "complete",
    bias_correction: bool = False,
    is_share: bool = False,
    confidence: float = 0.95,
) -> AnchoredNonresponse:
    """Estimate means of everybody from those who answered, the service's counts, and a dial.

    The service knows what became of everybody, those who never answered included. Those who answered are weighted so
    that each arm has the service's outcomes, and the first scores of everybody, exactly; a dial then says how much
    likelier people of low or high wellbeing are not to answer, outcome and first score being the same.

    Parameters
    ----------
    data
        One row per person. Where records are linked: everybody of the population, the outcome missing where it was not
        given. Where the service gives `totals` instead, those who answered are enough.
    outcome, arm, category
        Columns: the score at the wave, the arm, and what the service recorded (with a `bridge`: the survey's state).
    baseline
        Column of the first score, which the weights balance within each arm; missing for those who never gave one.
    history
        More columns of numbers known of everybody, which the weights balance within each arm.
    quantity
        ``level``: the mean of the outcome. ``change``: the mean of outcome less first score.
    population
        ``baseline``: those with a first score. ``all``: everybody in the table, with a dial of its own
        (`gamma_entry`) for those without one.
    gamma
        The dial: log odds of *not* answering per standard deviation of the first score; nought is missing at random
        given arm, category and history. A number, a grid, or either by arm; None: nine dials over the default range.
    gamma_entry
        The dial for not having given a first score, a number or one by arm; used where `population` is ``all``.
    totals
        ``{(arm, category): people}`` for records that are not linked.
    totals_error
        Standard errors of totals that are no complete count; absent ones are nought.
    bridge
        How survey states and service categories go together, for `totals` of other categories than the survey's.
    shift
        Declared range of the share of outcomes in `totals` that had not happened at the wave (negative: that happened
        after the count); such people move to, or come from, `base_category`.
    base_category
        The category of those without an outcome; needed with `shift`.
    scale
        Mean and standard deviation of the first score, the dial's unit; by default from `baseline`.
    count
        ``complete``: the mean is about these very people, whose count has no sampling error. ``sample``: they are drawn
        from more.
    bias_correction
        Whether to take off the bias of order 1/n that the mean has away from dial nought; only of the population
        ``baseline``. See the Notes.
    is_share
        Whether the outcome is 0 or 1 and its mean a share: errors then count that a category of which few answered, all
        alike, is not all alike. See the Notes.
    confidence
        Coverage of the intervals.

    Returns
    -------
    AnchoredNonresponse
        `estimates` by arm and dial, `weights`, `gain`, `contrast(first, second)`, `to_frame()`.

    Raises
    ------
    ValueError
        If a column is absent, an option is unknown, arguments do not go together, or a total cannot be read.
    InsufficientDataError
        If nobody is left, or the first score does not vary.
    ConvergenceError
        If the weights of an arm cannot be found although they exist.

    Notes
    -----
    With V = 1 where Y is observed, h the first score and history, g the category, s(y) = (y - mean)/SD at the start:
    p(y | V=0, h, g, a) is proportional to p(y | V=1, h, g, a) exp(gamma_a s(y)), that is
    logit Pr(V=0 | y, h, g, a) = psi'b + gamma_a s(y). gamma is never estimated: nothing observed can tell it. In each
    arm b holds an indicator of each category and the numbers of h, and psi solves
    Σ over V=1 of {1 + exp(psi'b_i + gamma s(Y_i))} b_i = T; theta = Σ w_i Y_i / Σ w_i with w = 1 + exp(.). Under
    ``all`` a second such step leads from those with a first score to everybody, b being the categories.

    Var(theta) = [Σ w_i (w_i - 1) (e_i/(1 - h_i))² + beta'Var(T) beta + bridge]/N², e = Y - theta - beta'b, beta the
    regression of Y - theta on b with the weights w - 1 and h its leverages (the jackknife's variance, to first order);
    for ``sample`` the variance of Y over N is added. Degrees of freedom are Satterthwaite's, (n - p)/n (Σ v)²/Σ v², v
    what each person adds to the variance and p the columns of b: n - p if all add the same, and few where a few people
    carry the arm. A bridge counted from n_z people adds Σ_z Σ_g p_zg d_zg²/n_z, d the derivative of theta towards g.

    Of a share (`is_share`) each squared residual is raised by max(0, q(1 - q) - p(1 - p)), p = x/n the share in the
    person's category of those who answered and q = (x + 1/2)/(n + 1) the same as Jeffreys estimates it: where all n
    gave one answer, residuals are nought although the others may have given another.

    Away from dial nought the mean leans towards that at nought, by a bias of order 1/n: 0.02 SD with 150 answers and a
    dial of -0.8, against a standard error of 0.08, and 0.002 with 1,500. `bias_correction` takes it off by the
    delete-one jackknife in closed form: the odds w - 1 are multiplied by 1 + h - b'H⁻¹ Σ (w - 1) h b, H the cross
    products of b with the weights w - 1, and every total is still met. It raises the root mean square error by under
    two per cent with 150 answers, and by nothing to be seen with 1,500 or more.

    An arm has no number where its totals cannot be met (``anchor contradicts survey``), where nobody of a category
    answered, or fewer than two of it or no more than b has columns, and where one person would stand for half of the
    arm (``weights explode``). Left out and counted in ``n_dropped`` are people of the population without arm, category
    or history, and those who answered and gave no first score.

    References
    ----------
    Rotnitzky A, Robins JM, Scharfstein DO (1998). Semiparametric regression for repeated outcomes with nonignorable
    nonresponse. doi:10.1080/01621459.1998.10473795. Scharfstein DO, Rotnitzky A, Robins JM (1999).
    doi:10.1080/01621459.1999.10473862. Quenouille MH (1956), bias by the jackknife. doi:10.1093/biomet/43.3-4.353.
    Satterthwaite FE (1946). doi:10.2307/3002019. Kott PS, Chang T (2010). Using calibration weighting to adjust for
    nonignorable unit nonresponse. doi:10.1198/jasa.2010.tm09016.

    Checked against
    ---------------
    Post-stratification (1e-10), :func:`.impute` with deltas (1e-8) and simulation:
    ``tests/unit/attrition/anchored``, ``reports/methods/anchored.md``.

    Examples
    --------
    >>> score = [7, 8, 9, None, 3, 4, 5, None, None, None]
    >>> people = pd.DataFrame({"arm": "a", "job": ["yes"] * 4 + ["no"] * 6, "score": score})
    >>> found = anchored_nonresponse(people, outcome="score", arm="arm", category="job", gamma=0.0, scale=(5, 2))
    >>> print(found.estimates["estimate"].round(6).tolist())
    [5.6]
    """
    _check(quantity, population, count, baseline, totals, bridge, shift, base_category)
    if bias_correction and population == "all":
        raise ValueError("bias_correction is of one step of answering; allowed: the population 'baseline'")
    if is_share and quantity != "level":
        raise ValueError("is_share is of a level: a change of shares has values of -1 too")
    normal_quantile(confidence)
    people = read_people(
        data, outcome=outcome, arm=arm, category=category, baseline=baseline, history=history,
        population=population, totals=totals, bridge=bridge, scale=scale,
    )  # fmt: skip
    if is_share and not np.isin(people.outcome[people.observed], (0.0, 1.0)).all():
        raise ValueError(f"is_share: {outcome!r} has other values than 0 and 1")
    default = _default_range(data, people, gamma, arm, category, baseline)
    dials = _dials(gamma, people.arms, default)
    entry = _entry(gamma_entry, people.arms)
    problems = _problems(people, quantity, population, totals, bridge)
    without = without_categories(people, quantity, population, totals)
    anchors = Anchors(
        bridge=bridge if totals is not None else None,
        totals=None if totals is None else dict(totals),
        errors=_errors(totals_error, totals, people),
        others=tuple(_other_anchors(people, totals, bridge, shift, base_category)),
    )
    return AnchoredNonresponse.of(
        people, problems, dials, entry, anchors,
        is_sample=count == "sample", bias_correction=bias_correction, is_share=is_share, confidence=confidence,
        quantity=quantity, population=population, outcome=outcome, index=data.index, default=default,
        without=without,
    )  # fmt: skip


def _check(
    quantity: str, population: str, count: str, baseline: str | None, totals: Totals | None, bridge: Bridge | None,
    shift: tuple[float, float], base_category: Any,
) -> None:  # fmt: skip
    for name, value, kinds in (("quantity", quantity, Quantity), ("population", population, Population),
                               ("count", count, Count)):  # fmt: skip
        if value not in get_args(kinds):
            raise ValueError(f"{name} is {value!r}; allowed: {', '.join(get_args(kinds))}")
    if quantity == "change" and (baseline is None or population == "all" or totals is not None):
        raise ValueError("a change needs a first score, the population 'baseline' and linked records (no totals)")
    if totals is None and (bridge is not None or any(shift)):
        raise ValueError("bridge and shift speak of totals, and none are given; linked people have their own category")
    if totals is not None and not (isinstance(totals, Mapping) and all(_is_pair(key) for key in totals)):
        raise ValueError("totals are no mapping of pairs; allowed: {(arm, category): people}")
    low, high = shift
    if not -1 < low <= 0 <= high < 1:
        raise ValueError(f"shift is {shift!r}; allowed: a share from above -1 to 0, and one from 0 to under 1")
    if any(shift) and (base_category is None or totals is None or base_category not in {key[1] for key in totals}):
        raise ValueError(f"shift needs base_category, one of the categories of totals; it is {base_category!r}")


def _is_pair(key: Any) -> bool:
    return isinstance(key, tuple) and len(key) == 2


def _default_range(
    data: pd.DataFrame, people: People, gamma: Dials, arm: str, category: str, baseline: str | None
) -> DialRange | None:
    if gamma is not None:
        return None
    if baseline is None:
        raise ValueError("without a first score there is no default range of the dial: give gamma")
    asked = people.used & data[baseline].notna().to_numpy(dtype=bool)
    table = data.loc[asked, [arm, category, baseline]].assign(**{_SEEN: people.observed[asked]})
    return dial_range(table, observed=_SEEN, scores=[baseline], arm=arm, category=category)


_SEEN, _ONE = "__seen__", "__everybody__"


def _dials(gamma: Dials, arms: tuple[Any, ...], default: DialRange | None) -> dict[Any, tuple[float, ...]]:
    """Give each arm its dials, in rising order."""
    if default is not None:
        return dict.fromkeys(arms, default.grid())
    by_arm = gamma if isinstance(gamma, Mapping) else dict.fromkeys(arms, gamma)
    absent = [str(arm) for arm in arms if arm not in by_arm]
    if absent:
        raise ValueError(f"gamma has no dial for {', '.join(absent)}")
    found = {}
    for arm in arms:
        values = np.unique(np.atleast_1d(np.asarray(by_arm[arm], dtype=float)))
        if not values.size or not np.isfinite(values).all():
            raise ValueError(f"a dial is {by_arm[arm]!r}; allowed: finite numbers")
        found[arm] = tuple(values.tolist())
    return found


def _entry(gamma_entry: float | Mapping[Any, float], arms: tuple[Any, ...]) -> dict[Any, float]:
    given = gamma_entry if isinstance(gamma_entry, Mapping) else dict.fromkeys(arms, gamma_entry)
    absent = [str(arm) for arm in arms if arm not in given]
    values = {arm: float(given[arm]) for arm in arms if arm in given}
    if absent or not np.isfinite(list(values.values())).all():
        raise ValueError(f"gamma_entry is {gamma_entry!r}; allowed: a finite number, or one for each arm")
    return values


def _problems(
    people: People, quantity: Quantity, population: Population, totals: Totals | None, bridge: Bridge | None
) -> tuple[ArmProblem, ...]:
    if totals is None:
        return linked_problems(people, population=population, change=quantity == "change")
    return counted_problems(people, totals, bridge)


def without_categories(
    people: People, quantity: Quantity, population: Population, totals: Totals | None
) -> tuple[ArmProblem, ...]:
    """Give the same problems without the anchor: everybody of one category."""
    plain = replace(people, category=np.minimum(people.category, 0), categories=(_ONE,))
    if totals is None:
        return _problems(plain, quantity, population, None, None)
    whole = {(arm, _ONE): sum(value for key, value in totals.items() if key[0] == arm) for arm in people.arms}
    return counted_problems(plain, whole, None)


def _errors(errors: Mapping[tuple[Any, Any], float] | None, totals: Totals | None, people: People) -> Any:
    if errors is None:
        return None
    if totals is None:
        raise ValueError("totals_error speaks of totals, and none are given")
    stray = [key for key in errors if key not in totals]
    table = np.array([[float(errors.get((arm, one), 0.0)) for one in people.categories] for arm in people.arms])
    if stray or not (np.isfinite(table).all() and (table >= 0).all()):
        raise ValueError("totals_error has a cell that totals has not, or a number below 0")
    return table


def _other_anchors(
    people: People, totals: Totals | None, bridge: Bridge | None, shift: tuple[float, float], base: Any
) -> list[tuple[ArmProblem, ...]]:
    """Give the problems at the corners of what was declared: ranges of the bridge times ends of the shift."""
    if totals is None:
        return []
    bridges = [bridge, *(bridge.corners() if bridge is not None else ())]
    every = [(one, share) for one in bridges for share in sorted({0.0, *shift})]
    return [
        counted_problems(people, shifted_totals(totals, share, base) if share else totals, one)
        for one, share in every
        if one is not bridge or share
    ]
