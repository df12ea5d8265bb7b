"""The rules that a contract makes for its tables, written once and used twice.

Intake asks each rule which rows of a freshly conformed table break it; the schema of the stored table
(:mod:`increase_eval.intake.schema`) is built from the same list. What a break costs is the rule's severity: the
``value`` is set missing and listed, the ``row`` goes to quarantine, or the run comes to a ``stop``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import pandas as pd

from increase_eval.intake.cells import cell_text
from increase_eval.intake.keys import PARTICIPANT_PATTERN
from increase_eval.intake.remedies import REMEDIES, allowed_range, allowed_type, allowed_values
from increase_eval.intake.values import stored_dtype
from increase_eval.study.base import Text
from increase_eval.study.study import Study
from increase_eval.study.tables import Column, Severity, ValueLabel

Mask = Callable[[pd.DataFrame], pd.Series]


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that must hold of a table.

    Attributes
    ----------
    id
        ``<column>.<kind>``.
    kind
        One of ``type, values, range, required, unique, participant, arm``.
    column
        The column it is about.
    severity
        What a break costs.
    mask
        Gives True for each row of a frame that breaks the rule.
    allowed, remedy
        What would have been right, and what to do.
    """

    id: str
    kind: str
    column: str
    severity: Severity
    mask: Mask
    allowed: Text
    remedy: Text


def effective_values(study: Study, column: Column) -> tuple[ValueLabel, ...]:
    """Give the codes of a column: its own values, or the units of the level that it holds.

    For a level the code is the id of the unit; what the column's own values say about the unit become other
    spellings of it.
    """
    own = study.table_of(column).values_of(column)
    level = next((level for level in study.head.levels if level.column == column.name), None)
    if level is None or not level.units or column not in study.participant_columns:
        return own
    units = []
    for unit in level.units:
        names = {unit.id, unit.label.en, unit.label.fr, *map(cell_text, unit.aliases)}
        spellings = [text for value in own if names & (texts := _spellings(value)) for text in sorted(texts)]
        units.append(ValueLabel(code=unit.id, label=unit.label, aliases=(*unit.aliases, *spellings)))
    return tuple(units)


def _spellings(value: ValueLabel) -> set[str]:
    return {cell_text(value.code), value.label.en, value.label.fr, *map(cell_text, value.aliases)}


def wave_rules(study: Study, wave: str) -> list[Rule]:
    """Give the rules of the stored table of one wave."""
    return [_participant_rule(unique=True), *column_rules(study, study.wave_columns(wave))]


def participant_rules(study: Study) -> list[Rule]:
    """Give the rules of the stored table of participants.

    A participant known from a later wave alone has no baseline, so that here nothing but the key is required.
    """
    rules = [rule for rule in column_rules(study, study.participant_columns) if rule.kind != "required"]
    return [_participant_rule(unique=True), _arm_rule(study), *(rule for rule in rules if rule.column != "arm")]


def column_rules(study: Study, columns: Sequence[Column]) -> list[Rule]:
    """Give the rules of contracted columns, in their order."""
    return [rule for column in columns for rule in _rules_of(column, effective_values(study, column))]


def _rules_of(column: Column, values: Sequence[ValueLabel]) -> Iterator[Rule]:
    name, dtype = column.name, stored_dtype(column, values)
    yield _rule(column, "type", _not_of_dtype(name, dtype), allowed_type(column.type, column.date_formats))
    if is_closed(column, values):
        codes = [value.code for value in values]
        stored = [cell_text(code) for code in codes] if dtype == "str" else codes
        allowed = allowed_values([cell_text(code) for code in codes])
        yield _rule(column, "values", _outside_codes(name, stored), allowed)
    if column.range is not None:
        labelled = [float(value.code) for value in values if not isinstance(value.code, str)]
        allowed = allowed_range(*column.range)
        yield _rule(column, "range", _outside_range(name, *column.range, labelled), allowed)
    if column.required:
        anything = Text(en="any value but a blank", fr="toute valeur, sauf vide")
        yield _rule(column, "required", lambda frame: frame[name].isna(), anything, severity="row")
    if column.unique:
        once = Text(en="a value that no other row has", fr="une valeur qu'aucune autre ligne n'a")
        yield _rule(column, "unique", _repeated(name), once)


def is_closed(column: Column, values: Sequence[ValueLabel]) -> bool:
    """Say whether the values of a column are all there are: a number with a range may have labels at its ends only."""
    if not values or column.type in ("boolean", "date"):
        return False
    return column.type in ("category", "text") or column.range is None


def _rule(column: Column, kind: str, mask: Mask, allowed: Text, severity: Severity | None = None) -> Rule:
    cost = severity or cost_of(column)
    remedy = REMEDIES["date" if kind == "type" and column.type == "date" else kind]
    return Rule(f"{column.name}.{kind}", kind, column.name, cost, mask, allowed, remedy)


def cost_of(column: Column) -> Severity:
    """Say what a wrong value costs: a required one cannot be set missing, so that its row goes."""
    return "row" if column.required and column.severity == "value" else column.severity


def _not_of_dtype(name: str, dtype: str) -> Mask:
    def mask(frame: pd.DataFrame) -> pd.Series:
        return pd.Series(frame[name].notna() if str(frame[name].dtype) != dtype else False, index=frame.index)

    return mask


def _outside_codes(name: str, codes: Sequence[object]) -> Mask:
    return lambda frame: frame[name].notna() & ~frame[name].isin(codes)


def _outside_range(name: str, low: float, high: float, labelled: Sequence[float]) -> Mask:
    def mask(frame: pd.DataFrame) -> pd.Series:
        values = frame[name].astype("Float64")
        outside = ((values < low) | (values > high)).fillna(False).astype(bool)
        return outside & ~values.isin(labelled).fillna(False).astype(bool) if labelled else outside

    return mask


def _repeated(name: str) -> Mask:
    return lambda frame: frame[name].notna() & frame[name].duplicated(keep=False)


def _participant_rule(*, unique: bool) -> Rule:
    def mask(frame: pd.DataFrame) -> pd.Series:
        keys = frame["participant"].astype("str")
        broken = ~keys.str.fullmatch(PARTICIPANT_PATTERN, na=False)
        return broken | keys.duplicated(keep=False) if unique else broken

    allowed = Text(en="a hashed key, once in the table", fr="un identifiant haché, une fois dans la table")
    return Rule("participant.participant", "participant", "participant", "stop", mask, allowed, REMEDIES["participant"])


def _arm_rule(study: Study) -> Rule:
    arms = list(study.arm_ids)
    return Rule(
        "arm.arm",
        "arm",
        "arm",
        "value",
        lambda frame: frame["arm"].notna() & ~frame["arm"].isin(arms),
        allowed_values(arms),
        REMEDIES["arm"],
    )
