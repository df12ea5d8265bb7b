"""The service's own records: monthly counts by provider and pathway step, costs, targets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from increase_eval.study.base import ColumnName, ContractModel, Identifier, Text
from increase_eval.study.sources import Format, ReadOptions


class PathwayStep(ContractModel):
    """One step that the service counts, such as *started training*. Steps of kind ``funnel`` are in order."""

    id: Annotated[Identifier, Field(description="What tables call the step.")]
    label: Annotated[Text, Field(description="The name that readers see.")]
    kind: Annotated[
        Literal["funnel", "outcome"], Field(description="`funnel`: one step of an order; `outcome`: something reached.")
    ] = "funnel"
    register_column: Annotated[
        ColumnName | None, Field(description="The participants' column with the date of the step, to compare with.")
    ] = None


class CountSource(ContractModel):
    """Files with one row a provider and month, or a workbook with a sheet a provider."""

    files: Annotated[tuple[str, ...], Field(min_length=1, description="Patterns below the study's raw folder.")]
    format: Annotated[Format, Field(description="`auto` goes by the name of the file.")] = "auto"
    options: Annotated[ReadOptions, Field(description="How to read the files, where that should not be found out.")] = (
        ReadOptions()
    )
    sheet_per_unit: Annotated[bool, Field(description="True: each sheet is one unit, named by it.")] = False
    unit_column: Annotated[ColumnName | None, Field(description="The column that names the unit.")] = None
    month_column: Annotated[ColumnName, Field(description="The column that names the month.")]
    month_format: Annotated[str, Field(description="How months are written, as in strptime.")] = "%Y-%m"
    step_columns: Annotated[dict[Identifier, ColumnName], Field(description="Step -> column with its count.")]
    cumulative: Annotated[bool, Field(description="True: each month holds the count since the start.")] = False


class Cost(ContractModel):
    """What one unit cost in one period, with currency and price year."""

    unit: Annotated[str, Field(description="A unit of the level.")]
    amount: Annotated[float, Field(ge=0, description="The cost.")]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="Three letters, as in ISO 4217.")]
    price_year: Annotated[int, Field(description="The year whose prices it is given in.")]
    source: Annotated[str, Field(description="Where the value comes from.")]


class TargetReading(ContractModel):
    """Another way to read what a target counts."""

    id: Annotated[Identifier, Field(description="What tables call the reading.")]
    label: Annotated[Text, Field(description="The name that readers see.")]
    steps: Annotated[tuple[str, ...], Field(min_length=1, description="Steps whose counts add up to it.")]


class Target(ContractModel):
    """A number that the programme was to reach, and the step it counts."""

    id: Annotated[Identifier, Field(description="What tables call the target.")]
    label: Annotated[Text, Field(description="The name that readers see.")]
    steps: Annotated[tuple[str, ...], Field(min_length=1, description="Steps whose counts add up to it.")]
    value: Annotated[int, Field(ge=0, description="The number to be reached.")]
    source: Annotated[str, Field(description="Where the number comes from.")]
    readings: Annotated[tuple[TargetReading, ...], Field(description="Other ways to read what it counts.")] = ()


class ServiceStatistics(ContractModel):
    """The file ``service_statistics.yaml``."""

    level: Annotated[str, Field(description="The level whose units the counts are kept by.")]
    steps: Annotated[tuple[PathwayStep, ...], Field(min_length=1, description="The steps that are counted.")]
    source: Annotated[CountSource, Field(description="The files with the counts.")]
    costs: Annotated[tuple[Cost, ...], Field(description="What the units cost.")] = ()
    targets: Annotated[tuple[Target, ...], Field(description="What the programme was to reach.")] = ()
