"""To what can a difference between arms be put down? A label with the assumptions it needs, or what it may also be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

Label: TypeAlias = Literal["identified", "identified under assumption", "not separable", "not estimable"]
Kind: TypeAlias = Literal["unconfounded", "additive", "indirect", "exchangeable", "unknown"]

IDENTIFIED: Label = "identified"
ASSUMED: Label = "identified under assumption"
NOT_SEPARABLE: Label = "not separable"
NOT_ESTIMABLE: Label = "not estimable"


@dataclass(frozen=True, slots=True)
class Assumption:
    """What has to be true for a difference to be put down to the arm.

    Attributes
    ----------
    kind
        ``unconfounded``: who came into which arm has nothing else to do with the outcome. ``additive``: the difference
        is the same in every level of the factor. ``indirect``: the same, and the arms are compared through others.
        ``exchangeable``: the levels of the factor differ between arms as they do within them. ``unknown``: the factor,
        which is not known in one of the arms, does not matter.
    factor
        The factor; empty for ``unconfounded``.
    """

    kind: Kind
    factor: str = ""

    def __str__(self) -> str:
        return f"{self.kind}({self.factor})" if self.factor else self.kind


@dataclass(frozen=True, slots=True)
class Attribution:
    """To what a difference can be put down.

    Attributes
    ----------
    label
        ``identified``, ``identified under assumption``, ``not separable`` or ``not estimable``.
    assumptions
        All that it needs, for ``identified under assumption``.
    factors
        What it cannot be told from, all together, for ``not separable``.
    """

    label: Label
    assumptions: tuple[Assumption, ...] = ()
    factors: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse a label without what it rests on."""
        if (self.label == ASSUMED) != bool(self.assumptions) or (self.label == NOT_SEPARABLE) != bool(self.factors):
            raise ValueError(
                f"{self.label!r} with assumptions {[str(one) for one in self.assumptions]} and factors "
                f"{list(self.factors)}; allowed: assumptions for {ASSUMED!r} alone, factors for {NOT_SEPARABLE!r} alone"
            )

    def __str__(self) -> str:
        rest = ", ".join([*map(str, self.assumptions), *self.factors])
        return f"{self.label}: {rest}" if rest else self.label
