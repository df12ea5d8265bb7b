"""The schema of each stored table, made from the same rules that intake asked, and what a table that breaks it shows.

pandera names every failing cell and keeps what is in it. Here failures are folded to one row a rule, with the number
of rows and the first of them; the answers are dropped.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd

from increase_eval.intake.rules import Rule, participant_rules, wave_rules
from increase_eval.study.study import Study

if TYPE_CHECKING:
    from pandera.pandas import DataFrameSchema

BROKEN_COLUMNS = ("rule", "column", "severity", "allowed", "rows", "first_file", "first_row", "remedy")
ABSENT = "column_absent"


def table_rules(study: Study, wave: str | None) -> list[Rule]:
    """Give the rules of a stored table: of one wave, or (None) of the participants."""
    return participant_rules(study) if wave is None else wave_rules(study, wave)


def table_schema(rules: Sequence[Rule]) -> DataFrameSchema:
    """Build the pandera schema of a table from its rules.

    Parameters
    ----------
    rules
        What must hold.

    Returns
    -------
    DataFrameSchema
        A schema with every column that a rule is about, each with the checks of its rules.
    """
    import pandera.pandas as pa

    by_column: dict[str, list[Rule]] = {}
    for rule in rules:
        by_column.setdefault(rule.column, []).append(rule)
    columns = {
        name: pa.Column(nullable=True, required=True, checks=[_check(pa, rule) for rule in own])
        for name, own in by_column.items()
    }
    return pa.DataFrameSchema(columns)


def _check(pa: Any, rule: Rule) -> Any:
    def holds(column: pd.Series) -> pd.Series:
        return ~rule.mask(column.to_frame(rule.column)).astype(bool)

    return pa.Check(holds, name=rule.id, ignore_na=False)


def broken_rules(rules: Sequence[Rule], frame: pd.DataFrame, *, language: str = "en") -> pd.DataFrame:
    """Say which rules a table breaks, all at once.

    Parameters
    ----------
    rules
        What must hold: see :func:`table_rules`.
    frame
        A table about to be stored, or stored.
    language
        Of `allowed` and `remedy`.

    Returns
    -------
    DataFrame
        One row per broken rule, in the order of the rules: rule, column, severity, allowed, rows (how many), first_file
        and first_row (where the table has them), remedy. Empty where all hold. No cell of the table is in it.
    """
    from pandera.errors import SchemaErrors

    frame = frame.reset_index(drop=True)
    try:
        table_schema(rules).validate(frame, lazy=True)
    except SchemaErrors as errors:
        return _folded(rules, frame, errors.failure_cases, language)
    return pd.DataFrame(columns=list(BROKEN_COLUMNS))


def _folded(rules: Sequence[Rule], frame: pd.DataFrame, failures: pd.DataFrame, language: str) -> pd.DataFrame:
    rows = []
    absent = {rule.column for rule in rules} - set(frame.columns)
    for column in dict.fromkeys(rule.column for rule in rules if rule.column in absent):
        rows.append({"rule": ABSENT, "column": column, "severity": "stop", "rows": len(frame)})
    cells = failures.dropna(subset=["index"])
    by_rule = {str(check): group.astype("int64") for check, group in cells.groupby("check")["index"]}
    for rule in rules:
        if rule.id in by_rule:
            first = int(by_rule[rule.id].min())
            rows.append(
                {
                    "rule": rule.id,
                    "column": rule.column,
                    "severity": rule.severity,
                    "allowed": rule.allowed.in_language(language),
                    "rows": int(by_rule[rule.id].nunique()),
                    "first_file": frame["source_file"].iloc[first] if "source_file" in frame else None,
                    "first_row": frame["source_row"].iloc[first] if "source_row" in frame else None,
                    "remedy": rule.remedy.in_language(language),
                }
            )
    unexplained = set(failures["check"]) - {rule.id for rule in rules} - {"column_in_dataframe"}
    for check in sorted(map(str, unexplained)):
        rows.append({"rule": check, "severity": "stop", "rows": len(frame)})
    return pd.DataFrame(rows, columns=list(BROKEN_COLUMNS))
