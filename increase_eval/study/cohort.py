"""How a synthetic cohort of a study is drawn: the file ``synthetic.yaml``. A study with real data has none."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from increase_eval.study.base import Code, ColumnName, ContractModel, Identifier, Text
from increase_eval.study.costs import Currency

Share = Annotated[float, Field(ge=0, le=1)]
Mechanism = Literal["unseen", "latent_trait", "threshold", "change"]


class FunnelStep(ContractModel):
    """One step of the pathway: how many reach it, and when after the step before."""

    step: Annotated[str, Field(description="A step of `service_statistics.yaml`.")]
    column: Annotated[ColumnName, Field(description="The participants' column with its date.")]
    count: Annotated[int, Field(ge=0, description="How many of the register reach it in the calibrated cohort.")]
    days: Annotated[tuple[int, int], Field(description="Fewest and most days after the step before.")]
    by_date: Annotated[dict[date, int], Field(description="Earlier date -> how many had reached it by then.")] = {}


class ServiceOutcome(ContractModel):
    """An outcome that the service counts among those who began training."""

    step: Annotated[str, Field(description="An outcome step of `service_statistics.yaml`.")]
    column: Annotated[ColumnName, Field(description="The participants' column with its date.")]
    count: Annotated[int, Field(ge=0, description="How many have it in the calibrated cohort.")]
    by_date: Annotated[
        dict[date, dict[str, int]], Field(description="Earlier date -> country -> count that had it by then.")
    ] = {}


class Choice(ContractModel):
    """A column drawn from a list of codes, with shares that may differ by attribute of the unit."""

    column: Annotated[ColumnName, Field(description="The participants' column.")]
    shares: Annotated[dict[Code, Share], Field(description="Code -> share.")]
    by_unit: Annotated[dict[str, dict[Code, Share]], Field(description="Unit -> its own shares.")] = {}
    not_asked_where: Annotated[dict[str, str], Field(description="Attribute -> value where it is not asked.")] = {}


class TraitPlan(ContractModel):
    """The latent trait behind one scale."""

    mean: Annotated[float, Field(description="Mean of an item at the first wave asked, in codes, reversed undone.")]
    sd: Annotated[float, Field(gt=0, description="Standard deviation of an item, in codes.")]
    reliability: Annotated[Share, Field(description="Reliability of the score at the first wave.")]
    retest: Annotated[Share, Field(description="Correlation of observed scores between two waves.")]
    common: Annotated[Share, Field(description="Loading of the trait on what all wellbeing has in common.")]
    change: Annotated[dict[str, float], Field(description="Wave -> shift of the latent mean, in latent SD.")] = {}
    change_by_arm: Annotated[dict[str, dict[str, float]], Field(description="Arm -> wave -> further shift.")] = {}
    difficulty_spread: Annotated[float, Field(description="Spread of item difficulties, in codes.")] = 0.3


class ItemShift(ContractModel):
    """One item that does not work the same in one language of the questionnaire."""

    item: Annotated[ColumnName, Field(description="The item.")]
    language: Annotated[str, Field(description="The language in which it differs.")]
    threshold_shift: Annotated[float, Field(description="Added to every threshold, in latent SD.")] = 0.0
    loading_factor: Annotated[float, Field(gt=0, description="Multiplies the loading.")] = 1.0


class EmploymentPlan(ContractModel):
    """The Markov chain of a state variable, and the trait that drives it."""

    variable: Annotated[str, Field(description="A state variable of `study.yaml`.")]
    driver: Annotated[str, Field(description="The scale whose trait makes the move into work more likely.")]
    slope: Annotated[float, Field(description="Log odds of a move into work per SD of the driver.")]
    initial: Annotated[dict[str, Share], Field(description="State -> share at the first wave.")]
    into: Annotated[
        dict[str, dict[str, dict[str, Share]]],
        Field(description="Wave -> arm -> state in work -> probability of entering it since the wave before."),
    ]
    out_of_work: Annotated[Share, Field(description="Probability of leaving work between two waves.")]
    other_change: Annotated[Share, Field(description="Probability of another change between two waves.")]


class ResponsePlan(ContractModel):
    """Who answers which wave."""

    rates: Annotated[dict[str, dict[str, Share]], Field(description="Wave -> arm -> expected share answering.")]
    observed_slope: Annotated[float, Field(description="Log odds per SD of the observed score at the first wave.")]
    earlier_slope: Annotated[float, Field(description="Log odds of answering when the wave before was answered.")] = 0.0
    dial: Annotated[
        float | dict[str, float],
        Field(description="Log odds per unit of what is unseen; one for all arms or one an arm."),
    ] = 0.0
    mechanism: Annotated[Mechanism, Field(description="What the dial acts on.")] = "unseen"


class ExtraColumn(ContractModel):
    """A column that a platform adds to its exports and no table keeps."""

    kind: Annotated[
        Literal[
            "constant",
            "timestamp",
            "minutes",
            "response_id",
            "free_text",
            "first_name",
            "last_name",
            "email",
            "phone",
            "ip",
        ],
        Field(description="What stands in it."),
    ]
    value: Annotated[Code, Field(description="For `constant`.")] = ""


class PlatformPlan(ContractModel):
    """What the exports of one platform look like."""

    country: Annotated[str, Field(description="The country whose people answer on it.")]
    key_prefix: Annotated[str, Field(description="What their keys start with.")]
    extra: Annotated[
        dict[ColumnName, ExtraColumn], Field(description="Columns of the export that are in no table.")
    ] = {}
    labels_in: Annotated[tuple[str, ...], Field(description="Waves exported with labels instead of codes.")] = ()
    date_format: Annotated[str, Field(description="How the exports write dates, as in strftime.")] = "%Y-%m-%d"


class CostPlan(ContractModel):
    """How a total cost that is known is split over the units, categories and years of a sheet of costs."""

    total: Annotated[int, Field(ge=0, description="All costs together, in whole units of `currency`.")]
    currency: Annotated[Currency, Field(description="The currency of the total.")]
    currency_by_country: Annotated[dict[str, Currency], Field(description="Country -> currency of its units' rows.")]
    categories: Annotated[dict[str, Share], Field(description="Cost category -> share.")]
    years: Annotated[dict[int, Share], Field(description="Year -> share; amounts are in prices of their own year.")]


class CohortPlan(ContractModel):
    """The file ``synthetic.yaml``."""

    seed: Annotated[int, Field(ge=0, description="The seed of the shipped cohort.")]
    entry: Annotated[tuple[date, date], Field(description="First and last day of entry.")]
    survey_end: Annotated[date, Field(description="No wave is answered after this day.")]
    service_end: Annotated[date, Field(description="No outcome is counted after this day.")]
    lockdown_entry: Annotated[Share, Field(description="Entries during a declared period, relative to other days.")]
    funnel: Annotated[tuple[FunnelStep, ...], Field(min_length=1, description="The steps of the pathway, in order.")]
    started_step: Annotated[str, Field(description="The step whose people the service's outcomes are counted among.")]
    completed_step: Annotated[str, Field(description="The step whose people are surveyed.")]
    outcomes: Annotated[tuple[ServiceOutcome, ...], Field(description="The outcomes that the service counts.")] = ()
    recorded_as: Annotated[
        tuple[str, ...], Field(description="The outcome that the service records for each state in work, in order.")
    ]
    unit_level: Annotated[str, Field(description="The level whose units get the shares below.")]
    unit_shares: Annotated[dict[str, Share], Field(description="Unit -> its share of the register.")]
    choices: Annotated[tuple[Choice, ...], Field(description="Columns of codes with their shares.")] = ()
    birth_year: Annotated[tuple[float, float, int, int], Field(description="Mean, SD, lowest, highest.")]
    birth_year_column: Annotated[ColumnName, Field(description="The participants' column with the year of birth.")]
    course_column: Annotated[ColumnName, Field(description="The column with the course session.")]
    course_size: Annotated[int, Field(ge=2, description="People in one course session.")]
    trainer_column: Annotated[ColumnName, Field(description="The column with the training provider.")]
    trainers: Annotated[dict[str, tuple[str, ...]], Field(description="Country -> names of training providers.")]
    traits: Annotated[dict[str, TraitPlan], Field(description="Scale -> its trait.")]
    trait_distribution: Annotated[
        Literal["normal", "skewed", "heavy_tailed"], Field(description="The shape of the latent traits.")
    ] = "normal"
    spread_by_arm: Annotated[dict[str, float], Field(description="Arm -> factor on the latent SD.")] = {}
    intraclass_correlation: Annotated[dict[str, Share], Field(description="Level -> share of latent variance.")] = {}
    selection: Annotated[float, Field(ge=0, description="How strongly a low moment leads to entry (0: not at all).")]
    selection_scales: Annotated[tuple[str, ...], Field(description="The scales whose low moment leads to entry.")]
    lockdown_shock: Annotated[float, Field(description="Shift of wellbeing in a declared period, in latent SD.")]
    shocked_scales: Annotated[tuple[str, ...], Field(description="The scales that a declared period lowers.")]
    shifts: Annotated[tuple[ItemShift, ...], Field(description="Items that differ between languages.")] = ()
    employment: Annotated[EmploymentPlan, Field(description="The chain of the state variable.")]
    response: Annotated[ResponsePlan, Field(description="Who answers which wave.")]
    response_scales: Annotated[tuple[str, ...], Field(description="The scales whose mean the response depends on.")]
    item_missing: Annotated[dict[Literal["refused", "left"], Share], Field(description="Reason -> share of answers.")]
    stated: Annotated[
        dict[ColumnName, ColumnName],
        Field(description="Column of the waves -> the participants' column whose value people state in it."),
    ] = {}
    always_answered: Annotated[
        tuple[ColumnName, ...], Field(description="Columns that nobody leaves blank, since their counts are published.")
    ] = ()
    elapsed_days: Annotated[
        dict[str, tuple[int, int]], Field(description="Wave -> days after completion, from and to.")
    ]
    modes: Annotated[dict[str, Share], Field(description="Survey mode -> share.")]
    mode_column: Annotated[ColumnName, Field(description="The column of the waves with the survey mode.")]
    language_column: Annotated[
        ColumnName, Field(description="The column of the waves with the language of the questionnaire.")
    ]
    language_by_country: Annotated[dict[str, str], Field(description="Country -> language of its questionnaires.")]
    platforms: Annotated[dict[str, PlatformPlan], Field(min_length=1, description="Platform -> its exports.")]
    key_digits: Annotated[int, Field(ge=3, le=12, description="Digits of a participant's key.")] = 6
    costs: Annotated[
        CostPlan | None, Field(description="What the units cost, split by `unit_shares`; empty: no sheet of costs.")
    ] = None
    side_business: Annotated[dict[str, Share], Field(description="State -> share with a side business.")] = {}
    side_business_column: Annotated[
        ColumnName | None, Field(description="The column of the waves with the side-business flag; empty: none.")
    ] = None


class Assumption(ContractModel):
    """Something that no document gives and that had to be chosen to draw a cohort."""

    id: Annotated[Identifier, Field(description="Its name.")]
    statement: Annotated[Text, Field(description="What had to be chosen.")]
    chosen: Annotated[Text, Field(description="What was chosen.")]
    feasible: Annotated[Text, Field(description="What the published figures allow.")]
    why: Annotated[Text, Field(description="The reason for the choice.")]


class Assumptions(ContractModel):
    """The file ``assumptions.yaml``."""

    assumptions: Annotated[tuple[Assumption, ...], Field(description="One for each choice.")]
