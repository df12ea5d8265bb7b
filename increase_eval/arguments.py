"""Is an argument of the kind that a function takes? What is not is refused by name, before it fails further inside."""

from __future__ import annotations

from numbers import Integral
from typing import Any

import numpy as np


def require_text(formula: Any) -> str:
    """Give a formula that is text, and refuse anything else."""
    if not isinstance(formula, str):
        raise TypeError(f"the formula is a {type(formula).__name__}; allowed: text such as 'score ~ arm'")
    return formula


def require_number(value: Any, name: str) -> float:
    """Give a number as a float, and refuse text and anything else (a missing number is NaN)."""
    told = f"{name} is {value!r}; allowed: a number"
    if isinstance(value, str | bytes) or np.ndim(value) != 0:
        raise ValueError(told)
    try:
        return float(value)
    except (TypeError, ValueError) as error:
        raise ValueError(told) from error


def is_whole(value: Any) -> bool:
    """Tell whether a value is a whole number."""
    return isinstance(value, Integral) and not isinstance(value, bool)


def require_generator(rng: Any, *, optional: bool = False) -> None:
    """Refuse a source of randomness that is no numpy Generator, such as a bare seed."""
    if not (isinstance(rng, np.random.Generator) or (optional and rng is None)):
        raise ValueError(f"rng is {rng!r}; allowed: a numpy Generator, such as numpy.random.default_rng(seed)")
