"""Which groups of a study are made of which smaller ones? Read from the levels of its contract."""

from __future__ import annotations

from collections import defaultdict

from increase_eval.reporting.disclosure.ties import Nesting, Pair
from increase_eval.study.structure import Level, Unit
from increase_eval.study.study import Study


def nesting_of(study: Study) -> Nesting:
    """Which groups of a study are made of which smaller ones?

    Parameters
    ----------
    study
        The study, with its levels and their units.

    Returns
    -------
    Mapping
        ``(by_ column, unit)`` -> the units of one finer level that lie in it, likewise; arms are the column ``by_arm``.
        Where several levels are nested, each group is made of the next finer ones.

    Notes
    -----
    A unit lies in its parent; its arm is its own, or that of the nearest level above that has one.
    """
    levels = {level.id: level for level in study.head.levels}
    parts: dict[Pair, list[Pair]] = defaultdict(list)
    for level in study.head.levels:
        above = levels.get(level.nested_in or "")
        for unit in level.units:
            if above is not None and unit.parent:
                parts[(f"by_{above.column}", unit.parent)].append((f"by_{level.column}", unit.id))
            arm = _arm_of(unit, level, levels)
            has_finer = any(other.nested_in == level.id for other in study.head.levels)
            if arm and not has_finer:
                parts[("by_arm", arm)].append((f"by_{level.column}", unit.id))
    return dict(parts)


def _arm_of(unit: Unit, level: Level, levels: dict[str, Level]) -> str | None:
    while unit.arm is None:
        above = levels.get(level.nested_in or "")
        parent = next((other for other in above.units if other.id == unit.parent), None) if above else None
        if above is None or parent is None:
            return None
        unit, level = parent, above
    return unit.arm
