"""Whose gain is counted, and what is assumed of those who left when it is?"""

from __future__ import annotations

import pandas as pd

from increase_eval.study.study import Study

ALL = "all"
POINTS = "points"
CHANGE = "change"
TOLD_BY_THE_MODEL = ("mmrm", "first_wave")
"""Methods of the robustness table that say nothing of those who left beyond what the models say."""


def change_scenarios(study: Study, score_changes: pd.DataFrame, robustness: pd.DataFrame | None = None) -> pd.DataFrame:
    """Gather the changes of the scale that is valued, one scenario for each way to treat those who left.

    Parameters
    ----------
    study
        The contract, with ``value_for_money.point_year`` in its plan.
    score_changes
        Changes by the repeated-measures models: ``outcome, contrast, wave, by_arm, by_model, by_unit``.
    robustness
        The table of this name, where it was made: changes since the first wave by ``by_method``, under other
        assumptions. The model for repeated measures stands in it too, and is not taken twice.

    Returns
    -------
    DataFrame
        Columns wave, by_arm, by_scenario, estimate, std_error, n: changes in points since the first wave.

    Raises
    ------
    ValueError
        If the plan does not say which scale is valued.
    """
    plan = study.analysis.value_for_money
    if plan is None or plan.point_year is None:
        raise ValueError(f"study {study.id!r} needs `value_for_money` with `point_year` in analysis.yaml")
    columns = ["wave", "by_arm", "by_scenario", "estimate", "std_error", "n"]
    scale = plan.point_year.scale
    since_first = [f"{study.wave_ids[0]} -> {wave}" for wave in study.wave_ids[1:]]
    chosen = score_changes[score_changes["outcome"].eq(scale) & score_changes["contrast"].isin(since_first)]
    parts = [chosen[chosen["by_unit"] == POINTS].rename(columns={"by_model": "by_scenario"})]
    if robustness is not None:
        own = robustness[robustness["outcome"].eq(scale) & robustness["term"].eq(CHANGE)]
        own = own[~own["by_method"].isin(TOLD_BY_THE_MODEL) & own["by_arm"].ne(ALL)]
        parts.append(own.rename(columns={"by_method": "by_scenario"}))
    return pd.concat([own.reindex(columns=columns) for own in parts], ignore_index=True)


def people_reached(study: Study, counts: pd.DataFrame) -> dict[str, int]:
    """Count by arm (``all``: every unit) the people whom the last wave asks, by the service's own counts.

    Parameters
    ----------
    study
        Units and their arms; ``among_step`` of the last wave.
    counts
        ``service_statistics``: unit, month, step, count.
    """
    services, step = study.services, study.head.waves[-1].among_step
    level = next((one for one in study.head.levels if services is not None and one.id == services.level), None)
    arms = {unit.id: unit.arm for unit in level.units if unit.arm is not None} if level is not None else {}
    own = counts[counts["step"] == step]
    sums = own.groupby(own["unit"].map(arms))["count"].sum()
    by_arm = {arm: int(sums.get(arm, 0)) for arm in study.arm_ids}
    return {ALL: int(own["count"].sum()), **by_arm}
