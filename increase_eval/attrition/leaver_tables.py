"""Who left, wave by wave, in the tables of a study: differences, joint tests, response models and their hazards."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from increase_eval.attrition.dropout import DropoutModel, fit_dropout_model
from increase_eval.attrition.leavers import LeaverComparison, compare_leavers
from increase_eval.attrition.mcar import little_mcar_test
from increase_eval.attrition.population import AskedPeople
from increase_eval.errors import ConvergenceError, InsufficientDataError
from increase_eval.results import estimate_table

Booleans = npt.NDArray[np.bool_]

ASKED, FIRST_WAVE = "everybody asked", "first wave"
"""Whom a comparison is among: at the first wave all who were asked, later those who answered the first."""
WAVE_MODEL, HAZARD = "wave by wave", "hazard"
EMPTY = "no column varies enough to be tested"
FIT_TERMS = ("auc", "brier", "mcfadden", "nagelkerke")


def among(people: AskedPeople, wave: str) -> tuple[str, Booleans]:
    """Say among whom those who answered a wave are compared with those who did not."""
    if wave == people.waves[0]:
        return ASKED, np.ones(len(people.data), dtype=bool)
    return FIRST_WAVE, people.at(people.waves[0])


def leaver_differences(people: AskedPeople, *, least: int = 1, confidence: float = 0.95) -> pd.DataFrame:
    """How do those who answered each wave differ from those who did not, and do the arms differ in that?

    Parameters
    ----------
    people
        Everybody asked.
    least
        A category that fewer people have, among those who stayed or among those who left, is compared together with
        the next smallest one (``a + b``): its difference would tell their number.
    confidence
        Coverage of the intervals.

    Returns
    -------
    DataFrame
        Estimate table with ``by_among``: the standardised differences (``stayed - left``) of everything known of
        those compared (outcome the column, term ``mean`` or the category), and the joint tests (outcome ``stayed``,
        term ``selective attrition`` or ``differential attrition``), which take the declared covariates and the plan's
        outcomes at the first wave. A wave at which nobody left, or nobody stayed, has one row with that status.
    """
    frames = [frame for wave in people.waves for frame in _differences(people, wave, least, confidence)]
    return estimate_table(pd.concat(frames, ignore_index=True))


def _differences(people: AskedPeople, wave: str, least: int, confidence: float) -> Iterator[pd.DataFrame]:
    name, rows = among(people, wave)
    stayed = people.at(wave)[rows]
    is_first = wave == people.waves[0]
    about = [*people.demographic, *(() if is_first else people.measured)]
    tested = [*people.register, *(() if is_first else people.baseline)]
    data = people.data.loc[rows].assign(stayed__=stayed)
    where = {"wave": wave, "by_among": name}
    if not len(stayed) or stayed.all() or not stayed.any():
        status = "nobody left" if len(stayed) and stayed.all() else "nobody stayed"
        rows_ = [{"outcome": "stayed", "term": "selective attrition", "n": len(stayed), "status": status, **where}]
        yield estimate_table(rows_, method="likelihood ratio")
        return
    for column in (column for column in about if column in people.categorical):
        data[column] = join_small(data[column], stayed, least)
    about = [column for column in about if len(data[column].unique()) > 1]
    if about:
        yield _compare(people, data, about, None, confidence).differences.assign(**where)
    if any(len(data[name].unique()) > 1 for name in tested):
        yield _joint_tests(people, rows, stayed, tested, confidence).assign(**where)


def join_small(values: pd.Series[Any], inside: Booleans, least: int) -> pd.Series[Any]:
    """Join categories that fewer than `least` people have, inside or outside, to the next smallest one.

    Examples
    --------
    >>> join_small(pd.Series(list("aabbc")), np.array([True, False, True, False, True]), 1).tolist()
    ['a + c', 'a + c', 'b', 'b', 'a + c']
    """
    codes, found = pd.factorize(values)
    levels = [str(level) for level in found]
    counts = {level: [0, 0] for level in levels}
    for side, rows in enumerate((~inside, inside)):
        for level, count in zip(levels, np.bincount(codes[rows & (codes >= 0)], minlength=len(levels)), strict=True):
            counts[level][side] += int(count)
    groups = {level: [level] for level in counts}
    while len(groups) > 1:
        ordered = sorted(groups, key=lambda level: (min(counts[level]), sum(counts[level]), level))
        first, second = ordered[:2]
        if min(counts[first]) >= least:
            break
        counts[second] = [a + b for a, b in zip(counts[first], counts[second], strict=True)]
        groups[second] += groups.pop(first)
    names = {level: " + ".join(sorted(members)) for members in groups.values() for level in members}
    joined = np.array([*(names[level] for level in levels), None], dtype=object)
    return pd.Series(joined[codes], index=values.index, name=values.name, dtype=object)


def _joint_tests(
    people: AskedPeople, rows: Booleans, stayed: Booleans, tested: Sequence[str], confidence: float
) -> pd.DataFrame:
    """Test the declared columns together, gaps filled; levels too thin for an arm's own slope join the largest."""
    filled, names = people.filled(rows, tested)
    columns = [name for name in names if name in tested]
    arm = people.data.loc[rows, "arm"]
    data, notes = filled[columns].assign(arm=arm, stayed__=stayed), []
    for name in (name for name in columns if name in people.categorical):
        data[name], thin = join_thin(data[name], arm, stayed)
        notes += [f"{name}: {', '.join(thin)} joined to the most frequent level"] if thin else []
    columns = [name for name in columns if len(data[name].unique()) > 1]
    if not columns:
        return estimate_table([{"outcome": "stayed", "term": "selective attrition", "n": len(data), "status": EMPTY}])
    tests = _compare(people, data, columns, "arm", confidence).to_frame()
    method = "; ".join(["likelihood ratio", *notes])
    return tests[tests["outcome"] == "stayed"].assign(method=method)


def join_thin(values: pd.Series[Any], arm: pd.Series[Any], stayed: Booleans) -> tuple[pd.Series[Any], tuple[str, ...]]:
    """Join levels that nobody has in some arm, among those who stayed or those who left, to the most frequent one."""
    counts = pd.crosstab(values.to_numpy(), [arm.to_numpy(), stayed], dropna=False)
    thin = [str(level) for level in counts.index if (counts.loc[level] == 0).any()]
    kept = values.value_counts().drop(labels=thin)
    if not thin or kept.empty:
        return values, ()
    return values.where(~values.isin(thin), kept.index[0]), tuple(thin)


def _compare(
    people: AskedPeople, data: pd.DataFrame, columns: Sequence[str], arm: str | None, confidence: float
) -> LeaverComparison:
    several = arm if arm is not None and len(data[arm].unique()) > 1 else None
    categorical = [name for name in columns if name in people.categorical]
    return compare_leavers(
        data, stayed="stayed__", columns=columns, categorical=categorical, arm=several, confidence=confidence
    )


def dropout_tables(people: AskedPeople, *, confidence: float = 0.95) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Model what goes with not answering each wave, and with leaving for good.

    Parameters
    ----------
    people
        Everybody asked.
    confidence
        Coverage of the intervals.

    Returns
    -------
    models
        Estimate table with ``by_model`` and ``by_among``: log odds (outcome ``left``) of the logit of each wave
        (``wave by wave``) and log hazards of the complementary log-log model of the first wave missed (``hazard``,
        of those who answered the first wave, errors by participant); how well each model tells (outcome ``fit``:
        :data:`FIT_TERMS`). A model that cannot be fitted has one row, whose status says why.
    calibration
        Estimate table: observed shares (contrast ``observed``, Wilson intervals) and mean predicted ones
        (``predicted``) by tenth of predicted probability, term the number of the tenth.
    """
    models, curves = [], []
    for wave in people.waves:
        name, rows = among(people, wave)
        where = {"wave": wave, "by_model": WAVE_MODEL, "by_among": name}
        columns = [*people.register, *(() if wave == people.waves[0] else people.baseline)]
        data, right = _model_data(people, rows, columns)
        found = _fitted("left ~ " + right, data.assign(left=~people.at(wave)[rows]), confidence)
        models.append(_model_rows(found, where))
        if isinstance(found, DropoutModel):
            curves.append(_calibration_rows(found, where))
    if len(people.waves) > 1:
        whole: dict[str, Any] = {"wave": None, "by_model": HAZARD, "by_among": FIRST_WAVE}
        models.append(_model_rows(_hazard(people, confidence), whole))
    empty = estimate_table([], by_model="", by_among="", status="")
    calibration = estimate_table(pd.concat(curves, ignore_index=True)) if curves else empty
    return estimate_table(pd.concat(models, ignore_index=True)), calibration


def _model_data(people: AskedPeople, rows: Booleans, columns: Sequence[str]) -> tuple[pd.DataFrame, str]:
    """Give the arm and the filled columns of some rows, and the right-hand side that names them."""
    filled, names = people.filled(rows, columns)
    data = filled.assign(arm=people.data.loc[rows, "arm"], participant=people.data.loc[rows, "participant"])
    return data, right_side(data, names)


def right_side(data: pd.DataFrame, names: Sequence[str]) -> str:
    """Write the right-hand side of a model: the arm where there are several, and some columns."""
    arms = ["arm"] if len(data["arm"].unique()) > 1 else []
    return " + ".join([*arms, *(f"`{name}`" for name in names)]) or "1"


def _fitted(
    formula: str, data: pd.DataFrame, confidence: float, *, link: Any = "logit", cluster: str | None = None
) -> DropoutModel | str:
    try:
        return fit_dropout_model(formula, data, link=link, cluster=cluster, confidence=confidence)
    except (InsufficientDataError, ConvergenceError) as error:
        return str(error)


def _hazard(people: AskedPeople, confidence: float) -> DropoutModel | str:
    """Fit the hazard of the first wave missed, a row for every wave at risk; a logit where the data separate."""
    rows = people.at(people.waves[0])
    if not rows.any():
        return f"nobody answered {people.waves[0]}"
    data, right = _model_data(people, rows, [*people.register, *people.baseline])
    at_risk = np.ones(int(rows.sum()), dtype=bool)
    parts = []
    for wave in people.waves[1:]:
        left = ~people.at(wave)[rows]
        parts.append(data[at_risk].assign(left=left[at_risk], wave=wave))
        at_risk = at_risk & ~left
    every = pd.concat(parts, ignore_index=True)
    right = right if every["wave"].nunique() < 2 else f"wave + {right}"
    found = _fitted(f"left ~ {right}", every, confidence, link="cloglog", cluster="participant")
    if isinstance(found, str) and "separate" in found:
        return _fitted(f"left ~ {right}", every, confidence, cluster="participant")
    return found


def _model_rows(found: DropoutModel | str, where: dict[str, Any]) -> pd.DataFrame:
    if isinstance(found, str):
        return estimate_table([{"outcome": "fit", "term": "auc", "status": found, **where}], method="logit model")
    coefficients = found.to_frame().assign(outcome="left", **where)
    fit = {
        "auc": {"estimate": found.auc, "conf_low": found.auc_conf_low, "conf_high": found.auc_conf_high},
        "brier": {"estimate": found.brier},
        "mcfadden": {"estimate": found.pseudo_r_squared["mcfadden"]},
        "nagelkerke": {"estimate": found.pseudo_r_squared["nagelkerke"]},
    }
    ends = {"n": found.n, "n_dropped": found.n_dropped, "status": found.status, **where}
    told = estimate_table(
        [{"outcome": "fit", "term": term, **values, **ends} for term, values in fit.items()],
        method=str(coefficients["method"].iloc[0]),
    )
    return pd.concat([coefficients, told], ignore_index=True)


def _calibration_rows(found: DropoutModel, where: dict[str, Any]) -> pd.DataFrame:
    rows: list[dict[str, Any]] = []
    for number, row in enumerate(found.calibration.to_dict("records"), start=1):
        ends = {"term": str(number), "n": row["n"], "status": found.status, **where}
        limits = {"conf_low": row["conf_low"], "conf_high": row["conf_high"], "method": "Wilson interval"}
        rows.append({"contrast": "observed", "estimate": row["observed"], **limits, **ends})
        rows.append({"contrast": "predicted", "estimate": row["predicted"], "method": "mean probability", **ends})
    return estimate_table(rows, outcome="left")


def mcar_table(
    people: AskedPeople, scores: pd.DataFrame, *, scales: Sequence[str], by_arm: bool = True
) -> pd.DataFrame:
    """Do the means of each scale differ between patterns of waves, by Little's test, overall and in each arm?

    Parameters
    ----------
    people
        Everybody asked.
    scores
        The stored scores.
    scales
        Ids of the scales; those asked at one wave only have nothing to test and are left out.
    by_arm
        Whether to test each arm besides everybody.

    Returns
    -------
    DataFrame
        Estimate table: outcome the scale, term ``missing completely at random``, ``by_arm``, statistic, df, p_value;
        status ``ok``, ``one pattern``, or why there is no test.
    """
    arms = people.data["arm"].to_numpy(dtype=object)
    groups = {"all": np.ones(len(arms), dtype=bool)}
    groups |= {str(arm): arms == arm for arm in dict.fromkeys(arms)} if by_arm and len(set(arms)) > 1 else {}
    frames = []
    for scale in scales:
        wide = score_columns(people, scores, scale)
        if wide.shape[1] < 2:
            continue
        frames += [_mcar_row(wide[rows], scale).assign(by_arm=arm) for arm, rows in groups.items()]
    return estimate_table(pd.concat(frames, ignore_index=True)) if frames else estimate_table([], by_arm="", status="")


def score_columns(people: AskedPeople, scores: pd.DataFrame, scale: str) -> pd.DataFrame:
    """Give a scale's scores, one row a person and one column a wave that has any."""
    own = scores[(scores["scale"] == scale) & scores["score"].notna()]
    wide = own.pivot_table(index="participant", columns="wave", values="score").reindex(people.data["participant"])
    return wide.reindex(columns=[wave for wave in people.waves if wave in wide]).astype(float).reset_index(drop=True)


def _mcar_row(wide: pd.DataFrame, scale: str) -> pd.DataFrame:
    try:
        return little_mcar_test(wide).to_frame().assign(outcome=scale)
    except (InsufficientDataError, ConvergenceError, np.linalg.LinAlgError) as error:
        row = {"outcome": scale, "term": "missing completely at random", "n": len(wide), "status": str(error)}
        return estimate_table([row], method="Little's test")
