"""Counts behind published figures, and what was printed of them: the part `counts` of ``published.yaml``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field

from increase_eval.study.base import ContractModel, Finding, Identifier, Text, Word


class UnknownCount(ContractModel):
    """A whole number of people behind published figures."""

    id: Annotated[Identifier, Field(description="What statements call it.")]
    label: Annotated[Text, Field(description="The name that readers see.")]


class ReadingOption(ContractModel):
    """One way to read what was printed."""

    id: Annotated[Identifier, Field(description="What statements call it.")]
    label: Annotated[Text, Field(description="The reading, in words.")]


class ReadingChoice(ContractModel):
    """Something in the documents that can be read in several ways."""

    id: Annotated[Identifier, Field(description="What statements call it.")]
    label: Annotated[Text, Field(description="What it is that can be read in several ways.")]
    options: Annotated[
        tuple[ReadingOption, ...], Field(min_length=2, description="The readings; the one that is taken comes first.")
    ]


class CountStatement(ContractModel):
    """What was printed of counts, or what they have to do with each other.

    - With `figure`: the figure of ``published.csv`` is the sum of `part`, or its share of the sum of `among`.
    - With `id`: the sum of `part` is `sign` the sum of `other`.
    """

    figure: Annotated[str | None, Field(description="An id of `published.csv`.")] = None
    id: Annotated[Identifier | None, Field(description="For a relation: what results call it.")] = None
    label: Annotated[Text | None, Field(description="For a relation: what it says.")] = None
    part: Annotated[tuple[str, ...], Field(min_length=1, description="Counts that are added up.")]
    among: Annotated[tuple[str, ...], Field(description="For a share: counts whose sum is the denominator.")] = ()
    complement: Annotated[
        bool, Field(description="True: the printed share is that of everybody who is not in `part`.")
    ] = False
    sign: Annotated[Literal["<=", "=", ">="] | None, Field(description="For a relation: how both sides compare.")] = (
        None
    )
    other: Annotated[tuple[str, ...], Field(description="For a relation: counts of the other side.")] = ()
    printed: Annotated[
        Literal["as_listed", "exact", "rounded", "truncated"],
        Field(description="How the printed number is meant; `as_listed`: by its value type, or its low and high."),
    ] = "as_listed"
    step: Annotated[int | None, Field(gt=0, description="What a rounded or truncated number was rounded to.")] = None
    under: Annotated[
        dict[str, str], Field(description="Choice -> the option under which it holds; empty: it always does.")
    ] = {}

    def findings(self) -> Iterator[Finding]:
        """Give what does not hang together."""
        if (self.figure is None) == (self.id is None):
            yield Finding("a statement has either `figure` or `id`", uses=("figure", "id"))
        if self.figure is None and (self.sign is None or self.label is None):
            yield Finding("a relation needs `sign` and `label`", uses=("figure", "sign", "label"))
        if self.figure is not None and (self.sign is not None or self.other):
            yield Finding("a figure has no `sign` and no `other`", uses=("figure", "sign", "other"))
        if self.complement and not self.among:
            yield Finding("`complement` needs `among`", uses=("complement", "among"))


class CountSystem(ContractModel):
    """Which counts of people are consistent with all published figures at once, and under which readings."""

    unknowns: Annotated[tuple[UnknownCount, ...], Field(min_length=1, description="The counts.")]
    choices: Annotated[tuple[ReadingChoice, ...], Field(description="What can be read in several ways.")] = ()
    statements: Annotated[tuple[CountStatement, ...], Field(min_length=1, description="What is known of them.")]

    def findings(self) -> Iterator[Finding]:
        """Give names that are not known, or that stand twice."""
        counts = [count.id for count in self.unknowns]
        options = {choice.id: [option.id for option in choice.options] for choice in self.choices}
        yield from _twice(counts, "count", "unknowns")
        yield from _twice([choice.id for choice in self.choices], "choice", "choices")
        for at, one in enumerate(self.statements):
            for field in ("part", "among", "other"):
                for name in getattr(one, field):
                    if name not in counts:
                        message = f"{name!r} is no count; allowed: {', '.join(counts)}"
                        yield Finding(message, ("statements", at, field), ("unknowns", "statements"))
            for choice, option in one.under.items():
                allowed = options.get(choice)
                if allowed is None or option not in allowed:
                    known = ", ".join(options) if allowed is None else ", ".join(allowed)
                    message = f"{choice!r}: {option!r} is no reading; allowed: {known}"
                    yield Finding(message, ("statements", at, "under"), ("choices", "statements"))


def _twice(names: list[Word], what: str, field: str) -> Iterator[Finding]:
    for name in sorted({name for name in names if names.count(name) > 1}):
        yield Finding(f"the {what} {name!r} stands twice", (field,), (field,))
