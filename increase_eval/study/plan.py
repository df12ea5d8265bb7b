"""The analysis plan, declared before looking: estimands, contrasts, families, margins, seeds, draws."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from increase_eval.study.base import ColumnName, ContractModel, Identifier, SharedText, Text
from increase_eval.study.value import ValueForMoney


class IntercurrentEvent(ContractModel):
    """Something that happens after the start and changes what an answer means, and what is done about it."""

    event: Annotated[Text, Field(description="What happens.")]
    strategy: Annotated[
        Literal["treatment_policy", "hypothetical", "composite", "while_on_treatment", "principal_stratum"],
        Field(description="How ICH E9(R1) calls what is done about it."),
    ]


class Estimand(ContractModel):
    """What is to be estimated, in the five attributes of ICH E9(R1)."""

    id: Annotated[Identifier, Field(description="What families and reports call the estimand.")]
    outcome: Annotated[str, Field(description="A scale or a state variable.")]
    population: Annotated[Text, Field(description="Whom it is about.")]
    conditions: Annotated[Text, Field(description="What is compared: the arms, or one arm with itself over time.")]
    variable: Annotated[Text, Field(description="What is measured on each participant.")]
    wave: Annotated[str, Field(description="The wave at which the variable is taken.")]
    since: Annotated[str | None, Field(description="For a change: the wave it starts from.")] = None
    intercurrent_events: Annotated[
        tuple[IntercurrentEvent, ...], Field(description="What may happen in between, and what is done about it.")
    ] = ()
    summary: Annotated[
        Literal["mean", "mean_change", "share", "risk_difference"],
        Field(description="mean, mean_change, share or risk_difference; the last two for states."),
    ]
    headline: Annotated[bool, Field(description="Whether the first page of the report carries it.")] = False


class Contrast(ContractModel):
    """One comparison of two arms: the second less the first."""

    id: Annotated[Identifier, Field(description="What families and reports call the contrast.")]
    first: Annotated[str, Field(description="The arm that is subtracted.")]
    second: Annotated[str, Field(description="The arm that it is subtracted from.")]


class Family(ContractModel):
    """Contrasts that share one error rate."""

    id: Annotated[Identifier, Field(description="What reports call the family.")]
    label: Annotated[Text, Field(description="The name that readers see.")]
    estimands: Annotated[tuple[str, ...], Field(min_length=1, description="Ids of the estimands.")]
    contrasts: Annotated[tuple[str, ...], Field(description="Ids of the contrasts; empty: all.")] = ()
    error_rate: Annotated[float, Field(gt=0, lt=1, description="The error rate that the family shares.")] = 0.05
    adjustment: Annotated[
        Literal["bonferroni", "holm", "hochberg", "romano_wolf", "fdr_bh"],
        Field(description="How p values and intervals are adjusted within the family."),
    ] = "holm"
    exploratory: Annotated[bool, Field(description="True: reported without a claim.")] = False


class Margin(ContractModel):
    """The margin of equivalence for one scale or state variable; a scale has its smallest effect of interest else."""

    scale: Annotated[str, Field(description="A scale, subscale or state variable.")]
    value: Annotated[float, Field(gt=0, description="Half the width of the region that counts as equivalent.")]
    unit: Annotated[
        Literal["points", "sd", "share"],
        Field(
            description="`points` of the score, `sd`: standard deviations at the first wave, or, for states, `share`: "
            "a difference of shares, 0.05 for five percentage points."
        ),
    ] = "points"
    source: Annotated[SharedText, Field(description="Where the value comes from, or that it is a convention.")]


class ReferenceMean(ContractModel):
    """A mean that people may be expected to go back to without any programme."""

    id: Annotated[Identifier, Field(description="What tables call it.")]
    scale: Annotated[str, Field(description="A scale or subscale.")]
    label: Annotated[Text, Field(description="Whose mean it is, as readers see it.")]
    value: Annotated[float, Field(description="The mean, in points of the scale.")]
    source: Annotated[str, Field(min_length=3, description="Where the value comes from.")]


class AnalysisPlan(ContractModel):
    """The file ``analysis.yaml``."""

    estimands: Annotated[tuple[Estimand, ...], Field(description="What is to be estimated.")] = ()
    contrasts: Annotated[tuple[Contrast, ...], Field(description="Which arms are compared.")] = ()
    families: Annotated[tuple[Family, ...], Field(description="Which of these share one error rate.")] = ()
    margins: Annotated[
        tuple[Margin, ...],
        Field(description="Margins of equivalence: of states, and of scales whose smallest effect is another."),
    ] = ()
    reference_means: Annotated[
        tuple[ReferenceMean, ...],
        Field(description="Means that scores may go back to without a programme; best two for each scale."),
    ] = ()
    covariates: Annotated[tuple[ColumnName, ...], Field(description="Columns of `participants` to adjust for.")] = ()
    selection_variables: Annotated[
        tuple[ColumnName, ...],
        Field(
            description="Columns of `participants` that move who answers and, by argument, not the outcome: what a "
            "selection model is identified by. Empty: such a model rests on normality alone and stays out of headlines."
        ),
    ] = ()
    confidence: Annotated[float, Field(gt=0.5, lt=1, description="Confidence of every interval.")] = 0.95
    minimum_n: Annotated[int, Field(ge=2, description="Estimates on fewer people are marked thin.")] = 30
    seed: Annotated[int, Field(ge=0, description="Every random number of the study comes from it.")] = 1
    draws: Annotated[dict[Identifier, int], Field(description="Number of draws by method.")] = {}
    value_for_money: Annotated[
        ValueForMoney | None, Field(description="How costs are set against what was reached; empty: they are not.")
    ] = None
