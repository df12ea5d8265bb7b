"""What does clustering by site cost a comparison? Errors over sites in place of the model's, or a design effect."""

from __future__ import annotations

from typing import Any

import pandas as pd

from increase_eval.study.study import Study

OVER_SITES, MODEL, LEAST_DF = "clustered by site", "model", 4.0
"""What tables call errors over sites and the model's own, and the degrees of freedom that the first need at least."""
DESIGN_EFFECT = "design effect"


def over_sites(row: dict[str, Any], model: pd.DataFrame, sites: pd.DataFrame) -> dict[str, Any]:
    """Put the error over sites in the place of the model's, where there is one that can be had.

    Parameters
    ----------
    row
        ``std_error`` and ``df`` by the model, in whatever unit.
    model, sites
        The one row with the model's ``std_error``, and the one with ``std_error`` and ``df`` over sites, in points.

    Returns
    -------
    dict
        `row`, with error, degrees of freedom, ``by_errors`` and ``held_effect`` (the ratio of the variances) over
        sites; as it was where the error over sites is not known or has fewer than :data:`LEAST_DF` degrees of freedom.
    """
    if len(model) != 1 or len(sites) != 1:
        return row
    plain, own = model.iloc[0], sites.iloc[0]
    known = pd.notna(own["std_error"]) and pd.notna(own["df"]) and pd.notna(plain["std_error"])
    if not known or own["df"] < LEAST_DF or plain["std_error"] <= 0:
        return row
    ratio = float(own["std_error"]) / float(plain["std_error"])
    moved = {"std_error": ratio * float(row["std_error"]), "df": float(own["df"])}
    return {**row, **moved, "by_errors": OVER_SITES, "held_effect": ratio**2}


def design_effect(study: Study, components: pd.DataFrame | None, outcome: str, since: str | None, wave: str) -> float:
    """Give what clustering by site multiplies the variance of a change (or, without `since`, of a mean) by.

    Parameters
    ----------
    study
        For its sites.
    components
        The table `variance_components`, where the study has it.
    outcome, since, wave
        The change.

    Returns
    -------
    float
        At least 1: a negative intraclass correlation is no gain to count on. 1 where there are no sites, or nothing is
        known.
    """
    site = study.site_level
    if site is None or components is None:
        return 1.0
    own = components[
        (components["outcome"] == outcome)
        & (components["term"] == DESIGN_EFFECT)
        & (components["wave"] == wave)
        & (components["by_level"] == site.id)
        & (
            components["contrast"].isna()
            if since is None
            else components["contrast"].eq(f"{since} -> {wave}").fillna(False)
        )
    ]["estimate"].dropna()
    return max(1.0, float(own.iloc[0])) if len(own) == 1 else 1.0
