"""The scales of a study: which items make them, how they are scored, and what is known about them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from increase_eval.study.base import Code, ColumnName, ContractModel, Finding, Identifier, SharedText, Text
from increase_eval.study.problems import unknown_text

Rule = Literal["sum", "mean", "prorated", "0-100", "single", "norm_weighted"]

_At = tuple[str | int | float, ...]


class Norm(ContractModel):
    """Mean and standard deviation of one component in the norm population, and its weight in the score."""

    mean: Annotated[float, Field(description="Mean of the component in the norm population.")]
    sd: Annotated[float, Field(gt=0, description="Its standard deviation there.")]
    weight: Annotated[float, Field(description="Its weight in the score.")]


class RecodeWhen(ContractModel):
    """A recode of one item that depends on the answer to another."""

    item: Annotated[ColumnName, Field(description="The item that is recoded.")]
    when_item: Annotated[ColumnName, Field(description="The item whose answer decides.")]
    when_values: Annotated[tuple[Code, ...], Field(description="Codes of the other item; empty: not answered.")] = ()
    recode: Annotated[dict[Code, float], Field(min_length=1, description="Code -> value, where the condition holds.")]


class SmallestEffect(ContractModel):
    """The smallest effect of interest, declared before looking, with its source."""

    value: Annotated[float, Field(gt=0, description="The size of the effect.")]
    unit: Annotated[
        Literal["points", "sd"],
        Field(description="`points` of the score, or `sd`: standard deviations at the first wave."),
    ]
    source: Annotated[SharedText, Field(description="Where the value comes from.")]


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

    id: Annotated[Identifier, Field(description="What everything else calls the scale.")]
    items: Annotated[
        tuple[ColumnName, ...],
        Field(min_length=1, description="The conformed columns it is made from; for norm_weighted, other scales."),
    ]
    range: Annotated[tuple[float, float] | None, Field(description="Lowest and highest code, after recoding.")] = None
    item_ranges: Annotated[dict[ColumnName, tuple[float, float]], Field(description="Where one item differs.")] = {}
    reversed: Annotated[tuple[ColumnName, ...], Field(description="Items whose codes run the other way.")] = ()
    recode: Annotated[dict[ColumnName, dict[Code, float]], Field(description="Item -> code -> value.")] = {}
    recode_when: Annotated[
        tuple[RecodeWhen, ...], Field(description="Recodes of an item that depend on the answer to another.")
    ] = ()
    rule: Annotated[
        Rule,
        Field(description="How the items make the score; see above."),
    ] = "mean"
    minimum_answered: Annotated[int | None, Field(ge=1, description="A count; empty: all items.")] = None
    labels: Annotated[Text | None, Field(description="The name that readers see.")] = None
    subscales: Annotated[
        dict[Identifier, tuple[ColumnName, ...]], Field(description="Suffix -> items; scored by the same rule.")
    ] = {}
    subscale_labels: Annotated[dict[Identifier, Text], Field(description="Suffix -> the name that readers see.")] = {}
    subscale_minimum_answered: Annotated[
        dict[Identifier, int], Field(description="Suffix -> a count; empty: all its items.")
    ] = {}
    norms: Annotated[dict[ColumnName, Norm], Field(description="For norm_weighted: one a component.")] = {}
    centre: Annotated[float, Field(description="For norm_weighted.")] = 50.0
    spread: Annotated[float, Field(description="For norm_weighted.")] = 10.0
    delivered: Annotated[bool, Field(description="The files hold the score; items were not delivered.")] = False
    shipped_score: Annotated[
        ColumnName | None, Field(description="A conformed column with the score by others, to compare with.")
    ] = None
    role: Annotated[
        Literal["outcome", "predictor", "satisfaction", "component"],
        Field(description="What the scale is for: outcome, predictor, satisfaction, or component of another."),
    ] = "outcome"
    direction: Annotated[
        Literal["higher_is_better", "lower_is_better"], Field(description="Whether a high score is a good one.")
    ] = "higher_is_better"
    smallest_effect: Annotated[SmallestEffect | None, Field(description="The smallest effect of interest.")] = None
    substitute_for: Annotated[Text | None, Field(description="The measure it stands in for, and why.")] = None
    cut_offs: Annotated[dict[Identifier, float], Field(description="Published cut-offs, for figures.")] = {}
    licence: Annotated[str | None, Field(description="Under which terms the scale may be used.")] = None
    citation: Annotated[str | None, Field(description="Authors, year, DOI.")] = None

    def findings(self) -> Iterator[Finding]:
        """Give what does not hang together: repeated items, names that are no item, impossible counts and ranges."""
        for index, item in enumerate(self.items):
            if item in self.items[:index]:
                yield Finding(f"item {item!r} stands twice in the scale", ("items", index))
        for at, item in self._named_items():
            if item not in self.items:
                yield Finding(unknown_text(item, "item of the scale", self.items), at, uses=("items",))
        yield from self._range_findings()
        yield from self._count_findings()
        if self.rule == "single" and len(self.items) != 1:
            yield Finding(f"the rule single takes one item, and the scale has {len(self.items)}", ("rule",), ("items",))
        for item in self.items if self.rule == "norm_weighted" else ():
            if item not in self.norms:
                yield Finding(f"the rule norm_weighted needs a norm for {item!r}", ("norms",), ("items", "norms"))
        if self.norms and self.rule != "norm_weighted":
            yield Finding(f"norms are for the rule norm_weighted, and this one is {self.rule}", ("norms",), ("rule",))

    def _named_items(self) -> Iterator[tuple[_At, str]]:
        for index, item in enumerate(self.reversed):
            yield ("reversed", index), item
        for field, by_item in (("recode", self.recode), ("item_ranges", self.item_ranges), ("norms", self.norms)):
            for item in by_item:
                yield (field, item), item
        for index, recode in enumerate(self.recode_when):
            yield ("recode_when", index, "item"), recode.item
        for name, items in self.subscales.items():
            for index, item in enumerate(items):
                yield ("subscales", name, index), item

    def _range_findings(self) -> Iterator[Finding]:
        ranges: dict[_At, tuple[float, float]] = {("item_ranges", item): p for item, p in self.item_ranges.items()}
        if self.range is not None:
            ranges[("range",)] = self.range
        for at, (low, high) in ranges.items():
            if low >= high:
                yield Finding(f"[{low:g}, {high:g}]: the lowest code comes first and differs from the highest", at)
        wanting: list[tuple[_At, str]] = [(("reversed", index), item) for index, item in enumerate(self.reversed)]
        wanting += [(("items", index), item) for index, item in enumerate(self.items) if self.rule == "0-100"]
        for at, item in wanting:
            if item in self.items and self.range_of(item) is None:
                why = "it is reversed" if at[0] == "reversed" else "the rule 0-100 rescales it"
                needed = f"item {item!r} needs `range` or `item_ranges`: {why}"
                yield Finding(needed, at, ("items", "range", "item_ranges", "rule"))
        yield from self._recode_findings()
        for index, item in enumerate(self.reversed):
            if item in self.reversed[:index]:
                yield Finding(f"item {item!r} stands twice in `reversed`", ("reversed", index))

    def _recode_findings(self) -> Iterator[Finding]:
        values: list[tuple[_At, str, float]] = [
            (("recode", item, code), item, value)
            for item, codes in self.recode.items()
            for code, value in codes.items()
        ]
        for index, recode in enumerate(self.recode_when):
            values += [(("recode_when", index, "recode", c), recode.item, value) for c, value in recode.recode.items()]
        for at, item, value in values:
            pair = self.range_of(item)
            if pair is not None and not pair[0] <= value <= pair[1]:
                message = f"{value:g} lies outside the range of {item!r}, which holds after recoding"
                yield Finding(f"{message}; allowed: {pair[0]:g} to {pair[1]:g}", at, ("range", "item_ranges"))

    def _count_findings(self) -> Iterator[Finding]:
        counts: list[tuple[_At, int, int, str]] = [
            (
                ("subscale_minimum_answered", name),
                least,
                len(self.subscales.get(name, self.items)),
                f"subscale {name!r}",
            )
            for name, least in self.subscale_minimum_answered.items()
        ]
        if self.minimum_answered is not None:
            counts.append((("minimum_answered",), self.minimum_answered, len(self.items), "the scale"))
        for at, least, count, whose in counts:
            if not 1 <= least <= count:
                yield Finding(
                    f"{least} items cannot be answered: {whose} has {count}; allowed: 1 to {count}", at, ("items",)
                )
        for field in ("subscale_labels", "subscale_minimum_answered"):
            for name in getattr(self, field):
                if name not in self.subscales:
                    yield Finding(
                        unknown_text(name, "subscale of the scale", self.subscales), (field, name), ("subscales",)
                    )
        for name, items in self.subscales.items():
            for index, item in enumerate(items):
                if item in items[:index]:
                    yield Finding(f"item {item!r} stands twice in the subscale", ("subscales", name, index))

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

    scales: Annotated[
        tuple[Scale, ...], Field(description="The scales of the study; none where there are no answers to score.")
    ] = ()

    def every_scale(self) -> tuple[Scale, ...]:
        """Give all scales and subscales, components before the scores that are made from them."""
        flat = [scale for top in self.scales for scale in (top, *(top.subscale(name) for name in top.subscales))]
        return tuple(sorted(flat, key=lambda scale: scale.rule == "norm_weighted"))
