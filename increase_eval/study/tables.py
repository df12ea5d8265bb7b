"""The columns of the tables of a study: types, value labels, missing codes, ranges, names by platform."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from increase_eval.study.base import Code, ColumnName, ContractModel, Finding, Identifier, Text, Word

ColumnType = Literal["integer", "number", "category", "boolean", "date", "text"]
MissingReason = Literal["refused", "not_asked", "left", "unknown"]
Severity = Literal["value", "row", "stop"]


class ValueLabel(ContractModel):
    """One code of a column and what it means."""

    code: Annotated[Code, Field(description="The code that is stored.")]
    label: Annotated[Text, Field(description="What it means.")]
    aliases: Annotated[
        tuple[Code, ...], Field(description="Other spellings that files use for it; codes and labels always count.")
    ] = ()


class Column(ContractModel):
    """One column of a table."""

    name: Annotated[ColumnName, Field(description="The name in the stored tables.")]
    label: Annotated[Text, Field(description="What the column holds, for the codebook and the report.")]
    type: Annotated[
        ColumnType,
        Field(
            description="integer, number, category (codes with labels), boolean, date, text (never a written answer)."
        ),
    ]
    source: Annotated[ColumnName | None, Field(description="The name in the files; empty: the same.")] = None
    aliases: Annotated[dict[Word, ColumnName], Field(description="Platform -> the name in its files.")] = {}
    values: Annotated[
        tuple[ValueLabel, ...] | str, Field(description="Value labels, or the name of one of `value_sets`.")
    ] = ()
    missing: Annotated[
        dict[MissingReason, tuple[Code, ...]], Field(description="Reason -> the codes that stand for it.")
    ] = {}
    range: Annotated[tuple[float, float] | None, Field(description="Lowest and highest allowed value.")] = None
    date_formats: Annotated[tuple[str, ...], Field(description="Tried in order, as in strptime.")] = ("%Y-%m-%d",)
    required: Annotated[bool, Field(description="A row without it is quarantined.")] = False
    unique: Annotated[bool, Field(description="True: no value may stand in two rows of a wave.")] = False
    severity: Annotated[
        Severity, Field(description="What a value that is not allowed costs: itself, its row, or the run.")
    ] = "value"
    waves: Annotated[tuple[str, ...], Field(description="The waves that ask it; empty: all of the table.")] = ()
    sources: Annotated[tuple[str, ...], Field(description="The sources whose files have it; empty: all.")] = ()
    role: Annotated[
        Literal["answer_date", "mode", "language", "demographic", "level", "arm", "other"],
        Field(description="What the column is for, beyond the scales and states that name it."),
    ] = "other"

    def findings(self) -> Iterator[Finding]:
        """Give what does not hang together: a range that cannot be, or that the type cannot have."""
        if self.range is not None and self.range[0] > self.range[1]:
            yield Finding(f"[{self.range[0]:g}, {self.range[1]:g}]: the lowest value comes first", ("range",))
        if self.range is not None and self.type not in ("integer", "number"):
            yield Finding(
                f"a range is for integer and number columns, and this one is {self.type}", ("range",), ("type",)
            )

    def names_in_files(self, platform: str | None) -> tuple[str, ...]:
        """Give the names under which files of a platform may have this column, the most specific first."""
        names = [self.aliases.get(platform) if platform else None, self.source, self.name]
        return tuple(dict.fromkeys(name for name in names if name))


class Ignored(ContractModel):
    """Columns of the files that are left out on purpose, and why."""

    columns: Annotated[tuple[ColumnName, ...], Field(min_length=1, description="The columns, as files have them.")]
    reason: Annotated[str, Field(min_length=3, description="Why they are left out.")]
    free_text: Annotated[bool, Field(description="Written answers: never read into memory beyond intake.")] = False


class Table(ContractModel):
    """One file of ``waves/``: the columns of `participants`, or of one or several waves."""

    table: Annotated[Literal["wave", "participants"], Field(description="What the columns belong to.")]
    waves: Annotated[tuple[str, ...], Field(description="For `wave`: the waves these columns are asked in.")] = ()
    value_sets: Annotated[
        dict[Identifier, tuple[ValueLabel, ...]], Field(description="Name -> value labels that several columns share.")
    ] = {}
    columns: Annotated[
        tuple[Column, ...], Field(min_length=1, description="The columns, in the order of the stored table.")
    ]
    ignored: Annotated[tuple[Ignored, ...], Field(description="Every column of the files is here or above.")] = ()

    def findings(self) -> Iterator[Finding]:
        """Give what does not hang together: a table of waves without waves, or one of participants with some."""
        if self.table == "wave" and not self.waves:
            yield Finding("a table of waves needs `waves`: the ids of the waves it describes", (), ("table", "waves"))
        if self.table == "participants" and self.waves:
            yield Finding("the table of participants has no waves", ("waves",), ("table",))

    def values_of(self, column: Column) -> tuple[ValueLabel, ...]:
        """Give the value labels of a column, looking up a named set."""
        return self.value_sets[column.values] if isinstance(column.values, str) else column.values
