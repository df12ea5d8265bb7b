"""Anchored non-response throughout a study: every scale, its changes and levels by arm and dial, and comparisons."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Any, TypeAlias

import numpy as np
import pandas as pd

from increase_eval.attrition.anchored.categories import join_rare, outcome_columns, service_categories
from increase_eval.attrition.anchored.dial import DialRange, dial_range
from increase_eval.attrition.anchored.equations import ESTIMATED
from increase_eval.attrition.anchored.estimate import anchored_nonresponse
from increase_eval.attrition.anchored.result import AnchoredNonresponse
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.results import estimate_table
from increase_eval.study import Scale, Study
from increase_eval.study.structure import StateVariable

Scores: TypeAlias = dict[tuple[str, str], "pd.Series[Any]"]
"""Scale and wave -> score by participant."""

STEPS = 9
"""Dials from end to end, in the tables."""
ENTRY_STEPS = 3
CONTRAST_STEPS = 41
"""Dials from end to end, where the smallest difference is looked for."""
CHANGE, LEVEL, SHARE, CUT = "change", "mean", "share", "leverage cut"
DIFFERENCE, SMALLEST = "difference in change", "smallest difference"
DIFFERENCES = {CHANGE: DIFFERENCE, SHARE: "difference in share"}
EVERYBODY = "all"
NOT_CHANGED = "nothing within the range changes it"


@dataclass(frozen=True, slots=True, eq=False)
class AnchoredTables:
    """Estimate tables of every scale, wave after the first, and dial.

    Attributes
    ----------
    changes
        ``term`` ``change`` (those with a first score), ``mean`` (everybody whom the wave is asked of) and ``share`` (in
        work, of those whose first state is known; its dial is per SD of that state), ``by_arm`` (of changes and shares
        also ``all``: everybody, each arm by its people, with one dial for all arms), ``by_gamma``, ``by_gamma_entry``
        (the dial for not having given a first score; empty for changes), ``n`` those who answered, ``status``; and
        ``leverage cut``, the share of the dial's leverage that the anchor takes away, with the ``verdict`` ``helps``,
        ``does not help`` or ``not known``. Where arms were drawn by lot also ``difference in change`` and ``difference
        in share``, the plan's id in ``contrast``, with one dial for both arms.
    contrasts
        ``term`` ``difference in change``, ``contrast`` ``second - first``, ``by_gamma_first``, ``by_gamma_second``,
        with its ``verdict``; and ``smallest difference``: the smallest distance of two dials that changes the verdict,
        ``verdict`` ``<at random> -> <then>``, or the first alone where nothing within the range changes it.
    """

    changes: pd.DataFrame
    contrasts: pd.DataFrame


def anchored_tables(
    study: Study,
    scores: pd.DataFrame,
    participants: pd.DataFrame,
    responses: pd.DataFrame,
    states: pd.DataFrame | None = None,
) -> AnchoredTables:
    """Anchor every scale of a study: what did everybody score, under each dial?

    Parameters
    ----------
    study
        Scales, waves, arms, service steps, smallest effects of interest, contrasts and confidence.
    scores, participants, responses, states
        The stored tables of those names; without states there are no shares.

    Returns
    -------
    AnchoredTables
        `changes` and `contrasts`.

    Raises
    ------
    InsufficientDataError
        If the register dates no outcome, or nobody is in an arm.
    """
    if study.services is None or not outcome_columns(participants, study.services):
        raise InsufficientDataError("the register dates no outcome that the service counts: there is no anchor")
    changes: list[pd.DataFrame] = []
    contrasts: list[pd.DataFrame] = []
    by_scale = scores.groupby(["scale", "wave"], observed=True)
    wide: Scores = {(str(scale), str(wave)): own.set_index("participant")["score"] for (scale, wave), own in by_scale}
    first, *later = study.wave_ids
    scales = [scale for scale in study.scales if first in study.scale_waves(scale)]
    for wave in later:
        people = _people(study, wave, participants, responses, wide, scales)
        found = _range(people, scales)
        for scale in (scale for scale in scales if found is not None and wave in study.scale_waves(scale)):
            for own, comparisons in _scale_rows(study, scale, wave, people, found, wide):
                changes.append(own.assign(wave=wave))
                contrasts += [one.assign(wave=wave) for one in comparisons]
        if found is not None and states is not None:
            for variable in study.head.states:
                shares = _share_rows(study, variable, wave, people, found, states)
                changes += [own.assign(wave=wave) for own in shares]
    by = {"by_arm": "", "by_gamma": "", "by_gamma_entry": ""}
    pair = {"by_gamma_first": "", "by_gamma_second": ""}
    return AnchoredTables(_joined(changes, by), _joined(contrasts, pair))


def _joined(tables: list[pd.DataFrame], by: dict[str, str]) -> pd.DataFrame:
    if not tables:
        return estimate_table([], **by, status="", verdict="")
    return estimate_table(pd.concat(tables, ignore_index=True))


def _people(
    study: Study,
    wave: str,
    participants: pd.DataFrame,
    responses: pd.DataFrame,
    wide: Scores,
    scales: list[Scale],
) -> pd.DataFrame:
    """Give everybody whom the wave is asked of: arm, service category, whether they answered, first scores."""
    assert study.services is not None
    asked = participants["arm"].isin(study.arm_ids)
    step = next((one for one in study.services.steps if one.id == study.wave(wave).among_step), None)
    if step is not None and step.register_column in participants:
        asked &= participants[step.register_column].notna()
    people = participants.loc[asked, ["participant", "arm"]].assign(
        category=service_categories(participants[asked], study.services)
    )
    if people.empty:
        raise InsufficientDataError(f"nobody in an arm is asked at wave {wave!r}")
    answered = responses.loc[responses["wave"].eq(wave) & responses["responded"], "participant"]
    people["seen"] = people["participant"].isin(answered).astype(float)
    present = set(people["arm"])
    people["arm"] = pd.Categorical(people["arm"], categories=[arm for arm in study.arm_ids if arm in present])
    firsts = {scale.id: _score(wide, scale, study.wave_ids[0], people) for scale in scales}
    return people.reset_index(drop=True).assign(**firsts)


def _score(wide: Scores, scale: Scale, wave: str, people: pd.DataFrame) -> np.ndarray:
    if (scale.id, wave) not in wide:
        return np.full(len(people), np.nan)
    values = wide[scale.id, wave].reindex(people["participant"])
    return np.asarray(values.to_numpy(dtype=float, na_value=np.nan))


def _range(people: pd.DataFrame, scales: list[Scale]) -> DialRange | None:
    """Give the range of the dial at a wave: of all first scores the one that goes most with not answering."""
    names = [scale.id for scale in scales]
    asked = people[people[names].notna().any(axis=1)]
    try:
        return dial_range(asked, observed="seen", scores=names, arm="arm", category="category")
    except InsufficientDataError:
        return None


def _scale_rows(
    study: Study, scale: Scale, wave: str, people: pd.DataFrame, dials: DialRange | None, wide: Scores
) -> Iterator[tuple[pd.DataFrame, list[pd.DataFrame]]]:
    """Give changes with their comparisons, then levels."""
    assert dials is not None
    table = people.assign(outcome=_score(wide, scale, wave, people), first=people[scale.id])
    seen = (table["outcome"].notna() & table["first"].notna()).to_numpy()
    table["category"] = join_rare(table["category"], table["arm"].astype(object), seen)
    roles = {"outcome": "outcome", "arm": "arm", "category": "category", "baseline": "first"}
    options = {"confidence": study.analysis.confidence, "gamma": dials.grid(STEPS)}
    try:
        change = anchored_nonresponse(table, **roles, **options, quantity="change")  # type: ignore[arg-type]
        comparisons = [_contrast(study, change, scale, *pair) for pair in _pairs(study, change)]
        together = _together(study, change, CHANGE, scale.id)
        yield pd.concat([_frame(change, scale, ""), together, _cuts(change, scale, seen, table)]), comparisons
        for entry in dials.grid(ENTRY_STEPS):
            level = anchored_nonresponse(table, **roles, **options, population="all", gamma_entry=entry)  # type: ignore[arg-type]
            yield _frame(level, scale, repr(float(entry))), []
    except (InsufficientDataError, ConvergenceError) as error:
        row = {"outcome": scale.id, "term": CHANGE, "status": str(error)}
        yield estimate_table([row], by_arm="", by_gamma="", by_gamma_entry=""), []


def _share_rows(
    study: Study,
    variable: StateVariable,
    wave: str,
    people: pd.DataFrame,
    dials: DialRange,
    states: pd.DataFrame,
) -> Iterator[pd.DataFrame]:
    """Give shares in a state that counts as work, of those whose first state is known; a share is a mean of 0 and 1."""
    working = {state.id for state in variable.states if state.in_work}
    own = states[(states["variable"] == variable.id) & states["state"].notna()]
    table = people.assign(outcome=np.nan, first=np.nan)
    for column, at in (("first", study.wave_ids[0]), ("outcome", wave)):
        then = own[own["wave"] == at].set_index("participant")["state"].reindex(people["participant"])
        table[column] = then.isin(working).astype(float).where(then.notna()).to_numpy()
    seen = (table["outcome"].notna() & table["first"].notna()).to_numpy()
    if not working or not seen.any():
        return
    table["category"] = join_rare(table["category"], table["arm"].astype(object), seen)
    try:
        found = anchored_nonresponse(
            table, outcome="outcome", arm="arm", category="category", baseline="first",
            gamma=dials.grid(STEPS), confidence=study.analysis.confidence, is_share=True,
        )  # fmt: skip
    except (InsufficientDataError, ConvergenceError) as error:
        row = {"outcome": variable.id, "term": SHARE, "status": str(error)}
        yield estimate_table([row], by_arm="", by_gamma="", by_gamma_entry="")
        return
    own = found.to_frame().assign(outcome=variable.id, term=SHARE, by_gamma_entry="")
    yield pd.concat([own, _together(study, found, SHARE, variable.id)])


def _together(study: Study, found: AnchoredNonresponse, term: str, outcome: str) -> pd.DataFrame:
    """Give everybody and, where arms were drawn by lot, the plan's comparisons, at the dials that all arms share."""
    columns = ["estimate", "std_error", "df", "conf_low", "conf_high", "n_observed", "status"]
    planned = study.analysis.contrasts if "randomised" in study.capabilities else ()
    rows: list[dict[str, Any]] = []
    for gamma in found.own[0].dials if len(found.arms) > 1 else ():
        rows.append({"term": term, "by_gamma": gamma, **found.everybody(gamma)[columns]})
        rows += [
            {
                "term": DIFFERENCES[term], "contrast": one.id, "by_gamma": gamma,
                **found.difference(one.first, one.second, gamma)[columns],
            }
            for one in planned
            if {one.first, one.second} <= set(found.arms)
        ]  # fmt: skip
    table = pd.DataFrame(rows).rename(columns={"n_observed": "n"})
    constants = {"outcome": outcome, "by_arm": EVERYBODY, "by_gamma_entry": "", "n_dropped": found.n_dropped}
    return estimate_table(table, **constants, method=f"anchored, {found.population}, one dial")


def _frame(found: AnchoredNonresponse, scale: Scale, entry: str) -> pd.DataFrame:
    table = found.to_frame()
    return table.assign(outcome=scale.id, by_gamma_entry=entry)


def _cuts(found: AnchoredNonresponse, scale: Scale, seen: np.ndarray, table: pd.DataFrame) -> pd.DataFrame:
    counts = table.loc[seen, "arm"].value_counts()
    rows = [
        {
            "by_arm": str(arm),
            "estimate": row["cut"],
            "verdict": row["verdict"],
            "n": int(counts.get(arm, 0)),
            "status": row["verdict"] if pd.isna(row["cut"]) else ESTIMATED,
        }
        for arm, row in found.gain.iterrows()
    ]
    return estimate_table(rows, outcome=scale.id, term=CUT, by_gamma="", by_gamma_entry="", method="anchored, leverage")


def _pairs(study: Study, found: AnchoredNonresponse) -> list[tuple[Any, Any]]:
    declared = [(one.first, one.second) for one in study.analysis.contrasts]
    return [pair for pair in declared or combinations(study.arm_ids, 2) if set(pair) <= set(found.arms)]


def _contrast(study: Study, found: AnchoredNonresponse, scale: Scale, first: Any, second: Any) -> pd.DataFrame:
    """Give the surface at the dials of the tables, and the smallest difference of a finer one."""
    margin = margin_in_points(study, scale, found.scale)
    fine = found.contrast(first, second, margin=margin, steps=CONTRAST_STEPS)
    surface = found.contrast(first, second, margin=margin, steps=STEPS).to_frame(scale.id).assign(term=DIFFERENCE)
    row = {
        "term": SMALLEST,
        "contrast": f"{second} - {first}",
        "estimate": fine.smallest_difference,
        "n": fine.n,
        "status": NOT_CHANGED if fine.status == ESTIMATED and not fine.becomes else fine.status,
        "verdict": f"{fine.at_random} -> {fine.becomes[0]}" if fine.becomes else fine.at_random,
    }
    smallest = estimate_table(
        [row], outcome=scale.id, by_gamma_first="", by_gamma_second="", method="anchored, two dials"
    )
    return pd.concat([surface, smallest], ignore_index=True)


def margin_in_points(study: Study, scale: Scale, spread: float) -> float | None:
    """Give the margin of equivalence of a scale in points: the plan's, else its smallest effect, else none."""
    planned = next((margin for margin in study.analysis.margins if margin.scale == scale.id), None)
    effect = planned or scale.smallest_effect
    if effect is None:
        return None
    return effect.value * (spread if effect.unit == "sd" else 1.0)
