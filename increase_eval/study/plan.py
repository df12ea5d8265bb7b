"""The analysis plan, declared before looking: estimands, contrasts, families, margins, seeds, draws."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from increase_eval.study.base import ColumnName, ContractModel, Identifier, Text


class IntercurrentEvent(ContractModel):
    """Something that happens after the start and changes what an answer means, and what is done about it."""

    event: Text
    strategy: Literal["treatment_policy", "hypothetical", "composite", "while_on_treatment", "principal_stratum"]


class Estimand(ContractModel):
    """What is to be estimated, in the five attributes of ICH E9(R1)."""

    id: Identifier
    outcome: Annotated[str, Field(description="A scale or a state variable.")]
    population: Text
    conditions: Annotated[Text, Field(description="What is compared: the arms, or one arm with itself over time.")]
    variable: Text
    wave: Annotated[str, Field(description="The wave at which the variable is taken.")]
    since: Annotated[str | None, Field(description="For a change: the wave it starts from.")] = None
    intercurrent_events: tuple[IntercurrentEvent, ...] = ()
    summary: Literal["mean", "mean_change", "share", "risk_difference"]
    headline: Annotated[bool, Field(description="Whether the first page of the report carries it.")] = False


class Contrast(ContractModel):
    """One comparison of two arms: the second less the first."""

    id: Identifier
    first: str
    second: str


class Family(ContractModel):
    """Contrasts that share one error rate."""

    id: Identifier
    label: Text
    estimands: Annotated[tuple[str, ...], Field(min_length=1)]
    contrasts: tuple[str, ...] = ()
    error_rate: Annotated[float, Field(gt=0, lt=1)] = 0.05
    adjustment: Literal["bonferroni", "holm", "hochberg", "romano_wolf", "fdr_bh"] = "holm"
    exploratory: bool = False


class Margin(ContractModel):
    """The margin of equivalence for one scale, where it differs from the scale's smallest effect of interest."""

    scale: str
    value: Annotated[float, Field(gt=0)]
    unit: Literal["points", "sd"] = "points"
    source: Annotated[str, Field(min_length=3)]


class AnalysisPlan(ContractModel):
    """The file ``analysis.yaml``."""

    estimands: tuple[Estimand, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    families: tuple[Family, ...] = ()
    margins: tuple[Margin, ...] = ()
    covariates: Annotated[tuple[ColumnName, ...], Field(description="Columns of `participants` to adjust for.")] = ()
    confidence: Annotated[float, Field(gt=0.5, lt=1)] = 0.95
    minimum_n: Annotated[int, Field(ge=2, description="Estimates on fewer people are marked thin.")] = 30
    seed: Annotated[int, Field(ge=0, description="Every random number of the study comes from it.")] = 1
    draws: Annotated[dict[Identifier, int], Field(description="Number of draws by method.")] = {}
