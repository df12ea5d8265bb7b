"""What do comparisons hang on? The same differences from complete cases, with clustered errors, without each unit.

One row an analysis, all of them with T1 as an outcome. Nothing here chooses between them: they stand side by side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import pandas as pd

from increase_eval.comparison.score_models.effects import Comparison, Row, as_frame, comparisons, difference
from increase_eval.comparison.score_models.models import NOT_ESTIMABLE, ScaleModel, fit_scale_model
from increase_eval.comparison.score_models.rows import ScaleRows
from increase_eval.comparison.score_models.tables import every_scale
from increase_eval.results import estimate_table
from increase_eval.study import Study
from increase_eval.study.structure import Level

MODEL, SITES, COMPLETE, WITHOUT = "model", "clustered by site", "complete cases", "without one unit"
ANALYSES = (MODEL, SITES, COMPLETE, WITHOUT)

LEAST_CLUSTERS = 2
"""Clusters that an arm needs before anything can be said of how they differ."""

LEAST_PER_ARM = 10
"""People with a score at the wave that an arm needs once others are left out; the contract's threshold where higher."""

INCOMPLETE = "incomplete cases"
"""What ``by_without`` says of complete cases."""

SENSITIVITY_BY = ("by_analysis", "by_without", "by_since")


def score_sensitivity(study: Study, scores: pd.DataFrame, participants: pd.DataFrame) -> pd.DataFrame:
    """How much do the comparisons of each outcome depend on who is in the model, and on what its errors count?

    Parameters
    ----------
    study, scores, participants
        As for :func:`.score_model_tables`. Scales whose role is ``outcome`` are told; all, where none is.

    Returns
    -------
    DataFrame
        An estimate table in points: ``contrast`` the plan's id, ``wave``, ``by_since``, ``by_analysis`` one of
        ``model`` (as in the table of comparisons), ``clustered by site`` (the same estimate, CR2 errors over sites with
        Satterthwaite's degrees of freedom), ``complete cases`` (people with a score at every wave that asked) and
        ``without one unit``; ``by_without`` says who is left out (``incomplete cases`` or the unit). ``n`` and
        ``n_dropped`` as there; nobody counts as dropped who is left out on purpose.

    Notes
    -----
    Clustered errors are conditional on the units above the sites, such as providers. They are *not estimable* where an
    arm has one site only, or where their degrees of freedom are below 4 (Pustejovsky & Tipton 2018); errors over
    those units themselves are never given, since an arm can have one of them alone. Units that are left out are those
    that the sites lie in, or the sites of a study without such units; without the only unit of an arm its comparisons
    are *not estimable*, and neither are those of an arm that is left with fewer than ten people at the wave.

    References
    ----------
    Bell RM, McCaffrey DF (2002). Survey Methodology 28, 169-181.
    Pustejovsky JE, Tipton E (2018). doi:10.1080/07350015.2016.1247004.

    Checked against models fitted to the rows that are left in
    ``tests/unit/comparison/score_models/test_sensitivity.py``.
    """
    rows: list[Row] = []
    for data in every_scale(study, scores, participants, outcomes_only=True):
        wanted = comparisons(study, data)
        if wanted:
            rows += [{"outcome": data.scale, **row} for row in _rows(study, data, wanted)]
    columns = [*SENSITIVITY_BY, "n_dropped", "status"]
    return estimate_table(as_frame(rows, columns)).astype(dict.fromkeys(SENSITIVITY_BY, "string"))


def _rows(study: Study, data: ScaleRows, wanted: Sequence[Comparison]) -> Iterator[Row]:
    yield from _told(study, fit_scale_model(study, data), wanted, MODEL)
    site = study.site_level
    if site is not None and site.column in data.rows:
        yield from _clustered(study, data, wanted, site)
    if len(data.asked) > 1:
        yield from _told(study, fit_scale_model(study, _complete(data)), wanted, COMPLETE, INCOMPLETE)
    level = unit_level(study)
    if level is not None and level.column in data.rows:
        units = data.rows[level.column]
        for unit in sorted(units.dropna().astype("str").unique()):
            model = fit_scale_model(study, data.only((units.astype("str") != unit) | units.isna()))
            yield from _told(study, model, wanted, WITHOUT, unit)


def unit_level(study: Study) -> Level | None:
    """Give the level whose units are left out one by one: the one that sites lie in, or else the sites."""
    site = study.site_level
    if site is None:
        return None
    return next((level for level in study.head.levels if level.id == site.nested_in), site)


def _complete(data: ScaleRows) -> ScaleRows:
    waves = data.rows.groupby("participant", observed=True)["wave"].transform("nunique")
    return data.only(waves == len(data.asked))


def _clustered(study: Study, data: ScaleRows, wanted: Sequence[Comparison], site: Level) -> Iterator[Row]:
    known = data.only(data.rows[site.column].notna())
    clusters = known.rows.groupby("arm", observed=True)[site.column].nunique()
    enough = set(clusters[clusters >= LEAST_CLUSTERS].index)
    model = fit_scale_model(study, known, cluster=site.column) if len(enough) > 1 else None
    for one in wanted:
        if model is None or not {one.first, one.second} <= enough:
            yield _labels(one, SITES) | {"status": NOT_ESTIMABLE, "method": "an arm has too few sites"}
            continue
        yield from _told(study, model, [one], SITES)


def _told(
    study: Study, model: ScaleModel, wanted: Sequence[Comparison], analysis: str, unit: str | None = None
) -> Iterator[Row]:
    least = max(LEAST_PER_ARM, study.head.privacy.threshold)
    found = model.estimates([difference(model, one) for one in wanted], study.analysis.confidence)
    for one, row in zip(wanted, found, strict=True):
        arms = one.first, one.second
        n, labels = model.count(one.wave, *arms), _labels(one, analysis, unit)
        if unit is not None and min(model.count(one.wave, arm) for arm in arms) < least:
            words = f"an arm has fewer than {least} people at {one.wave} when others are left out"
            yield {**labels, "status": NOT_ESTIMABLE, "method": words}
            continue
        dropped = model.dropped(one.wave, *arms) if unit is None else None
        yield {**labels, **row, "n": n, "n_dropped": dropped, "method": row.get("method", model.method)}


def _labels(one: Comparison, analysis: str, unit: str | None = None) -> dict[str, Any]:
    by = {"by_analysis": analysis, "by_without": unit, "by_since": one.since}
    return {"term": one.term, "contrast": one.contrast, "wave": one.wave, **by}
