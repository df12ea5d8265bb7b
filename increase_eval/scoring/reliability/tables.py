"""Reliability throughout a study: coefficients by scale, wave, arm and language; retests; shares of reliable change.

Nothing is computed where people are fewer than the plan's `minimum_n`: the row says so. Coefficients of all groups are
read from one set of moments by arm and language, so that a total costs no second pass over the rows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from itertools import pairwise, product
from typing import Any, Protocol

import pandas as pd

from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.moments import PatternMoments
from increase_eval.results import NUMBER_COLUMNS, estimate_table
from increase_eval.scoring.codes import item_codes
from increase_eval.scoring.reliability.alpha import cronbach_alpha
from increase_eval.scoring.reliability.change import reliable_change, standard_error_of_measurement
from increase_eval.scoring.reliability.items import item_table
from increase_eval.scoring.reliability.omega import mcdonald_omega
from increase_eval.scoring.reliability.retest import retest_reliability
from increase_eval.study import Scale, Study

ALL = "all"
UNKNOWN = ""
"""The group of a person whose group is not known: such people count in totals only."""

COMPUTED = "computed"
TOO_FEW = "too few people"
NOT_ESTIMABLE = "not estimable"
NOT_CONVERGED = "did not converge"
NO_RELIABILITY = "no reliability known"

SEM = "standard error of measurement"


class _Result(Protocol):
    """What every result here can do."""

    def rows(self) -> list[dict[str, Any]]:
        """Give the rows of an estimate table."""


def reliability_table(
    study: Study, waves: Mapping[str, pd.DataFrame], scores: pd.DataFrame, participants: pd.DataFrame
) -> pd.DataFrame:
    """How consistent are the items of each scale, by wave, arm and language of the questionnaire?

    Parameters
    ----------
    study
        Scales of two items or more; delivered scores, and scales made of scales, have no items of their own.
    waves
        Wave id -> its conformed table.
    scores
        The table `scores` of the same waves.
    participants
        ``participant`` and ``arm``, and a language where the study keeps it there.

    Returns
    -------
    DataFrame
        An estimate table with ``by_arm`` and ``by_language``; totals are ``all``, also where no language is known.
        ``term`` is ``alpha`` (Feldt's interval), ``omega`` (three items or more) or ``standard error of measurement``
        (points of the score, from alpha). ``n`` are people who answered all items. Where they are fewer than the plan's
        `minimum_n` there is no estimate and ``status`` is ``too few people``; other statuses are ``computed``,
        ``not estimable`` (nothing varies, or alpha is negative), ``did not converge``, ``negative uniqueness: ...``.
        Only what is ``computed`` has a number.
    """
    rows: list[dict[str, Any]] = []
    for scale, wave, codes in _asked(study, waves):
        groups = _groups(study, waves[wave], participants)
        score = _wide(scores, scale).get(wave, pd.Series(dtype="float64")).reindex(waves[wave]["participant"])
        moments = PatternMoments.from_frame(codes.join(groups), list(codes.columns), by=list(groups.columns))
        for cell in _cells(study, groups):
            here = pd.Series(True, index=groups.index)
            for name, value in cell.items():
                here &= (groups[name] == value) | (value == ALL)
            if not here.any():
                continue
            chosen = {name: value for name, value in cell.items() if value != ALL}
            part = (moments.select(**chosen) if chosen else moments).collapse()
            labels = {"outcome": scale.id, "wave": wave, **cell}
            rows += [{**row, **labels} for row in _coefficients(part, score[here.to_numpy()], study)]
    return _table(rows, "by_arm", "by_language")


def retest_table(study: Study, scores: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
    """Do people keep their place on each scale, from one wave to the next and from the first to the others?

    Parameters
    ----------
    study
        Gives the order of scales, waves and arms, and the fewest people of an estimate.
    scores
        The table `scores`.
    participants
        ``participant`` and ``arm``.

    Returns
    -------
    DataFrame
        An estimate table with ``by_arm``: ``contrast`` is ``w1 -> w2``, ``wave`` the later of the two, ``term``
        ``retest correlation`` or ``retest agreement`` (ICC2), ``status`` as in :func:`reliability_table`.
    """
    rows: list[dict[str, Any]] = []
    for scale, wide in _scales_by_wave(study, scores):
        waves = [str(wave) for wave in wide.columns]
        for first, second in dict.fromkeys([*pairwise(waves), *((waves[0], later) for later in waves[1:])]):
            labels = {"outcome": scale.id, "wave": second, "contrast": f"{first} -> {second}"}
            for arm, people in _by_arm(study, participants, wide[[first, second]]):
                compute = partial(retest_reliability, people[first], people[second])
                found = _attempt(compute, len(people.dropna()), study, term="retest correlation")
                rows += [{**row, **labels, "by_arm": arm} for row in found]
    return _table(rows, "by_arm")


def reliable_change_table(
    study: Study, scores: pd.DataFrame, participants: pd.DataFrame, reliability: pd.DataFrame
) -> pd.DataFrame:
    """How many improved or deteriorated by more than the scale can be wrong, since the first wave, by arm?

    Parameters
    ----------
    study
        Gives the order of scales, waves and arms, the direction of scales, and the fewest people of an estimate.
    scores
        The table `scores`.
    participants
        ``participant`` and ``arm``.
    reliability
        The table of :func:`reliability_table`: alpha of everybody at the first wave is the reliability that enters, so
        that a change counts as reliable if it is more than the error of the two moments.

    Returns
    -------
    DataFrame
        An estimate table with ``by_arm``: ``term`` ``improved``, ``unchanged`` or ``deteriorated``, ``contrast``
        ``w1 -> w2``, ``wave`` the later of the two. The threshold is the same in all arms: the standard deviation is
        that of everybody at the first wave. Scales of one item and delivered scores have no alpha, and one row with
        ``status`` ``no reliability known``.
    """
    rows: list[dict[str, Any]] = []
    for scale, wide in _scales_by_wave(study, scores):
        first, *later = (str(wave) for wave in wide.columns)
        alpha = _alpha_of(reliability, scale.id, first)
        if alpha is None:
            rows.append({"outcome": scale.id, "by_arm": ALL, "status": NO_RELIABILITY})
            continue
        change = partial(
            reliable_change,
            reliability=alpha,
            reference=wide[first].dropna(),
            higher_is_better=scale.direction == "higher_is_better",
            confidence=study.analysis.confidence,
        )
        for second, (arm, people) in product(later, _by_arm(study, participants, wide)):
            labels = {"outcome": scale.id, "wave": second, "contrast": f"{first} -> {second}", "by_arm": arm}
            n = len(people[[first, second]].dropna())
            found = _attempt(partial(change, people[first], people[second]), n, study)
            rows += [{**row, **labels} for row in found]
    return _table(rows, "by_arm")


def item_tables(study: Study, waves: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How does each item of each scale behave, wave by wave?

    Parameters
    ----------
    study, waves
        As in :func:`reliability_table`.

    Returns
    -------
    DataFrame
        ``scale, wave`` and the columns of :func:`item_table`.
    """
    parts = []
    for wave, scale in _scale_waves(study, waves):
        table = item_table(waves[wave], scale)
        table.insert(0, "scale", scale.id)
        table.insert(1, "wave", wave)
        parts.append(table)
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=["scale", "wave"])


def _scale_waves(study: Study, waves: Mapping[str, pd.DataFrame]) -> Iterator[tuple[str, Scale]]:
    for scale in study.scales:
        if not scale.delivered and scale.rule != "norm_weighted":
            yield from ((wave, scale) for wave in study.scale_waves(scale) if wave in waves)


def _asked(study: Study, waves: Mapping[str, pd.DataFrame]) -> Iterator[tuple[Scale, str, pd.DataFrame]]:
    """Give the codes of each scale at each wave that asked two of its items or more of anybody."""
    for wave, scale in _scale_waves(study, waves):
        codes = pd.DataFrame(item_codes(waves[wave], scale))
        if len(codes.columns) >= 2 and len(codes):
            yield scale, wave, codes


def _groups(study: Study, answers: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
    """Give everybody's arm and language, the latter as it was answered in the wave or else kept of the person."""
    people = participants.set_index("participant").reindex(answers["participant"]).reset_index(drop=True)
    groups = {"by_arm": people.get("arm"), "by_language": None}
    spoken = [column.name for table in study.tables.values() for column in table.columns if column.role == "language"]
    for frame in (people, answers.reset_index(drop=True)):
        for name in (name for name in spoken if name in frame.columns):
            groups["by_language"] = frame[name]
    return pd.DataFrame(
        {
            name: pd.Series(UNKNOWN, index=people.index) if values is None else values.astype("str").fillna(UNKNOWN)
            for name, values in groups.items()
        }
    )


def _cells(study: Study, groups: pd.DataFrame) -> Iterator[dict[str, str]]:
    arms = [ALL, *(arm for arm in study.arm_ids if (groups["by_arm"] == arm).any())]
    languages = [ALL, *sorted(set(groups["by_language"]) - {UNKNOWN})]
    yield from ({"by_arm": arm, "by_language": language} for arm, language in product(arms, languages))


def _coefficients(part: PatternMoments, score: pd.Series[float], study: Study) -> list[dict[str, Any]]:
    n = int(part.people[part.patterns.all(axis=1)].sum())
    options: dict[str, Any] = {"confidence": study.analysis.confidence}
    rows = _attempt(partial(cronbach_alpha, part, **options), n, study, term="alpha")
    alpha = rows[0]
    if len(part.columns) >= 3:
        rows += _attempt(partial(mcdonald_omega, part, **options), n, study, term="omega")
    error = {"term": SEM, "n": n, "status": alpha["status"], "method": "SD of the score times the root of 1 - alpha"}
    if alpha["status"] == COMPUTED:
        spread = float(score.std())
        if 0 <= alpha["estimate"] <= 1 and spread > 0:
            error["estimate"] = standard_error_of_measurement(spread, alpha["estimate"])
        else:
            error["status"] = NOT_ESTIMABLE
    return [*rows, error]


def _attempt(compute: Callable[[], _Result], n: int, study: Study, term: str | None = None) -> list[dict[str, Any]]:
    """Compute where there are people enough; else one row that says why there is no estimate."""
    status = TOO_FEW
    if n >= study.analysis.minimum_n:
        try:
            rows = compute().rows()
        except InsufficientDataError:
            status = NOT_ESTIMABLE
        except ConvergenceError:
            status = NOT_CONVERGED
        else:
            return [_admissible({"status": COMPUTED, **row}) for row in rows]
    return [{"term": term, "n": n, "status": status}]


def _admissible(row: dict[str, Any]) -> dict[str, Any]:
    """Take the numbers out of a row whose status says that they mean nothing, such as a negative uniqueness."""
    return row if row["status"] == COMPUTED else {k: v for k, v in row.items() if k not in NUMBER_COLUMNS}


def _wide(scores: pd.DataFrame, scale: Scale) -> pd.DataFrame:
    """Give the scores of a scale, one row a participant and one column a wave."""
    own = scores[(scores["scale"] == scale.id) & scores["score"].notna()]
    return own.pivot_table(index="participant", columns="wave", values="score", aggfunc="first", sort=False)


def _scales_by_wave(study: Study, scores: pd.DataFrame) -> Iterator[tuple[Scale, pd.DataFrame]]:
    """Give the scores of each scale that two waves or more have, waves in order."""
    for scale in study.scales:
        wide = _wide(scores, scale)
        waves = [wave for wave in study.wave_ids if wave in wide.columns]
        if len(waves) >= 2:
            yield scale, wide[waves]


def _by_arm(study: Study, participants: pd.DataFrame, wide: pd.DataFrame) -> Iterator[tuple[str, pd.DataFrame]]:
    yield ALL, wide
    arm = participants.set_index("participant")["arm"].reindex(wide.index)
    for one in study.arm_ids:
        if (arm == one).any():
            yield one, wide[(arm == one).to_numpy(dtype=bool, na_value=False)]


def _alpha_of(reliability: pd.DataFrame, scale_id: str, wave: str) -> float | None:
    here = (reliability["outcome"] == scale_id) & (reliability["wave"] == wave) & (reliability["term"] == "alpha")
    total = (reliability["by_arm"] == ALL) & (reliability["by_language"] == ALL)
    estimate = reliability.loc[here & total, "estimate"].dropna().to_numpy(dtype="float64")
    return float(estimate[0]) if len(estimate) and 0 <= estimate[0] < 1 else None


def _table(rows: list[dict[str, Any]], *by: str) -> pd.DataFrame:
    """Make an estimate table that has its columns also where there is nothing to tell."""
    return estimate_table(pd.DataFrame(rows) if rows else pd.DataFrame(columns=[*by, "status"]))
