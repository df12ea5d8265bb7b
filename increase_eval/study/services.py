"""The service's own records: monthly counts by provider and pathway step, costs, targets."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from increase_eval.study.base import ColumnName, ContractModel, Finding, Identifier, Text
from increase_eval.study.costs import Cost, CostCategory, CostSource, ExchangeRate
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
    cost_categories: Annotated[
        tuple[CostCategory, ...], Field(description="The kinds of cost that are told apart.")
    ] = ()
    cost_source: Annotated[
        CostSource | None, Field(description="The files with what the units cost; empty: none, or see `costs`.")
    ] = None
    costs: Annotated[
        tuple[Cost, ...], Field(description="What the units cost, where no file of the study says so.")
    ] = ()
    exchange_rates: Annotated[
        tuple[ExchangeRate, ...], Field(description="What the currencies of the costs are worth in each other.")
    ] = ()
    targets: Annotated[tuple[Target, ...], Field(description="What the programme was to reach.")] = ()

    @property
    def has_costs(self) -> bool:
        """Whether it is known what the units cost."""
        return self.cost_source is not None or bool(self.costs)

    @property
    def files(self) -> tuple[str, ...]:
        """The patterns of all files that the service's own records are read from."""
        return (*self.source.files, *(self.cost_source.files if self.cost_source is not None else ()))

    def findings(self) -> Iterator[Finding]:
        """Give what does not hang together between files of costs, listed costs and categories."""
        if self.cost_source is not None and self.costs:
            yield Finding(
                "costs stand here and in the files of `cost_source`; give one of them", ("costs",), ("cost_source",)
            )
        if self.cost_source is not None and not self.cost_categories:
            yield Finding(
                "files of costs need `cost_categories`, which say what their categories are", ("cost_source",)
            )
