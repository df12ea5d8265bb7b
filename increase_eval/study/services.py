"""The service's own records: monthly counts by provider and pathway step, costs, targets."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from increase_eval.study.base import ColumnName, ContractModel, Identifier, Text
from increase_eval.study.sources import Format, ReadOptions


class PathwayStep(ContractModel):
    """One step that the service counts, such as *started training*. Steps of kind ``funnel`` are in order."""

    id: Identifier
    label: Text
    kind: Literal["funnel", "outcome"] = "funnel"


class CountSource(ContractModel):
    """Files with one row a provider and month, or a workbook with a sheet a provider."""

    files: Annotated[tuple[str, ...], Field(min_length=1)]
    format: Format = "auto"
    options: ReadOptions = ReadOptions()
    sheet_per_unit: Annotated[bool, Field(description="True: each sheet is one unit, named by it.")] = False
    unit_column: ColumnName | None = None
    month_column: ColumnName
    month_format: str = "%Y-%m"
    step_columns: Annotated[dict[Identifier, ColumnName], Field(description="Step -> column with its count.")]
    cumulative: bool = False


class Cost(ContractModel):
    """What one unit cost in one period, with currency and price year."""

    unit: str
    amount: Annotated[float, Field(ge=0)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    price_year: int
    source: str


class Target(ContractModel):
    """A number that the programme was to reach, and the step it counts."""

    id: Identifier
    label: Text
    steps: Annotated[tuple[str, ...], Field(min_length=1, description="Steps whose counts add up to it.")]
    value: Annotated[int, Field(ge=0)]
    source: str


class ServiceStatistics(ContractModel):
    """The file ``service_statistics.yaml``."""

    level: Annotated[str, Field(description="The level whose units the counts are kept by.")]
    steps: Annotated[tuple[PathwayStep, ...], Field(min_length=1)]
    source: CountSource
    costs: tuple[Cost, ...] = ()
    targets: tuple[Target, ...] = ()
