"""A study: everything under one folder of ``data_contracts/``, and what it is able to do."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from increase_eval.study.base import ContractModel, Identifier, SharedText, Text
from increase_eval.study.claims import PublishedPlan
from increase_eval.study.cohort import Assumptions, CohortPlan
from increase_eval.study.instruments import Instruments, Scale
from increase_eval.study.plan import AnalysisPlan
from increase_eval.study.plan_record import PlanRecords
from increase_eval.study.services import PathwayStep, ServiceStatistics
from increase_eval.study.sources import Source
from increase_eval.study.structure import (
    Arm,
    Level,
    Participants,
    Period,
    Privacy,
    RowRule,
    StateVariable,
    Wave,
)
from increase_eval.study.tables import Column, Table


class StudyHead(ContractModel):
    """The file ``study.yaml``."""

    id: Annotated[Identifier, Field(description="What everything else calls the study: the name of its folder.")]
    title: Annotated[Text, Field(description="The title of the report.")]
    description: Annotated[Text, Field(description="What the programme is, in two or three sentences.")]
    provenance: Annotated[
        Literal["real", "synthetic"], Field(description="Synthetic data say so on every table, figure and page.")
    ]
    data_date: Annotated[
        SharedText, Field(description="What the report prints as the date of the data; one text where both agree.")
    ]
    data_source: Annotated[Text, Field(description="Who collected the data, and where they are published.")]
    allocation: Annotated[
        Literal["randomised", "not_randomised"],
        Field(description="Whether chance alone decided who came into which arm."),
    ]
    time_unit: Annotated[
        Literal["days", "weeks", "months", "years"], Field(description="The unit of the waves' `time`.")
    ] = "months"
    waves: Annotated[tuple[Wave, ...], Field(min_length=1, description="The waves, in order.")]
    arms: Annotated[tuple[Arm, ...], Field(min_length=1, description="The reference first.")]
    control_arm: Annotated[str | None, Field(description="The arm without the programme, where there is one.")] = None
    levels: Annotated[
        tuple[Level, ...], Field(description="What participants are grouped by, from the finest to the coarsest.")
    ] = ()
    states: Annotated[
        tuple[StateVariable, ...], Field(description="Statuses measured at several waves, such as employment.")
    ] = ()
    sources: Annotated[tuple[Source, ...], Field(min_length=1, description="The raw files.")]
    participants: Annotated[Participants, Field(description="Where the participants and their arms are read.")]
    quarantine: Annotated[tuple[RowRule, ...], Field(description="Rules that send whole rows to quarantine.")] = ()
    periods: Annotated[tuple[Period, ...], Field(description="Stretches of calendar time that matter.")] = ()
    privacy: Annotated[Privacy, Field(description="What protects the participants.")] = Privacy()
    notes: Annotated[tuple[Text, ...], Field(description="What the report says about these data, as they are.")] = ()


class Study(ContractModel):
    """One study, read and checked.

    Attributes
    ----------
    head, instruments, analysis, services
        The files ``study.yaml``, ``instruments.yaml``, ``analysis.yaml`` and ``service_statistics.yaml`` (or None).
    cohort, assumptions, published
        The files ``synthetic.yaml``, ``assumptions.yaml`` and ``published.yaml``, each or None.
    plan_record
        The file ``plan_record.yaml``, or None: which comparisons were declared when.
    tables
        File stem -> the tables of ``waves/``.
    folder
        Where the contract was read.
    contract_hash
        SHA-256 over the names and bytes of the contract's files.
    """

    head: StudyHead
    instruments: Instruments
    analysis: AnalysisPlan
    services: ServiceStatistics | None = None
    cohort: CohortPlan | None = None
    assumptions: Assumptions | None = None
    published: PublishedPlan | None = None
    plan_record: PlanRecords | None = None
    tables: dict[str, Table]
    folder: Path
    contract_hash: str

    @property
    def id(self) -> str:
        """The study's id."""
        return self.head.id

    @property
    def wave_ids(self) -> tuple[str, ...]:
        """The ids of the waves, in order."""
        return tuple(wave.id for wave in self.head.waves)

    @property
    def arm_ids(self) -> tuple[str, ...]:
        """The ids of the arms, the reference first."""
        return tuple(arm.id for arm in self.head.arms)

    @cached_property
    def scales(self) -> tuple[Scale, ...]:
        """Every scale and subscale, components before the scores that are made from them."""
        return self.instruments.every_scale()

    def scale(self, scale_id: str) -> Scale:
        """Give one scale or subscale by id."""
        for scale in self.scales:
            if scale.id == scale_id:
                return scale
        raise ValueError(f"study {self.id!r} has no scale {scale_id!r}; it has: {', '.join(s.id for s in self.scales)}")

    def wave(self, wave_id: str) -> Wave:
        """Give one wave by id."""
        for wave in self.head.waves:
            if wave.id == wave_id:
                return wave
        raise ValueError(f"study {self.id!r} has no wave {wave_id!r}; it has: {', '.join(self.wave_ids)}")

    @property
    def participant_columns(self) -> tuple[Column, ...]:
        """The contracted columns of `participants`."""
        return tuple(c for table in self.tables.values() if table.table == "participants" for c in table.columns)

    def wave_columns(self, wave_id: str) -> tuple[Column, ...]:
        """Give the contracted columns of one wave."""
        return tuple(
            column
            for table in self.tables.values()
            if wave_id in table.waves
            for column in table.columns
            if not column.waves or wave_id in column.waves
        )

    def table_of(self, column: Column) -> Table:
        """Give the table that a contracted column stands in (for its value sets)."""
        for table in self.tables.values():
            if any(column is own for own in table.columns):
                return table
        raise ValueError(f"column {column.name!r} is in no table of study {self.id!r}")

    def scale_waves(self, scale: Scale) -> tuple[str, ...]:
        """Give the waves that ask at least one item of a scale."""
        asked = {wave: {column.name for column in self.wave_columns(wave)} for wave in self.wave_ids}
        items = set(self.leaf_items(scale))
        return tuple(wave for wave in self.wave_ids if items & asked[wave])

    def leaf_items(self, scale: Scale) -> tuple[str, ...]:
        """Give the items that a scale rests on in the end: those of its components, where it is made from scores."""
        if scale.rule != "norm_weighted":
            return scale.items
        components = {component.id: component for component in self.scales}
        return tuple(
            leaf for item in scale.items for leaf in (components[item].items if item in components else (item,))
        )

    @property
    def site_level(self) -> Level | None:
        """The finest level a participant belongs to, where the study has sites."""
        return next((level for level in self.head.levels if level.is_site), None)

    @property
    def surveyed_step(self) -> PathwayStep | None:
        """The step of the pathway whose people the survey asks and the register dates; the last, where it is several.

        None where the service counts nothing, no wave says among whom it asks, or the register dates no such step.
        """
        asked = {wave.among_step for wave in self.head.waves}
        dated = {column.name for column in self.participant_columns}
        steps = self.services.steps if self.services is not None else ()
        found = [step for step in steps if step.id in asked and step.register_column in dated]
        return found[-1] if found else None

    @property
    def is_synthetic(self) -> bool:
        """Whether the data are made up, which every table, figure and page then says."""
        return self.head.provenance == "synthetic"

    @cached_property
    def capabilities(self) -> frozenset[str]:
        """What this study can do, derived from its contract alone.

        ``items`` (item-level answers), ``states``, ``services``, ``costs``, ``control_arm``, ``sites``,
        ``complete_list`` (a list of everybody who takes part), ``predictors``, ``published`` (figures by others to
        regenerate), ``repeated`` (two waves or more), ``randomised``, ``value_for_money`` (costs, and a plan for them),
        ``arms`` (two or more), ``satisfaction`` (a scale of it).
        """
        answers = {
            "items": any(not scale.delivered for scale in self.scales),
            "scales": bool(self.scales),
            "complete_list": self.head.participants.is_complete,
            "states": bool(self.head.states),
            "services": self.services is not None,
            "costs": self.services is not None and self.services.has_costs,
            "control_arm": self.head.control_arm is not None,
            "sites": self.site_level is not None,
            "predictors": any(scale.role == "predictor" for scale in self.scales),
            "published": (self.folder / "published.csv").is_file(),
            "repeated": len(self.head.waves) > 1,
            "randomised": self.head.allocation == "randomised",
            "value_for_money": self.services is not None
            and self.services.has_costs
            and self.analysis.value_for_money is not None,
            "arms": len(self.head.arms) > 1,
            "satisfaction": any(scale.role == "satisfaction" for scale in self.scales),
        }
        return frozenset(name for name, able in answers.items() if able)
