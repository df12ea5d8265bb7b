"""The scales of a study: which items make them, how they are scored, and what is known about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from increase_eval.study.base import Code, ColumnName, ContractModel, Identifier, Text

Rule = Literal["sum", "mean", "prorated", "0-100", "single", "norm_weighted"]


class Norm(ContractModel):
    """Mean and standard deviation of one component in the norm population, and its weight in the score."""

    mean: float
    sd: Annotated[float, Field(gt=0)]
    weight: float


class RecodeWhen(ContractModel):
    """A recode of one item that depends on the answer to another."""

    item: ColumnName
    when_item: ColumnName
    when_values: Annotated[tuple[Code, ...], Field(description="Codes of the other item; empty: not answered.")] = ()
    recode: Annotated[dict[Code, float], Field(min_length=1)]


class SmallestEffect(ContractModel):
    """The smallest effect of interest, declared before looking, with its source."""

    value: Annotated[float, Field(gt=0)]
    unit: Literal["points", "sd"]
    source: Annotated[str, Field(min_length=3)]


class Scale(ContractModel):
    """One scale: from item codes to a score.

    Codes are first recoded (`recode_when` where its condition holds, `recode` else), then reversed
    (low + high - code, within the item's range), then combined by `rule`:

    - ``sum``: the sum of the answered items, missing ones counting nothing unless `minimum_answered` forbids it;
    - ``prorated``: the mean of the answered items times the number of items;
    - ``mean``: the mean of the answered items;
    - ``0-100``: 100 times the sum of (code - low) over the sum of (high - low), over the answered items;
    - ``single``: the one item;
    - ``norm_weighted``: centre + spread times the sum of weight x (component - norm mean) / norm sd, where the
      items are the scores of other scales.
    """

    id: Identifier
    items: Annotated[tuple[ColumnName, ...], Field(min_length=1)]
    range: Annotated[tuple[float, float] | None, Field(description="Lowest and highest code, after recoding.")] = None
    item_ranges: Annotated[dict[ColumnName, tuple[float, float]], Field(description="Where one item differs.")] = {}
    reversed: tuple[ColumnName, ...] = ()
    recode: Annotated[dict[ColumnName, dict[Code, float]], Field(description="Item -> code -> value.")] = {}
    recode_when: tuple[RecodeWhen, ...] = ()
    rule: Rule = "mean"
    minimum_answered: Annotated[int | None, Field(ge=1, description="A count; empty: all items.")] = None
    labels: Annotated[Text | None, Field(description="The name that readers see.")] = None
    subscales: Annotated[
        dict[Identifier, tuple[ColumnName, ...]], Field(description="Suffix -> items; scored by the same rule.")
    ] = {}
    subscale_labels: dict[Identifier, Text] = {}
    subscale_minimum_answered: dict[Identifier, int] = {}
    norms: Annotated[dict[ColumnName, Norm], Field(description="For norm_weighted: one a component.")] = {}
    centre: Annotated[float, Field(description="For norm_weighted.")] = 50.0
    spread: Annotated[float, Field(description="For norm_weighted.")] = 10.0
    delivered: Annotated[bool, Field(description="The files hold the score; items were not delivered.")] = False
    shipped_score: Annotated[
        ColumnName | None, Field(description="A conformed column with the score by others, to compare with.")
    ] = None
    role: Literal["outcome", "predictor", "satisfaction", "component"] = "outcome"
    direction: Literal["higher_is_better", "lower_is_better"] = "higher_is_better"
    smallest_effect: SmallestEffect | None = None
    substitute_for: Annotated[Text | None, Field(description="The measure it stands in for, and why.")] = None
    cut_offs: Annotated[dict[Identifier, float], Field(description="Published cut-offs, for figures.")] = {}
    licence: str | None = None
    citation: str | None = None

    @field_validator("range", "item_ranges", mode="after")
    @classmethod
    def _low_before_high(cls, value: object) -> object:
        pairs = value.values() if isinstance(value, dict) else [value] if value is not None else []
        for low, high in pairs:  # type: ignore[misc]
            if low >= high:
                raise ValueError(f"[{low:g}, {high:g}]: the lowest code comes first and differs from the highest")
        return value

    @model_validator(mode="after")
    def _hangs_together(self) -> Scale:
        problems = list(self._problems())
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _problems(self) -> Iterator[str]:
        repeated = sorted({item for item in self.items if self.items.count(item) > 1})
        if repeated:
            yield f"items {repeated} stand twice in scale {self.id!r}"
        named = {
            "reversed": self.reversed,
            "recode": tuple(self.recode),
            "item_ranges": tuple(self.item_ranges),
            "norms": tuple(self.norms),
            "recode_when": tuple(recode.item for recode in self.recode_when),
            "subscales": tuple(item for items in self.subscales.values() for item in items),
        }
        for field, items in named.items():
            for item in sorted(set(items) - set(self.items)):
                yield f"`{field}` names {item!r}, which is no item of scale {self.id!r}; items: {', '.join(self.items)}"
        if self.minimum_answered is not None and self.minimum_answered > len(self.items):
            yield f"`minimum_answered` is {self.minimum_answered}, and there are {len(self.items)} items"
        if self.rule == "single" and len(self.items) != 1:
            yield f"rule single takes one item, and scale {self.id!r} has {len(self.items)}"
        if self.rule == "norm_weighted" and set(self.norms) != set(self.items):
            yield "rule norm_weighted needs `norms` for every item"
        for item in [*self.reversed, *(self.items if self.rule == "0-100" else ())]:
            if item in self.items and self.range_of(item) is None:
                yield f"item {item!r} needs `range` or `item_ranges`: it is reversed or rescaled"
        for field, names in (("labels", self.subscale_labels), ("minimum_answered", self.subscale_minimum_answered)):
            for name in sorted(set(names) - set(self.subscales)):
                yield f"`subscale_{field}` names {name!r}, which is no subscale of {self.id!r}"

    def range_of(self, item: str) -> tuple[float, float] | None:
        """Give the lowest and highest code of an item after recoding, or None where none is declared."""
        return self.item_ranges.get(item, self.range)

    @property
    def required_count(self) -> int:
        """How many items must be answered for a score."""
        return len(self.items) if self.minimum_answered is None else self.minimum_answered

    def subscale(self, name: str) -> Scale:
        """Give one subscale as a scale of its own, with id ``<scale>_<name>``."""
        if name not in self.subscales:
            raise ValueError(f"scale {self.id!r} has no subscale {name!r}; it has: {', '.join(self.subscales) or '-'}")
        items = self.subscales[name]
        kept = {
            "item_ranges": {item: pair for item, pair in self.item_ranges.items() if item in items},
            "reversed": tuple(item for item in self.reversed if item in items),
            "recode": {item: codes for item, codes in self.recode.items() if item in items},
            "recode_when": tuple(recode for recode in self.recode_when if recode.item in items),
            "minimum_answered": self.subscale_minimum_answered.get(name),
            "labels": self.subscale_labels.get(name, self.labels),
            "subscales": {},
            "subscale_labels": {},
            "subscale_minimum_answered": {},
            "shipped_score": None,
            "smallest_effect": None,
            "cut_offs": {},
        }
        return Scale.model_validate({**self.model_dump(), "id": f"{self.id}_{name}", "items": items, **kept})


class Instruments(ContractModel):
    """The file ``instruments.yaml``."""

    scales: tuple[Scale, ...] = ()

    def every_scale(self) -> tuple[Scale, ...]:
        """Give all scales and subscales, components before the scores that are made from them."""
        flat = [scale for top in self.scales for scale in (top, *(top.subscale(name) for name in top.subscales))]
        return tuple(sorted(flat, key=lambda scale: scale.rule == "norm_weighted"))
