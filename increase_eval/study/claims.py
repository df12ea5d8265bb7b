"""How the figures that others published are worked out again: the file ``published.yaml`` beside ``published.csv``."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, model_validator

from increase_eval.study.base import Code, ColumnName, ContractModel, Text
from increase_eval.study.costs import Currency
from increase_eval.study.counts import CountSystem
from increase_eval.study.judged import Judged

Kind = Literal[
    "units",
    "pathway_steps",
    "arms",
    "target",
    "service_count",
    "service_share",
    "target_share",
    "cost_total",
    "participants_share",
    "response_rate",
    "arm_share",
    "state_moved",
    "state_unchanged",
]


class Recipe(ContractModel):
    """How one published figure is worked out.

    - ``units``: how many units of `level` have the attributes of `where`;
    - ``pathway_steps``, ``arms``: how many the contract has;
    - ``target``: the value of `target`;
    - ``service_count``: the service's count of `steps` together, until `until`, of units with attributes `where`;
    - ``service_share``: that count over the count of `among`;
    - ``target_share``: that count over the value of `target`;
    - ``cost_total``: all costs together in `currency`, others turned into it by the contract's exchange rates;
    - ``participants_share``: the share of `codes` in `column`, of participants who have it and reached `among`;
    - ``response_rate``: respondents of `wave` over the service's count of `among`;
    - ``arm_share``: the share of `arm` among the respondents of `wave`;
    - ``state_moved``: of those who answered both `since` and `wave`, in `arm`, the share out of work at `since` and in
      one of `states` at `wave`; of those out of work at `since` only, where `out_of_work_only`;
    - ``state_unchanged``: of those who answered both, the share in the same state.
    """

    kind: Annotated[Kind, Field(description="How it is worked out; see above.")]
    level: Annotated[str | None, Field(description="A level of `study.yaml`.")] = None
    where: Annotated[dict[str, str], Field(description="Attributes that the units have.")] = {}
    steps: Annotated[
        tuple[str, ...], Field(description="Steps of `service_statistics.yaml` whose counts are added.")
    ] = ()
    among: Annotated[str | None, Field(description="The step that is the denominator.")] = None
    until: Annotated[date | None, Field(description="The last day that counts.")] = None
    target: Annotated[str | None, Field(description="A target of `service_statistics.yaml`.")] = None
    currency: Annotated[Currency | None, Field(description="The currency that costs are added up in.")] = None
    column: Annotated[ColumnName | None, Field(description="A column of the participants.")] = None
    codes: Annotated[tuple[Code, ...], Field(description="Codes that count.")] = ()
    unit: Annotated[str | None, Field(description="Only participants of this unit of `level`.")] = None
    wave: Annotated[str | None, Field(description="The wave.")] = None
    since: Annotated[str | None, Field(description="The earlier wave.")] = None
    arm: Annotated[str | None, Field(description="Only this arm; empty: all.")] = None
    variable: Annotated[str | None, Field(description="A state variable.")] = None
    states: Annotated[tuple[str, ...], Field(description="States reached.")] = ()
    out_of_work_only: Annotated[bool, Field(description="True: of those out of work at `since` only.")] = False

    @model_validator(mode="after")
    def _has_what_its_kind_needs(self) -> Recipe:
        needed = {
            "units": ("level",),
            "target": ("target",),
            "service_count": ("steps",),
            "service_share": ("steps", "among"),
            "target_share": ("steps", "target"),
            "cost_total": ("currency",),
            "participants_share": ("column", "codes"),
            "response_rate": ("wave", "among"),
            "arm_share": ("wave", "arm"),
            "state_moved": ("variable", "since", "wave", "states"),
            "state_unchanged": ("variable", "since", "wave"),
        }.get(self.kind, ())
        absent = [name for name in needed if not getattr(self, name)]
        if absent:
            raise ValueError(f"a figure of kind {self.kind} needs {', '.join(f'`{name}`' for name in absent)}")
        return self


class Unavailable(ContractModel):
    """Published figures that these inputs cannot give, and why."""

    ids: Annotated[tuple[str, ...], Field(min_length=1, description="Ids of `published.csv`.")]
    reason: Annotated[Text, Field(description="Why they cannot be worked out.")]


class Contradiction(ContractModel):
    """Published figures that do not fit together, with the reading that is taken."""

    ids: Annotated[tuple[str, ...], Field(min_length=1, description="Ids of `published.csv`.")]
    reading: Annotated[Text, Field(description="What does not fit, and how it is read.")]


class PublishedPlan(ContractModel):
    """The file ``published.yaml``: every row of ``published.csv`` is recomputed, or unavailable, or no number."""

    recomputed: Annotated[dict[str, Recipe], Field(description="Id -> how it is worked out.")]
    not_computable: Annotated[tuple[Unavailable, ...], Field(description="Figures that these inputs cannot give.")] = ()
    contradictions: Annotated[
        tuple[Contradiction, ...], Field(description="What the report says of figures that do not fit together.")
    ] = ()
    judged: Annotated[tuple[Judged, ...], Field(description="How claims that are no figure are judged.")] = ()
    counts: Annotated[
        CountSystem | None, Field(description="Counts of people behind the figures, and what was printed of them.")
    ] = None
