"""How do p values change for having been many? Adjusted within the families that the plan declares before looking."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from increase_eval.comparison.continuous.multiplicity import adjust_p_values
from increase_eval.comparison.descriptive.groups import require_columns
from increase_eval.comparison.score_models.effects import CONTRAST_OF_CHANGES, CONTRAST_OF_MEANS, POINTS
from increase_eval.study import Study
from increase_eval.study.plan import Estimand, Family

NONE = "none"
IN_PLACE = {"romano_wolf": "holm"}
"""Rules that need draws of all members together, and the one that holds whatever their dependence."""


def adjust_families(study: Study, tests: pd.DataFrame) -> pd.DataFrame:
    """How do the p values of each declared family change for their number?

    Parameters
    ----------
    study
        The plan, with its estimands, contrasts and families.
    tests
        One row per ``estimand`` and ``contrast`` with its ``p_value``, missing where it was not estimable. Members of a
        family that have no row here count as p = 1.

    Returns
    -------
    DataFrame
        ``family, estimand, contrast, adjustment, p_value`` (adjusted), ``n_tests`` in the family and ``n_elsewhere`` of
        them without a row; one row for each test that belongs to a family.

    Raises
    ------
    ValueError
        If a column is absent, or a test stands twice.

    Notes
    -----
    A family holds every pair of its estimands and contrasts. A member that could not be estimated was not tested and
    does not count. A member that is tested elsewhere counts with p = 1: every rule here then gives the others a p value
    that is at least as large as with the true one, so that the family's error rate holds. Romano and Wolf's rule needs
    draws of all members together; Holm's, which holds under any dependence, is taken instead and named.

    References
    ----------
    Holm S (1979). https://www.jstor.org/stable/4615733. Benjamini Y, Hochberg Y (1995).
    doi:10.1111/j.2517-6161.1995.tb02031.x.

    Checked against ``adjust_p_values`` (R, ``posthoc_jobs``) in
    ``tests/unit/comparison/score_models/test_families.py``.
    """
    require_columns(tests, ("estimand", "contrast", "p_value"), "tests")
    if tests.duplicated(["estimand", "contrast"]).any():
        raise ValueError("tests has an estimand and contrast twice")
    p_values = tests.set_index(["estimand", "contrast"])["p_value"]
    rows = [row for family in study.analysis.families for row in _adjusted(family, study, p_values)]
    columns = ("family", "estimand", "contrast", "adjustment", "p_value", "n_tests", "n_elsewhere")
    return pd.DataFrame(rows, columns=list(columns))


def _adjusted(family: Family, study: Study, p_values: pd.Series[float]) -> Iterator[dict[str, Any]]:
    contrasts = family.contrasts or tuple(contrast.id for contrast in study.analysis.contrasts)
    members = [(estimand, contrast) for estimand in family.estimands for contrast in contrasts]
    known = [p_values.get(member, 1.0) for member in members]
    rule = IN_PLACE.get(family.adjustment, family.adjustment)
    values = np.array([np.nan if pd.isna(p) else float(p) for p in known])
    tested = int((~np.isnan(values)).sum())
    done = np.minimum(values * tested, 1.0) if rule == "bonferroni" else adjust_p_values(values, rule)  # type: ignore[arg-type]
    elsewhere = sum(member not in p_values.index for member in members)
    for (estimand, contrast), p in zip(members, done, strict=True):
        if (estimand, contrast) in p_values.index:
            labels = {"family": family.id, "estimand": estimand, "contrast": contrast, "adjustment": rule}
            yield {**labels, "p_value": p, "n_tests": tested, "n_elsewhere": elsewhere}


def family_rows(study: Study, contrasts: pd.DataFrame) -> pd.DataFrame:
    """Give the rows of contrasts that a family holds once more, with adjusted p values and no interval of their own.

    Parameters
    ----------
    study
        The plan.
    contrasts
        Unadjusted rows of one or several models, as :func:`.contrast_rows` gives them.

    Returns
    -------
    DataFrame
        The same columns, with ``by_family`` and ``by_adjustment`` filled; in points only.
    """
    parts = []
    points = contrasts[contrasts["by_unit"] == POINTS]
    for _, own in points.groupby("by_model", sort=False, observed=True):
        placed = _placed(study, own)
        done = adjust_families(study, placed[["estimand", "contrast", "p_value"]])
        rows = placed.drop(columns="p_value").merge(done, on=["estimand", "contrast"], validate="one_to_many")
        rows["method"] = [
            f"{row['method']}, p value adjusted by {row['adjustment']} for {row['n_tests']} tests in the family"
            + (f", {row['n_elsewhere']} of them not made here and counted as p = 1" if row["n_elsewhere"] else "")
            for row in rows.to_dict("records")
        ]
        rows = rows.assign(
            by_family=rows["family"], by_adjustment=rows["adjustment"], conf_low=np.nan, conf_high=np.nan
        )
        parts.append(rows[list(contrasts.columns)])
    return pd.concat(parts, ignore_index=True) if parts else contrasts.iloc[:0]


def _placed(study: Study, own: pd.DataFrame) -> pd.DataFrame:
    """Give each row the estimands that it answers, one row each."""
    answers = pd.DataFrame([_answer(estimand) for estimand in study.analysis.estimands], columns=["estimand", *_KEYS])
    answers["by_since"] = answers["by_since"].astype("object").where(answers["by_since"].notna(), NONE)
    keyed = own.assign(by_since=own["by_since"].astype("object").where(own["by_since"].notna(), NONE))
    found = keyed.merge(answers, on=_KEYS, how="inner")
    return found.assign(by_since=found["by_since"].where(found["by_since"] != NONE, None))


_KEYS = ["outcome", "term", "by_since", "wave"]


def _answer(estimand: Estimand) -> dict[str, Any]:
    is_mean = estimand.summary == "mean"
    term = CONTRAST_OF_MEANS if is_mean else CONTRAST_OF_CHANGES
    since = None if is_mean else estimand.since
    return {
        "estimand": estimand.id,
        "outcome": estimand.outcome,
        "term": term,
        "by_since": since,
        "wave": estimand.wave,
    }
