"""What is concluded from an analysis: which number, of what, and on which side of a bound."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Rule = str | Callable[[Mapping[str, float]], bool]
Numbers = Mapping[str, float]

QUANTITIES = ("estimate", "conf_low", "conf_high", "p_value", "statistic")
SIGNS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_CLAUSE = re.compile(r"^\s*(\w+)\s*(<=|>=|<|>)\s*([-+]?\d+(?:\.\d*)?(?:[eE][-+]?\d+)?)\s*$")
_ALLOWED = (
    "clauses such as 'conf_low > 0', joined by 'and', after 'term at visit:' if need be; a clause is one of "
    f"difference, {', '.join(QUANTITIES)}, then <, <=, > or >=, then a number"
)


@dataclass(frozen=True, slots=True)
class Clause:
    """One number and its bound."""

    quantity: str
    sign: str
    bound: float

    def holds(self, numbers: Numbers) -> bool:
        """Tell whether it is true of these numbers."""
        return bool(SIGNS[self.sign](numbers[self.quantity], self.bound))


@dataclass(frozen=True, slots=True)
class Conclusion:
    """A statement about one coefficient, or a combination of some, at one visit or at each.

    Attributes
    ----------
    rule
        Clauses such as ``"conf_low > 0"`` or ``"conf_low <= 0 and conf_high >= 0"`` on ``estimate`` (also written
        ``difference``), ``conf_low``, ``conf_high``, ``p_value`` and ``statistic``; or a function of a mapping of these
        (and ``std_error``, ``df``) that gives True or False.
    formula
        The analysis; by default the outcome on the arm alone.
    term
        Coefficient, or coefficients with their weights. By default the one that is no intercept, if there is one only.
        Of a repeated-measures fit: an arm, or arms with weights, such as ``{"new": 1, "old": -1}``.
    visit
        By default each visit.
    change_from
        Visit: the change since it is meant.
    states
        Of an outcome with levels: those that count; by default the second of two.
    confidence
        Of ``conf_low`` and ``conf_high``.
    family
        Of an outcome with levels: ``gaussian`` for differences of shares, ``binomial`` for log odds.
    """

    rule: Rule
    formula: str | None = None
    term: str | Mapping[str, float] | None = None
    visit: Any = None
    change_from: Any = None
    states: tuple[Any, ...] = ()
    confidence: float = 0.95
    family: Literal["gaussian", "binomial"] = "gaussian"

    def __post_init__(self) -> None:
        if isinstance(self.rule, str):
            read_clauses(self.rule)

    @property
    def clauses(self) -> tuple[Clause, ...]:
        """The clauses of a rule in words; none of a function."""
        return read_clauses(self.rule) if isinstance(self.rule, str) else ()

    @property
    def text(self) -> str:
        """The rule in words."""
        return self.rule if isinstance(self.rule, str) else getattr(self.rule, "__name__", "a function")

    def holds(self, numbers: Numbers) -> bool:
        """Tell whether it is true of an estimate with its error and interval."""
        if isinstance(self.rule, str):
            return all(clause.holds(numbers) for clause in self.clauses)
        return bool(self.rule(numbers))


def read_clauses(rule: str) -> tuple[Clause, ...]:
    """Read a rule.

    Raises
    ------
    ValueError
        If it cannot be read.
    """
    found = []
    for part in rule.split(" and "):
        match = _CLAUSE.match(part)
        quantity = {"difference": "estimate"}.get(match.group(1), match.group(1)) if match else ""
        if match is None or quantity not in QUANTITIES:
            raise ValueError(f"conclusion {rule!r} cannot be read; allowed: {_ALLOWED}")
        found.append(Clause(quantity, match.group(2), float(match.group(3))))
    return tuple(found)


def read_conclusion(conclusion: Conclusion | Rule) -> Conclusion:
    """Read a conclusion from words or a function.

    Raises
    ------
    ValueError
        If the words cannot be read.
    TypeError
        If it is neither.

    Examples
    --------
    >>> read_conclusion("arm[T.new] at T3: conf_low > 0").term
    'arm[T.new]'
    """
    if isinstance(conclusion, Conclusion):
        return conclusion
    if callable(conclusion):
        return Conclusion(conclusion)
    if not isinstance(conclusion, str):
        raise TypeError(f"conclusion is {type(conclusion).__name__}; allowed: a Conclusion, a function, or {_ALLOWED}")
    where, found, rule = conclusion.rpartition(": ")
    term, _, visit = where.rpartition(" at ") if " at " in where else (where, "", "")
    return Conclusion(rule, term=term.strip() or None, visit=visit.strip() or None) if found else Conclusion(rule)
