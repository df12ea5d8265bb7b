"""How published claims that are no figure are judged: the part `judged` of ``published.yaml``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from increase_eval.study.base import ContractModel, Finding, Text

NEEDED = {
    "rise": ("outcomes", "since", "wave"),
    "order_of_figures": ("figures",),
    "order_of_means": ("outcomes", "wave", "arms"),
    "unit": ("level", "unit", "arm"),
    "not_separable": ("factors",),
    "no_control": (),
    "not_identified": ("reason",),
    "unavailable": ("reason",),
}


class Judged(ContractModel):
    """How claims that are no figure are judged.

    - ``rise``: each of `outcomes` rises from `since` to `wave`, significantly; and, where `uniform`, alike in all arms:
      an intersection-union test over the rises and over equivalence in every contrast;
    - ``order_of_figures``: the recomputed figures come in the order of `figures`, highest first, ties together;
    - ``order_of_means``: the means of the one outcome at `wave` come in the order of `arms`, highest first;
    - ``unit``: `unit` of `level` has `arm` and the attributes of `where`;
    - ``not_separable``: in every contrast the arms cannot be told from at least one of `factors`;
    - ``no_control``: there is no control arm, and chance did not allocate;
    - ``not_identified``: it claims a cause that the design cannot show; `reason` says why;
    - ``unavailable``: these inputs cannot give it; `reason` says why.
    """

    ids: Annotated[tuple[str, ...], Field(min_length=1, description="Ids of `published.csv`.")]
    kind: Annotated[
        Literal[
            "rise",
            "order_of_figures",
            "order_of_means",
            "unit",
            "not_separable",
            "no_control",
            "not_identified",
            "unavailable",
        ],
        Field(description="How they are judged; see above."),
    ]
    outcomes: Annotated[tuple[str, ...], Field(description="Scales.")] = ()
    since: Annotated[str | None, Field(description="The earlier wave.")] = None
    wave: Annotated[str | None, Field(description="The wave.")] = None
    uniform: Annotated[bool, Field(description="Whether the rise is claimed to be alike in all arms.")] = False
    figures: Annotated[
        tuple[tuple[str, ...], ...], Field(description="Ids of recomputed figures, highest first, ties together.")
    ] = ()
    arms: Annotated[tuple[tuple[str, ...], ...], Field(description="Arms, highest first, ties together.")] = ()
    level: Annotated[str | None, Field(description="A level of `study.yaml`.")] = None
    unit: Annotated[str | None, Field(description="A unit of it.")] = None
    arm: Annotated[str | None, Field(description="The arm of the unit.")] = None
    where: Annotated[dict[str, str], Field(description="Attributes of the unit.")] = {}
    factors: Annotated[tuple[str, ...], Field(description="Columns that people are grouped by.")] = ()
    reason: Annotated[Text | None, Field(description="Why it cannot be judged.")] = None

    def findings(self) -> Iterator[Finding]:
        """Give what a kind lacks."""
        absent = [name for name in NEEDED[self.kind] if not getattr(self, name)]
        if absent:
            yield Finding(f"a claim of kind {self.kind} needs {', '.join(f'`{name}`' for name in absent)}", ("kind",))
