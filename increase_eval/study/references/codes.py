"""The codes of a column, and when two of them are the same."""

from __future__ import annotations

from increase_eval.study.cursor import Cursor, is_number
from increase_eval.study.references.names import Names


def spelling(value: object) -> str | None:
    """Give what a cell of a file would have to hold to be read as a code, exactly: 1, 1.0 and "1" are spelt alike.

    Examples
    --------
    >>> spelling(1.0) == spelling("1"), spelling(" Yes") == spelling("yes"), spelling("01") == spelling(1)
    (True, False, False)
    """
    if isinstance(value, bool) or value is None:
        return None
    if is_number(value):
        return f"{value:.15g}"
    return value.strip() if isinstance(value, str) else None


def folded(value: object) -> str | None:
    """Give what a cell would have to hold to be read as a name of an arm or unit, whatever its case."""
    text = spelling(value)
    return text.casefold() if text is not None else None


def code_key(value: object) -> tuple[bool, str] | None:
    """Give what makes a code that code where codes are compared with codes: a number is not the word it is written as.

    Examples
    --------
    >>> code_key(1.0) == code_key(1), code_key("1") == code_key(1)
    (True, False)
    """
    text = spelling(value)
    return (is_number(value), text) if text is not None else None


def value_labels(column: Cursor, tables: list[Cursor]) -> list[Cursor]:
    """Give the value labels of a column, through the named set where it names one."""
    values = column["values"]
    if values.word is None:
        return [*values]
    table = next((one for one in tables if one.document is column.document), None)
    return [*table["value_sets"][values.word]] if table is not None else []


def codes_of(names: Names, column: Cursor) -> dict[tuple[bool, str], object]:
    """Give the codes that a column declares: key -> code. Empty where it declares none."""
    labelled = [label["code"].value for label in value_labels(column, names.tables)]
    return {key: value for value in labelled if (key := code_key(value)) is not None}


def bounds_of(names: Names, column: Cursor) -> tuple[float, float] | None:
    """Give the lowest and highest code that a column allows, from its range or else from its value labels."""
    if column["range"].pair is not None:
        return column["range"].pair
    numbers = [float(value) for value in codes_of(names, column).values() if is_number(value)]  # type: ignore[arg-type]
    return (min(numbers), max(numbers)) if numbers and column["range"].value is None else None
