"""How are those who answered to be weighted to stand for all who were asked? Inverse probabilities of answering.

For one wave, or for several with monotone dropout: the weight of a wave is the product over the waves so far. They
correct for what the response model holds, and for nothing that was not measured.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.comparison.adjustment.weights import (
    Weights,
    WeightStep,
    effective_size,
    explosion,
    largest_share,
    standardised_difference,
)
from increase_eval.comparison.engines.frames import ModelFrame, model_frame
from increase_eval.comparison.engines.generalised_linear import GeneralisedFit, fit_generalised
from increase_eval.comparison.engines.powers import with_powers
from increase_eval.errors import InsufficientDataError
from increase_eval.moments.formulas import parse_formula
from increase_eval.moments.tables import check_column_names, check_table
from increase_eval.moments.waves import ordered_waves

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Booleans = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _WaveFit:
    """The response model of one wave: rows at risk, their probabilities, and what the report needs."""

    wave: Any
    rows: Booleans
    frame: ModelFrame
    answered: Booleans
    probability: Floats
    fit: GeneralisedFit | None
    note: str | None
    dropped: int


def inverse_probability_weights(
    formula: str | Mapping[Any, str],
    data: pd.DataFrame,
    *,
    subject: str,
    wave: str | None = None,
    arm: str | None = None,
    stabilised: bool = True,
    trim: float | None = None,
) -> Weights:
    """How are those who answered to be weighted to stand for all who were asked?

    Parameters
    ----------
    formula
        On the left 1 where the participant answered, else 0; on the right what is known of everybody asked:
        ``"answered ~ arm + score_t1"``. With `wave`, a mapping gives each wave a formula of its own: what an earlier
        wave measured is known of those who answered it alone.
    data
        One row per participant, or with `wave` one per participant and wave. Rows with something missing get no
        weight, and with `wave` neither do the participant's later ones; they are counted.
    subject
        Column with the participant.
    wave
        Column with the wave (sorted, or categories in order). The model is fitted wave by wave, to those who answered
        all waves before; weights multiply. Only for monotone dropout.
    arm
        Column whose levels have numerators of their own where weights are stabilised.
    stabilised
        Whether to multiply by the share who answered (of the wave's people at risk, in the arm), so that weights stay
        near 1.
    trim
        A quantile such as 0.99: larger weights (of a wave) are cut to it, which lowers variance and brings bias back.

    Returns
    -------
    Weights
        `values` (on the index of `data`, 0 where not answered), `effective_sample_size`, `largest`, `balance` (those
        who answered less all at risk, before and after weighting), `overlap`, `notes`.

    Raises
    ------
    ValueError
        If a participant stands twice (in a wave), came back after missing one, or an option is out of range.
    InsufficientDataError
        If nobody answered, or columns of the response model are not independent.

    Notes
    -----
    w = Π over the waves so far of n/p̂, p̂ from a logit, n = 1 or the observed share. Where everybody at risk answered,
    p̂ = 1. Where the data separate, p̂ comes from Firth's penalised likelihood, and a note says so. So does one where
    weights explode: one person carries half of the weight or more, or all are worth a tenth of their number. Trimming
    uses the quantile with linear interpolation over those who answered.

    References
    ----------
    Robins JM, Rotnitzky A, Zhao LP (1995). doi:10.1080/01621459.1995.10476493.
    Cole SR, Hernán MA (2008). Constructing inverse probability weights. doi:10.1093/aje/kwn164.

    Checked against R in ``tests/golden/attrition/ipw_fourarm_completers.json``.

    Examples
    --------
    >>> data = pd.DataFrame({"id": range(6), "answered": [1, 0, 1, 1, 0, 1], "g": list("aaabbb")})
    >>> weights = inverse_probability_weights("answered ~ g", data, subject="id", stabilised=False)
    >>> print(weights.values.round(4).tolist())
    [1.5, 0.0, 1.5, 1.5, 0.0, 1.5]
    """
    if trim is not None and not (isinstance(trim, float) and 0.5 < trim < 1):
        raise ValueError(f"trim is {trim!r}; allowed: a quantile between 0.5 and 1, or empty")
    if arm is not None and arm not in data.columns:
        raise ValueError(f"arm {arm!r} is not in the table; it has: {', '.join(map(str, data.columns))}")
    people = _people(data, subject, wave)
    values, cut = np.zeros(len(data)), np.zeros(len(data))
    so_far = np.ones(people.max() + 1)
    fits, balances, overlaps = [], [], []
    for fit in _wave_fits(formula, data, people, wave, arm):
        own = people[fit.rows]
        numerator = _numerators(fit, arm) if stabilised else 1.0
        before = so_far[own]
        values[fit.rows] = np.where(fit.answered, before * numerator / fit.probability, 0.0)
        cut[fit.rows] = _trimmed(values[fit.rows], trim)
        so_far[own] = values[fit.rows]
        fits.append(fit)
        balances.append(_balance(fit, before, cut[fit.rows]))
        overlaps.append(_overlap(fit, cut[fit.rows]))
    if not values.any():
        raise InsufficientDataError("nobody answered: there is nobody to weight")
    notes = [fit.note for fit in fits if fit.note] + ([f"trimmed at the {trim:g} quantile"] if trim else [])
    unread = sum(fit.dropped for fit in fits)
    notes += [f"{unread} rows miss something of the formula and have weight 0"] if unread else []
    return Weights(
        values=pd.Series(cut, index=data.index, name="weight"),
        effective_sample_size=effective_size(cut),
        largest=largest_share(cut),
        balance=pd.concat(balances, ignore_index=True),
        overlap=pd.concat(overlaps, ignore_index=True),
        method="inverse probability of answering" + (", stabilised" if stabilised else ""),
        n_dropped=fits[-1].dropped,
        notes=(*notes, *explosion(cut)),
        steps=tuple(_steps(fits, people, (cut < values) | (values == 0))),
        units=people,
    )


def _people(data: pd.DataFrame, subject: str, wave: str | None) -> Ints:
    """Give each participant a number, refusing one who stands twice."""
    check_table(data)
    keys = [subject] if wave is None else [subject, wave]
    check_column_names(keys)
    absent = [column for column in keys if column not in data.columns]
    if absent:
        raise ValueError(f"columns {absent} are not in the table; it has: {', '.join(map(str, data.columns))}")
    if data[keys].isna().any(axis=None):
        raise ValueError(f"{' or '.join(keys)} is missing somewhere")
    if data.duplicated(keys).any():
        raise ValueError(f"a participant stands twice{'' if wave is None else ' in one wave'}")
    if data.empty:
        raise InsufficientDataError("there are no rows")
    return np.asarray(pd.factorize(data[subject])[0], dtype=np.int64)


def _wave_fits(
    formulas: str | Mapping[Any, str], data: pd.DataFrame, people: Ints, wave: str | None, arm: str | None
) -> Iterator[_WaveFit]:
    """Fit the response model wave by wave to those who answered every wave before."""
    whole = np.ones(len(data), dtype=bool)
    waves = (None,) if wave is None else ordered_waves(data[wave], whole)
    models = [_model(formulas, label, data, wave) for label in waves]
    at_risk = np.ones(people.max() + 1, dtype=bool)
    set_aside = np.zeros(people.max() + 1, dtype=bool)
    dropped = 0
    for number, (label, (formula, response)) in enumerate(zip(waves, models, strict=True)):
        here = whole if wave is None else (data[wave] == label).to_numpy(dtype=bool)
        _refuse_returns(data.loc[here, response], at_risk[people[here]] | set_aside[people[here]])
        candidates = here & at_risk[people]
        if number and candidates.sum() < at_risk.sum():
            raise ValueError(
                f"{at_risk.sum() - candidates.sum()} participants who answered so far have no row in {label!r}"
            )
        fit = _fit_wave(formula, data, candidates, label, arm)
        set_aside[people[candidates & ~fit.rows]] = True
        dropped += int((here & set_aside[people]).sum())
        yield replace(fit, dropped=dropped)
        at_risk[:] = False
        at_risk[people[fit.rows][fit.answered]] = True
        if not at_risk.any():
            return


def _model(formulas: str | Mapping[Any, str], label: Any, data: pd.DataFrame, wave: str | None) -> tuple[str, str]:
    """Give the formula of a wave, and the response it names."""
    if isinstance(formulas, Mapping):
        if wave is None:
            raise ValueError("formula is a mapping by wave, and no column `wave` is named")
        if label not in formulas:
            raise ValueError(f"no formula for wave {label!r}; there are: {', '.join(map(str, formulas))}")
    formula = formulas if isinstance(formulas, str) else formulas[label]
    parsed = parse_formula(with_powers(formula, data)[0])
    if wave is not None and wave in parsed.variables:
        raise ValueError(f"{wave!r} is in the formula, and the model is fitted wave by wave: leave it out")
    if parsed.response is None or parsed.response not in data.columns:
        raise ValueError(f"formula {formula!r} needs a column on its left-hand side: 1 where the participant answered")
    return formula, parsed.response


def _refuse_returns(response: pd.Series[Any], expected: Booleans) -> None:
    answered = response.to_numpy(dtype=object) == 1
    if (answered & ~expected).any():
        count = int((answered & ~expected).sum())
        raise ValueError(
            f"{count} participants answered after missing a wave: products of weights need monotone dropout"
        )


def _fit_wave(formula: str, data: pd.DataFrame, candidates: Booleans, label: Any, arm: str | None) -> _WaveFit:
    frame = model_frame(formula, data.loc[candidates], also=[arm])
    rows = candidates.copy()
    rows[candidates] = frame.rows
    event = frame.events()
    place = "" if label is None else f" in {label}"
    if event.min() == event.max():
        note = None if event.min() else f"nobody answered{place}"
        return _WaveFit(label, rows, frame, event == 1, np.ones(len(event)), None, note, 0)
    fit = fit_generalised(frame.matrix, event, frame.names, firth_if_separated=True)
    note = f"the response model separates{place}: Firth's penalised likelihood" if fit.is_separated else None
    return _WaveFit(label, rows, frame, event == 1, fit.fitted, fit, note, 0)


def _steps(fits: Sequence[_WaveFit], people: Ints, fixed: Booleans) -> Iterator[WeightStep]:
    """Give how log weights move with each wave's response model: -(1 - p) x, in its own wave and in all later ones.

    Trimmed weights do not move. Numerators are taken as fixed.
    """
    for number, own in enumerate(fits):
        if own.fit is None:
            continue
        slope = np.zeros((people.max() + 1, own.fit.matrix.shape[1]))
        slope[people[own.rows]] = -(1 - own.probability)[:, None] * own.fit.matrix
        later = np.zeros(len(people), dtype=bool)
        for fit in fits[number:]:
            later |= fit.rows
        slopes = np.where((later & ~fixed)[:, None], slope[people], 0.0)
        yield WeightStep(own.rows, own.fit.equations(), slopes, own.probability)


def _numerators(fit: _WaveFit, arm: str | None) -> Floats:
    answered = fit.answered.astype(float)
    if arm is None:
        return np.full(len(answered), answered.mean())
    groups = fit.frame.data[arm].to_numpy(dtype=object)
    return pd.Series(answered).groupby(pd.Series(groups)).transform("mean").to_numpy(dtype=float)


def _trimmed(values: Floats, trim: float | None) -> Floats:
    used = values > 0
    return np.minimum(values, np.quantile(values[used], trim)) if trim and used.any() else values


def _balance(fit: _WaveFit, before: Floats, after: Floats) -> pd.DataFrame:
    names = [name for name in fit.frame.names if name != "Intercept"]
    matrix = fit.frame.matrix[:, [name != "Intercept" for name in fit.frame.names]]
    if not names or not fit.answered.any():
        return pd.DataFrame({"wave": [], "term": [], "before": [], "after": []})
    scale = matrix.std(axis=0)
    sides = (np.where(fit.answered, before, 0.0), after)
    first, second = (standardised_difference(matrix, names, side, before, scale) for side in sides)
    table = pd.DataFrame({"before": first, "after": second}).reset_index()
    table.insert(0, "wave", fit.wave)
    return table


def _overlap(fit: _WaveFit, weights: Floats) -> pd.DataFrame:
    rows = []
    for name, own in (("answered", fit.answered), ("not answered", ~fit.answered)):
        probability = fit.probability[own]
        rows.append(
            {
                "wave": fit.wave,
                "group": name,
                "n": int(own.sum()),
                "effective_sample_size": effective_size(weights[own]),
                "largest": largest_share(weights[own]),
                "lowest_probability": float(probability.min()) if len(probability) else np.nan,
                "highest_probability": float(probability.max()) if len(probability) else np.nan,
            }
        )
    return pd.DataFrame(rows)
