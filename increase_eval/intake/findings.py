"""What intake has to say about rows, values and files: gathered as it goes, and never holding an answer in the open.

A rejection is about one row or one value; a finding is about a file, a column or a person's records and costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

import numpy as np
import pandas as pd

from increase_eval.intake.keys import keyed_hash
from increase_eval.intake.messages import MESSAGES
from increase_eval.intake.remedies import REMEDIES
from increase_eval.study.base import Text

QUARANTINE_COLUMNS = ("file", "row", "column", "rule", "severity", "allowed", "value_hash", "remedy")
FINDING_COLUMNS = ("kind", "file", "row", "column", "wave", "n", "message")
_TEXT = ("file", "column", "rule", "severity", "allowed", "value_hash", "remedy", "kind", "wave", "message")


@dataclass(slots=True)
class Rejections:
    """The rows and values of one file that break a rule.

    Attributes
    ----------
    language
        The language of `allowed` and `remedy`.
    parts
        Frames with position (of the row in the file), column, rule, severity, allowed, remedy, value.
    """

    language: str
    parts: list[pd.DataFrame] = field(default_factory=list)

    def add(
        self,
        positions: np.ndarray,
        *,
        rule: str,
        severity: str,
        column: str | None = None,
        allowed: Text | None = None,
        remedy: Text | None = None,
        values: Sequence[str] | None = None,
    ) -> None:
        """Note that rows break a rule; `values` are the offending cells as text."""
        if not len(positions):
            return
        self.parts.append(
            pd.DataFrame(
                {
                    "position": np.asarray(positions, dtype="int64"),
                    "column": column,
                    "rule": rule,
                    "severity": severity,
                    "allowed": allowed.in_language(self.language) if allowed is not None else None,
                    "remedy": (remedy or REMEDIES[rule]).in_language(self.language),
                    "value": list(values) if values is not None else None,
                }
            )
        )

    def table(self) -> pd.DataFrame:
        """Give all rejections, by position."""
        columns = ["position", "column", "rule", "severity", "allowed", "remedy", "value"]
        parts = [part.astype({"value": "object", "column": "object", "allowed": "object"}) for part in self.parts]
        if not parts:
            return pd.DataFrame({column: pd.Series(dtype="object") for column in columns}).astype({"position": "int64"})
        return pd.concat(parts, ignore_index=True).sort_values("position", kind="stable", ignore_index=True)


def quarantine_table(rejections: pd.DataFrame, *, key_secret: bytes) -> pd.DataFrame:
    """Give the quarantine as it is stored: values replaced by a keyed hash."""
    values, columns = rejections["value"], rejections["column"]
    hashes = [
        keyed_hash(f"value\0{column}\0{value}", key_secret) if isinstance(value, str) and value else None
        for value, column in zip(values, columns, strict=True)
    ]
    table = rejections.assign(value_hash=pd.Series(hashes, index=rejections.index, dtype="str"))
    return typed(table, QUARANTINE_COLUMNS)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that costs nothing and should be known.

    Attributes
    ----------
    kind
        A key of :data:`~increase_eval.intake.messages.MESSAGES`.
    file, row, column, wave
        Where, as far as that can be said.
    n, total
        How many, of how many.
    """

    kind: str
    file: str | None = None
    row: int | None = None
    column: str | None = None
    wave: str | None = None
    n: int | None = None
    total: int | None = None

    def message(self, language: str) -> str:
        """Say it."""
        return MESSAGES[self.kind].in_language(language).format(n=self.n, total=self.total)


def findings_table(findings: Sequence[Finding], language: str) -> pd.DataFrame:
    """Give the findings as a table."""
    rows = [{**asdict(finding), "message": finding.message(language)} for finding in findings]
    return typed(pd.DataFrame(rows), FINDING_COLUMNS)


def typed(table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """Give a table these columns in this order: texts as text, all others as counts."""
    table = table.reindex(columns=list(columns)).reset_index(drop=True)
    return table.astype({column: "str" if column in _TEXT else "Int64" for column in columns})
