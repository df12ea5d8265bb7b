"""Where participants belong: the unit of each level, and through it the arm and the attributes of the place."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from increase_eval.intake.cells import cell_text, plain_code
from increase_eval.intake.columns import fold
from increase_eval.intake.findings import Finding
from increase_eval.intake.rules import effective_values
from increase_eval.study.structure import Level, Unit
from increase_eval.study.study import Study


def add_levels(study: Study, table: pd.DataFrame) -> tuple[pd.DataFrame, list[Finding]]:
    """Complete the columns of the levels from the units that lie in one another, and add the units' attributes.

    Returns
    -------
    tuple
        The table with a column for each level that is known, and one for each attribute of a unit that is no column
        yet; and findings where a row contradicts the nesting of the contract.
    """
    findings: list[Finding] = []
    for level in study.head.levels:
        parent = next((other for other in study.head.levels if other.id == level.nested_in), None)
        if parent is None or level.column not in table:
            continue
        derived = table[level.column].map(_mapping(level, "parent")).astype("str")
        if parent.column not in table:
            table = table.assign(**{parent.column: derived})
            continue
        given = table[parent.column].astype("str")
        differs = given.notna() & derived.notna() & (given != derived)
        if differs.any():
            findings.append(Finding("nesting", column=level.column, n=int(differs.sum())))
        table = table.assign(**{parent.column: given.where(given.notna(), derived)})
    return _add_attributes(study, table), findings


def _mapping(level: Level, field: str) -> dict[str, str]:
    return {unit.id: getattr(unit, field) for unit in level.units if getattr(unit, field) is not None}


def _add_attributes(study: Study, table: pd.DataFrame) -> pd.DataFrame:
    known = {*table.columns, "arm", "participant"}
    names = [name for level in study.head.levels for unit in level.units for name in unit.attributes]
    for name in dict.fromkeys(name for name in names if name not in known):
        values = pd.Series(index=table.index, dtype="str")
        for level in study.head.levels:
            if level.column in table:
                of_unit = {unit.id: unit.attributes[name] for unit in level.units if name in unit.attributes}
                values = values.where(values.notna(), table[level.column].map(of_unit).astype("str"))
        table = table.assign(**{name: values})
    return table


def arms(study: Study, table: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Read each participant's arm.

    Returns
    -------
    tuple
        The id of the arm, missing where there is none; and whether a value was given that is no arm.
    """
    source = study.head.participants.arm
    if source.column is not None:
        given = table[source.column]
        names = _arm_names(study, source.column)
        found = given.map(
            {value: names.get(fold(plain_code(cell_text(value)))) for value in given.dropna().unique()}
        ).astype("str")
        return found, given.notna() & found.isna()
    nothing = pd.Series(False, index=table.index)
    level = next((level for level in study.head.levels if level.id == source.level), None)
    if source.level is None and len(study.arm_ids) == 1:
        return pd.Series(study.arm_ids[0], index=table.index, dtype="str"), nothing
    if level is None or level.column not in table:
        return pd.Series(index=table.index, dtype="str"), nothing
    return table[level.column].map(_arm_of_units(study, level)).astype("str"), nothing


def _arm_names(study: Study, column_name: str) -> dict[str, str]:
    """Map every spelling of an arm to its id: id, labels, aliases, and the codes that stand for one of these."""
    names: dict[str, str] = {}
    for arm in study.head.arms:
        for text in (arm.id, arm.label.en, arm.label.fr, *map(cell_text, arm.aliases)):
            names.setdefault(fold(text), arm.id)
    column = next((column for column in study.participant_columns if column.name == column_name), None)
    for value in effective_values(study, column) if column is not None else ():
        spellings = (value.label.en, value.label.fr, *map(cell_text, value.aliases))
        arm_id = next((names[fold(text)] for text in spellings if fold(text) in names), None)
        if arm_id is not None:
            names.setdefault(fold(cell_text(value.code)), arm_id)
    return names


def _arm_of_units(study: Study, level: Level) -> Mapping[str, str]:
    """Give the arm of each unit: its own, or that of the unit it lies in."""
    levels = {level.id: level for level in study.head.levels}

    def arm_of(unit: Unit, at: Level) -> str | None:
        if unit.arm is not None or unit.parent is None or at.nested_in not in levels:
            return unit.arm
        above = levels[at.nested_in]
        parent = next((other for other in above.units if other.id == unit.parent), None)
        return arm_of(parent, above) if parent is not None else None

    return {unit.id: arm for unit in level.units if (arm := arm_of(unit, level)) is not None}
