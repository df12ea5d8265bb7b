"""Which weights does each wave get? By response models, by calibration to the register, and by both.

Answering the first wave is modelled on the register, answering a later wave on the register and on what the first wave
measured. Where nobody comes back after missing a wave, weights multiply over all waves so far; else over two steps, the
first wave and the one in question, which holds for any pattern.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.attrition.calibration import calibrate_weights
from increase_eval.attrition.leaver_tables import right_side
from increase_eval.attrition.population import AskedPeople
from increase_eval.attrition.response_weights import inverse_probability_weights
from increase_eval.comparison.adjustment.weights import Weights, effective_size, largest_share
from increase_eval.errors import ConvergenceError, InsufficientDataError

Floats = npt.NDArray[np.float64]
Booleans = npt.NDArray[np.bool_]

NONE, IPW, RAKED, BOTH = "none", "ipw", "raked", "ipw + raked"
WEIGHTINGS = (NONE, IPW, RAKED, BOTH)
"""No weights; inverse probabilities of answering; calibrated to the register; calibrated from the inverse ones."""
OK = "ok"
LEAST_IN_LEVEL = 5
"""A level of a margin in which fewer people answered joins the most frequent one."""


@dataclass(frozen=True, slots=True)
class WaveWeights:
    """The weights of one wave.

    Attributes
    ----------
    wave
        The wave.
    answered
        Shape (people,): who answered the first wave and this one (and all between, where dropout is monotone).
    values
        Name of the weighting -> weights, shape (people,), nought for who did not answer.
    status
        Name of the weighting -> ``ok``, or why it could not be made (its weights are nought then).
    notes
        Name of the weighting -> what a reader must know.
    steps
        The rows that the response models were fitted to, one per person and step, in order of steps.
    model
        The inverse probability weights of those rows; None where there are none.
    """

    wave: str
    answered: Booleans
    values: dict[str, Floats]
    status: dict[str, str]
    notes: dict[str, tuple[str, ...]]
    steps: pd.DataFrame
    model: Weights | None

    def effective_size(self, weighting: str) -> float:
        """Give Kish's effective sample size of a weighting."""
        return effective_size(self.values[weighting])

    def largest(self, weighting: str) -> float:
        """Give the largest weight of a weighting over its mean."""
        return largest_share(self.values[weighting])


def weigh_wave(people: AskedPeople, wave: str, *, groups: pd.DataFrame | None = None) -> WaveWeights:
    """Which weights do those get who answered a wave, for them to stand for all who were asked?

    Parameters
    ----------
    people
        Everybody asked.
    wave
        The wave.
    groups
        The register's columns as categories, one row a person; None: made here.

    Returns
    -------
    WaveWeights
        Weights by name of :data:`WEIGHTINGS`. One that cannot be made has a status in place of weights.

    Notes
    -----
    Response weights are stabilised by the share who answered, and not by that of the arm: weights that stand for
    everybody must undo that arms answered unequally, too. Margins of the calibration are the arms and
    the declared covariates (numbers in fifths, a group for those not known), with the counts of everybody asked as
    totals; raking. Levels in which fewer than :data:`LEAST_IN_LEVEL` people answered join the column's most frequent
    level, and a note says so.
    """
    chain = step_waves(people.waves, people.answered, wave)
    answered = np.logical_and.reduce([people.at(step) for step in chain])
    own = WaveWeights(wave, answered, {NONE: answered.astype(float)}, {NONE: OK}, {NONE: ()}, pd.DataFrame(), None)
    if not answered.any():
        empty = {name: np.zeros(len(answered)) for name in WEIGHTINGS}
        return replace(own, values=empty, status=dict.fromkeys(WEIGHTINGS, "nobody answered"))
    own = _with_response_weights(people, own, chain)
    if not people.register:
        reason = "the plan declares no covariate that the register has"
        return _without(own, dict.fromkeys((RAKED, BOTH), reason))
    categories = people.grouped(np.ones(len(answered), dtype=bool), people.register) if groups is None else groups
    for name, base in ((RAKED, NONE), (BOTH, IPW)):
        own = _with_calibration(people, own, name, base, categories)
    return own


def step_waves(waves: Sequence[str], answered: Booleans, wave: str) -> tuple[str, ...]:
    """Give the waves whose weights multiply: all so far where dropout is monotone, else the first and this one."""
    is_monotone = bool((answered[:, 1:] <= answered[:, :-1]).all())
    return tuple(waves[: waves.index(wave) + 1]) if is_monotone else tuple(dict.fromkeys((waves[0], wave)))


def _without(own: WaveWeights, reasons: dict[str, str]) -> WaveWeights:
    empty = {name: np.zeros(len(own.answered)) for name in reasons}
    return replace(own, values=own.values | empty, status=own.status | reasons)


def _with_response_weights(people: AskedPeople, own: WaveWeights, chain: Sequence[str]) -> WaveWeights:
    parts, formulas = [], {}
    so_far = np.ones(len(own.answered), dtype=bool)
    for number, step in enumerate(chain):
        columns = [*people.register, *(people.baseline if number else ())]
        filled, names = people.filled(so_far, columns)
        data = filled.reindex(people.data.index).assign(arm=people.data["arm"])
        formulas[number] = "answered ~ " + right_side(data.loc[so_far], names)
        so_far = so_far & people.at(step)
        parts.append(data.assign(participant=people.data["participant"], step=number, answered=so_far.astype(int)))
    steps = pd.concat(parts, ignore_index=True)
    try:
        model = inverse_probability_weights(formulas, steps, subject="participant", wave="step")
    except (InsufficientDataError, ConvergenceError) as error:
        return _without(replace(own, steps=steps), {IPW: str(error)})
    last = model.values.to_numpy()[-len(own.answered) :]
    return replace(
        own,
        steps=steps,
        model=model,
        values=own.values | {IPW: last},
        status=own.status | {IPW: OK},
        notes=own.notes | {IPW: model.notes},
    )


def _with_calibration(
    people: AskedPeople, own: WaveWeights, name: str, base: str, categories: pd.DataFrame
) -> WaveWeights:
    if own.status[base] != OK:
        return _without(own, {name: own.status[base]})
    data = categories.assign(arm=people.data["arm"].to_numpy(dtype=object), base=own.values[base])
    merged = {column: merge_thin(data[column], own.answered) for column in ("arm", *people.register)}
    data = data.assign(**{column: values for column, (values, _) in merged.items()})
    margins: dict[Hashable, dict[Any, float]] = {
        column: data[column].value_counts().astype(float).to_dict()
        for column in merged
        if len(data[column].unique()) > 1 or column == "arm"
    }
    notes = tuple(
        f"{column}: {', '.join(thin)} joined to the most frequent level" for column, (_, thin) in merged.items() if thin
    )
    try:
        found = calibrate_weights(data[data["base"] > 0], margins, base="base", method="rake")
    except (InsufficientDataError, ConvergenceError) as error:
        return _without(own, {name: str(error)})
    values = found.values.reindex(data.index).fillna(0.0).to_numpy()
    return replace(
        own,
        values=own.values | {name: values},
        status=own.status | {name: OK},
        notes=own.notes | {name: (*own.notes.get(base, ()), *notes)},
    )


def merge_thin(values: pd.Series, answered: Booleans) -> tuple[pd.Series, tuple[str, ...]]:
    """Join levels in which few answered to the most frequent level; gives the levels joined as well."""
    counts = values[answered].value_counts()
    levels = values.value_counts()
    thin = [level for level in levels.index if counts.get(level, 0) < LEAST_IN_LEVEL]
    kept = [level for level in levels.index if level not in thin]
    if not thin or not kept:
        return values, ()
    return values.where(~values.isin(thin), kept[0]), tuple(map(str, thin))


def weigh_waves(people: AskedPeople) -> Iterator[WaveWeights]:
    """Give the weights of every wave in turn."""
    everybody = np.ones(len(people.data), dtype=bool)
    groups = people.grouped(everybody, people.register) if people.register else None
    for wave in people.waves:
        yield weigh_wave(people, wave, groups=groups)


def only(people: AskedPeople, rows: Booleans) -> AskedPeople:
    """Give some of the people, in their order."""
    return replace(people, data=people.data[rows].reset_index(drop=True), answered=people.answered[rows])
