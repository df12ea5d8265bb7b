"""How a study is built: its waves, arms, levels, states, periods, and what protects its participants."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field

from increase_eval.study.base import Code, ColumnName, ContractModel, Identifier, Text, Word


class Window(ContractModel):
    """When answers to a wave are expected. Answers outside are flagged and kept."""

    since: Annotated[
        str, Field(description="Where the count starts: `entry`, `completion`, or the id of an earlier wave.")
    ]
    from_days: Annotated[int, Field(description="First day of the window.")] = 0
    to_days: Annotated[int, Field(description="Last day of the window.")]


class Wave(ContractModel):
    """One wave of the survey. Waves are listed in order."""

    id: Annotated[Identifier, Field(description="What tables, sources and links call the wave.")]
    label: Annotated[Text, Field(description="The name that readers see.")]
    time: Annotated[float, Field(description="Planned time since the first wave, in the study's `time_unit`.")]
    window: Annotated[Window | None, Field(description="When answers are expected.")] = None
    among_step: Annotated[
        str | None, Field(description="The step of `service_statistics.yaml` whose people are asked.")
    ] = None


class Arm(ContractModel):
    """One arm (delivery approach). The reference comes first."""

    id: Annotated[Identifier, Field(description="What tables and contrasts call the arm.")]
    label: Annotated[Text, Field(description="The name that readers see.")]
    aliases: Annotated[
        tuple[Code, ...], Field(description="What the files write for this arm, besides its id and labels.")
    ] = ()


class Unit(ContractModel):
    """One known unit of a level, such as one provider."""

    id: Annotated[Identifier, Field(description="What tables call the unit.")]
    label: Annotated[Text, Field(description="The name that readers see.")]
    parent: Annotated[str | None, Field(description="The unit of the level above that this one lies in.")] = None
    arm: Annotated[str | None, Field(description="The arm of everybody in this unit, where there is one.")] = None
    attributes: Annotated[dict[Word, Word], Field(description="Such as area and country.")] = {}
    aliases: Annotated[
        tuple[Code, ...], Field(description="What the files write for this unit, besides its id and labels.")
    ] = ()
    in_comparison: Annotated[bool, Field(description="False: counted in the register, outside the comparison.")] = True


class Level(ContractModel):
    """A level that participants are grouped by. Levels are listed from the finest to the coarsest."""

    id: Annotated[Identifier, Field(description="What the rest of the contract calls the level.")]
    label: Annotated[Text, Field(description="The name that readers see.")]
    column: Annotated[ColumnName, Field(description="The column of `participants` that holds the unit.")]
    nested_in: Annotated[str | None, Field(description="The id of the level above; empty: crossed, or the top.")] = None
    is_site: Annotated[bool, Field(description="The finest place a participant belongs to.")] = False
    units: Annotated[tuple[Unit, ...], Field(description="The known units of the level.")] = ()


class State(ContractModel):
    """One state of a state variable."""

    id: Annotated[Identifier, Field(description="What tables call the state.")]
    label: Annotated[Text, Field(description="The name that readers see.")]
    code: Annotated[Code, Field(description="The code of the column that stands for it.")]
    in_work: Annotated[bool, Field(description="Whether the state counts as in work.")] = False


class StateVariable(ContractModel):
    """A categorical status measured at several waves, such as employment."""

    id: Annotated[Identifier, Field(description="What tables and estimands call the variable.")]
    label: Annotated[Text, Field(description="The name that readers see.")]
    column: Annotated[ColumnName, Field(description="The conformed column of the waves that holds it.")]
    states: Annotated[
        tuple[State, ...],
        Field(min_length=2, description="The states, in order; every code of the column belongs to one."),
    ]

    @property
    def counted(self) -> tuple[str, ...]:
        """The states whose share is meant: those in work; where none is, the second of two, else the first."""
        in_work = tuple(state.id for state in self.states if state.in_work)
        return in_work or (self.states[1 if len(self.states) == 2 else 0].id,)


class Period(ContractModel):
    """A stretch of calendar time that matters for reading the results, such as a lockdown."""

    id: Annotated[Identifier, Field(description="What tables call the period.")]
    label: Annotated[Text, Field(description="The name that readers see.")]
    start: Annotated[date, Field(description="Its first day.")]
    end: Annotated[date, Field(description="Its last day.")]
    where: Annotated[dict[Word, Word], Field(description="Attributes it holds for, such as `country: england`.")] = {}


class RowRule(ContractModel):
    """A rule that sends whole rows to quarantine: test rows, previews, withdrawn consent."""

    id: Annotated[Identifier, Field(description="What the quarantine calls the rule.")]
    kind: Annotated[
        Literal["test_row", "preview", "consent_withdrawn", "other"],
        Field(
            description="Why such rows are set apart; of a row with consent withdrawn nothing but its number is kept."
        ),
    ]
    column: Annotated[ColumnName, Field(description="The column as the files have it.")]
    values: Annotated[tuple[Code, ...], Field(min_length=1, description="Rows with one of these are quarantined.")]
    remedy: Annotated[Text, Field(description="What a field officer should do about it.")]
    sources: Annotated[tuple[str, ...], Field(description="Sources that have the column; empty: all.")] = ()


class KeyRule(ContractModel):
    """How a participant's key is read before it is replaced by a keyed hash."""

    column: Annotated[ColumnName | None, Field(description="The column with the key; empty: the row number.")]
    normalise: Annotated[
        tuple[Literal["strip", "upper", "lower", "remove_spaces", "remove_dashes", "strip_leading_zeros"], ...],
        Field(description="Applied in this order before keys are compared."),
    ] = ("strip",)
    pattern: Annotated[str | None, Field(description="A regular expression the normalised key must match.")] = None


class ArmSource(ContractModel):
    """Where a participant's arm is read: from a column of `participants`, or from the unit they belong to."""

    column: Annotated[ColumnName | None, Field(description="A column of the participants that holds the arm.")] = None
    level: Annotated[str | None, Field(description="A level whose units each have an `arm`.")] = None


class Participants(ContractModel):
    """Where the participants come from."""

    source: Annotated[
        str,
        Field(
            description="The id of the source: a file of their own, or one with waves. Other sources of the same wave, "
            "as where two countries send a file each, give baseline columns too."
        ),
    ]
    wave: Annotated[
        str | None, Field(description="In a long source: the wave whose rows give the baseline columns.")
    ] = None
    arm: Annotated[ArmSource, Field(description="Where each participant's arm is read.")]
    entry_date: Annotated[ColumnName | None, Field(description="The column with the date of entry.")] = None
    completion_date: Annotated[ColumnName | None, Field(description="The column with the date of completion.")] = None
    country: Annotated[
        ColumnName | None, Field(description="The column with the country, where there are several.")
    ] = None
    is_complete: Annotated[
        bool,
        Field(
            description="True: everybody is in the source; an answer under a key that is not is quarantined, and "
            "proposed as a link where the key is near one that is."
        ),
    ] = False
    coverage: Annotated[
        Literal["everybody", "complete_cases"],
        Field(
            description="Whom the files hold: `everybody` enrolled, or only `complete_cases`, who answered every wave: "
            "attrition is unknown then, and the report says so."
        ),
    ] = "everybody"
    link_on: Annotated[
        dict[ColumnName, ColumnName],
        Field(description="Column of the waves -> the participants' column that agrees with it in a good link."),
    ] = {}


class Privacy(ContractModel):
    """What protects the participants."""

    threshold: Annotated[int, Field(ge=1, description="Published counts from 1 to one less are suppressed.")] = 10
    personal_columns: Annotated[
        tuple[ColumnName, ...], Field(description="Columns, as files have them, dropped before anything is stored.")
    ] = ()
    consent: Annotated[Text | None, Field(description="What the participants agreed to, for the report.")] = None
