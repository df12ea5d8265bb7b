"""Which values can a printed figure stand for? An exact interval with open or closed ends, from how it is printed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Literal, TypeAlias, get_args

Kind: TypeAlias = Literal["rounded", "truncated", "exact", "at_least", "more_than", "at_most", "under"]
Half: TypeAlias = Literal["usual", "up", "even", "any"]

PERCENT = 100
_THOUSANDS = re.compile(r"[+-]?[0-9]{1,3}(,[0-9]{3})+([.][0-9]*)?")


@dataclass(frozen=True, slots=True)
class Printed:
    """The values that a printed figure can stand for.

    Attributes
    ----------
    low, high
        The ends, exact; None: open-ended. A share is a proportion, so that 9.5 % lies around 19/200.
    low_open, high_open
        Whether the end itself is left out.
    """

    low: Fraction | None
    high: Fraction | None
    low_open: bool = False
    high_open: bool = False


def printed(
    text: str | int,
    *,
    kind: Kind = "rounded",
    percent: bool = False,
    step: str | int | None = None,
    half: Half = "usual",
) -> Printed:
    """Which values can a printed figure stand for?

    Parameters
    ----------
    text
        The figure as it is printed, such as ``"9.5"``: its decimals say how it was rounded. Spaces and commas
        between thousands are taken out; a comma anywhere else is refused, since it may be a decimal comma.
    kind
        ``rounded``; ``truncated`` (cut off); ``exact``; ``at_least``; ``more_than`` ("over"); ``at_most`` ("up to");
        ``under``.
    percent
        Whether the figure is in per cent; the values are then proportions.
    step
        What it was rounded to, where the decimals do not say it: 100 for "about 4,000".
    half
        Who gets the values halfway: ``up`` (away from nought), ``even`` (to the even digit), ``usual`` (whatever one of
        these two allows), ``any`` (both ends belong to it).

    Returns
    -------
    Printed
        The exact interval.

    Raises
    ------
    ValueError
        If the text is no number, or an option is unknown.

    Notes
    -----
    With the step s, a rounded figure v stands for v - s/2 to v + s/2. Rounding half up takes in the lower end and
    leaves out the upper one; rounding half to even takes in both ends where the last digit of v is even, and neither
    where it is odd. Below nought the ends change places.

    References
    ----------
    IEEE (2019). Standard for floating-point arithmetic, section 4.3. doi:10.1109/IEEESTD.2019.8766229.

    Checked against Python's ``decimal``, whose rounding of every proportion of small counts falls into the interval of
    what it gives, and into no other.

    Examples
    --------
    >>> printed("9.5", percent=True)
    Printed(low=Fraction(189, 2000), high=Fraction(191, 2000), low_open=False, high_open=True)
    >>> printed("4,000", step=100, kind="truncated").high
    Fraction(4100, 1)
    """
    for name, option, allowed in (("kind", kind, get_args(Kind)), ("half", half, get_args(Half))):
        if option not in allowed:
            raise ValueError(f"{name} is {option!r}; allowed: {', '.join(allowed)}")
    number, unit = _number(text), _step(text, step)
    scale = PERCENT if percent else 1
    value = number / scale
    if kind == "exact":
        return Printed(value, value)
    if kind in ("at_least", "more_than"):
        return Printed(value, None, low_open=kind == "more_than")
    if kind in ("at_most", "under"):
        return Printed(None, value, high_open=kind == "under")
    if kind == "truncated":
        ends = (value, value + unit / scale) if number >= 0 else (value - unit / scale, value)
        return Printed(*ends, low_open=number < 0, high_open=number >= 0)
    half_step = unit / scale / 2
    outer_open, inner_open = _open_ends(half, is_even=(number / unit) % 2 == 0)
    low_open, high_open = (inner_open, outer_open) if number >= 0 else (outer_open, inner_open)
    return Printed(value - half_step, value + half_step, low_open, high_open)


def _open_ends(half: Half, *, is_even: bool) -> tuple[bool, bool]:
    """Say whether the end away from nought, and the one towards it, are left out."""
    if half == "any":
        return False, False
    if half == "up":
        return True, False
    return not is_even, half == "even" and not is_even


def _number(text: str | int) -> Fraction:
    return Fraction(_decimal(text))


def _decimal(text: str | int) -> Decimal:
    cleaned = "".join(str(text).split())
    if "," in cleaned and _THOUSANDS.fullmatch(cleaned) is None:
        raise ValueError(f"{text!r}: a comma parts thousands here; allowed: digits with a decimal point, such as '9.5'")
    cleaned = cleaned.replace(",", "")
    try:
        value = Decimal(cleaned)
    except InvalidOperation:
        raise ValueError(f"{text!r} is no number; allowed: digits with a decimal point, such as '9.5'") from None
    if not value.is_finite():
        raise ValueError(f"{text!r} is no number; allowed: digits with a decimal point, such as '9.5'")
    return value


def _step(text: str | int, step: str | int | None) -> Fraction:
    if step is None:
        exponent = _decimal(text).as_tuple().exponent
        return Fraction(10) ** min(int(exponent), 0)
    value = _number(step)
    if value <= 0:
        raise ValueError(f"step is {step!r}; allowed: a number above 0")
    return value
