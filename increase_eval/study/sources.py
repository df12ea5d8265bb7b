"""Where the raw rows of a study come from, and which shape they have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from increase_eval.study.base import Code, ColumnName, ContractModel, Finding, Identifier, Word
from increase_eval.study.structure import KeyRule

Format = Literal["auto", "csv", "qualtrics", "xlsx", "spss", "stata", "parquet"]
Shape = Literal["per_wave", "long", "wide", "participants"]


class ReadOptions(ContractModel):
    """How to read a file, where it should not be found out from the file itself."""

    delimiter: Annotated[
        Annotated[str, StringConstraints(strip_whitespace=False, min_length=1, max_length=2)] | None,
        Field(description="What stands between the columns of a text file; empty: found out."),
    ] = None
    encoding: Annotated[Word | None, Field(description="Such as utf-8 or cp1252; empty: found out.")] = None
    decimal: Annotated[Literal[".", ","] | None, Field(description="The decimal mark; empty: found out.")] = None
    sheet: Annotated[Word | None, Field(description="The sheet of a workbook; empty: its only one.")] = None


class Duplicates(ContractModel):
    """Which row is kept where one participant has several in one wave."""

    keep: Annotated[
        Literal["first", "last", "most_complete"],
        Field(description="Which row stays; the others are counted as duplicates."),
    ] = "last"
    order_by: Annotated[
        ColumnName | None, Field(description="The column, as files have it, that orders them; empty: file and row.")
    ] = None


class Source(ContractModel):
    """One or several files of the same shape."""

    id: Annotated[Identifier, Field(description="What the rest of the contract calls the source.")]
    files: Annotated[tuple[str, ...], Field(min_length=1, description="Patterns below the study's raw folder.")]
    format: Annotated[
        Format, Field(description="`auto` goes by the name of the file, and knows a Qualtrics export.")
    ] = "auto"
    platform: Annotated[Word | None, Field(description="Which of a column's `aliases` these files use.")] = None
    shape: Annotated[
        Shape,
        Field(
            description="per_wave (files of one wave), long (a row a participant and wave), "
            "wide (a row a participant, waves side by side), participants."
        ),
    ]
    wave: Annotated[str | None, Field(description="For `per_wave`: the wave.")] = None
    wave_column: Annotated[ColumnName | None, Field(description="For `long`: the column that names the wave.")] = None
    wave_values: Annotated[dict[Word, str], Field(description="For `long`: what the file writes -> wave id.")] = {}
    columns_by_wave: Annotated[
        dict[ColumnName, dict[Word, ColumnName]],
        Field(description="For `wide`: conformed column -> wave id -> column in the file."),
    ] = {}
    key: Annotated[KeyRule | None, Field(description="How a participant is known in these files.")] = None
    options: Annotated[ReadOptions, Field(description="How to read the files, where that should not be found out.")] = (
        ReadOptions()
    )
    values_by: Annotated[
        Literal["code", "label"] | None,
        Field(description="Which is right where the value labels in a file contradict its codes; empty: neither."),
    ] = None
    duplicates: Annotated[
        Duplicates, Field(description="Which row counts where a participant has several in a wave.")
    ] = Duplicates()
    optional: Annotated[bool, Field(description="True: no file is not an error.")] = False
    constants: Annotated[
        dict[ColumnName, Code], Field(description="Columns that all rows of these files share, such as a country.")
    ] = {}

    def findings(self) -> Iterator[Finding]:
        """Give what does not hang together: what the shape needs, and what it has no use for."""
        uses = {"per_wave": ("wave",), "long": ("wave_column", "wave_values"), "wide": ("columns_by_wave",)}
        needed = uses.get(self.shape, ())
        for field in needed:
            if not getattr(self, field):
                yield Finding(f"a source of shape {self.shape} needs `{field}`", (), ("shape", field))
        for field in ("wave", "wave_column", "wave_values", "columns_by_wave"):
            if field not in needed and getattr(self, field):
                yield Finding(f"a source of shape {self.shape} has no `{field}`", (field,), ("shape",))
