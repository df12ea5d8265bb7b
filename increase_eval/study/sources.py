"""Where the raw rows of a study come from, and which shape they have."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from increase_eval.study.base import Code, ColumnName, ContractModel, Identifier
from increase_eval.study.structure import KeyRule

Format = Literal["auto", "csv", "qualtrics", "xlsx", "spss", "stata", "parquet"]
Shape = Literal["per_wave", "long", "wide", "participants"]


class ReadOptions(ContractModel):
    """How to read a file, where it should not be found out from the file itself."""

    delimiter: Annotated[str | None, Field(max_length=2)] = None
    encoding: str | None = None
    decimal: Literal[".", ","] | None = None
    sheet: Annotated[str | None, Field(description="The sheet of a workbook; empty: its only one.")] = None


class Duplicates(ContractModel):
    """Which row is kept where one participant has several in one wave."""

    keep: Literal["first", "last", "most_complete"] = "last"
    order_by: Annotated[
        ColumnName | None, Field(description="The column, as files have it, that orders them; empty: file and row.")
    ] = None


class Source(ContractModel):
    """One or several files of the same shape."""

    id: Identifier
    files: Annotated[tuple[str, ...], Field(min_length=1, description="Patterns below the study's raw folder.")]
    format: Format = "auto"
    platform: Annotated[str | None, Field(description="Which of a column's `aliases` these files use.")] = None
    shape: Shape
    wave: Annotated[str | None, Field(description="For `per_wave`: the wave.")] = None
    wave_column: Annotated[ColumnName | None, Field(description="For `long`: the column that names the wave.")] = None
    wave_values: Annotated[dict[str, str], Field(description="For `long`: what the file writes -> wave id.")] = {}
    columns_by_wave: Annotated[
        dict[ColumnName, dict[str, ColumnName]],
        Field(description="For `wide`: conformed column -> wave id -> column in the file."),
    ] = {}
    key: KeyRule | None = None
    options: ReadOptions = ReadOptions()
    duplicates: Duplicates = Duplicates()
    optional: Annotated[bool, Field(description="True: no file is not an error.")] = False
    constants: Annotated[
        dict[ColumnName, Code], Field(description="Columns that all rows of these files share, such as a country.")
    ] = {}

    @model_validator(mode="after")
    def _has_what_its_shape_needs(self) -> Source:
        needed = {"per_wave": "wave", "long": "wave_column", "wide": "columns_by_wave"}.get(self.shape)
        if needed and not getattr(self, needed):
            raise ValueError(f"a source of shape {self.shape} needs `{needed}`")
        if self.shape == "long" and not self.wave_values:
            raise ValueError("a source of shape long needs `wave_values`")
        return self
