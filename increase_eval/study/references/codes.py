"""The codes of a column, and when two spellings are the same code to a reader of files."""

from __future__ import annotations

from increase_eval.study.cursor import Cursor, is_number
from increase_eval.study.references.names import Names


def code_key(value: object) -> str | None:
    """Give what two spellings of one code have in common: 1, 1.0 and "1" are one code, as are "Yes" and "yes".

    Examples
    --------
    >>> code_key(1.0) == code_key("1"), code_key(" Yes") == code_key("yes"), code_key("01") == code_key(1)
    (True, True, False)
    """
    if isinstance(value, bool) or value is None:
        return None
    if is_number(value):
        return f"{value:.15g}"
    return value.strip().casefold() if isinstance(value, str) else None


def value_labels(column: Cursor, tables: list[Cursor]) -> list[Cursor]:
    """Give the value labels of a column, through the named set where it names one."""
    values = column["values"]
    if values.word is None:
        return [*values]
    table = next((one for one in tables if one.document is column.document), None)
    return [*table["value_sets"][values.word]] if table is not None else []


def codes_of(names: Names, column: Cursor) -> dict[str, object]:
    """Give the codes that a column declares: key -> code. Empty where it declares none."""
    labelled = [label["code"].value for label in value_labels(column, names.tables)]
    return {key: value for value in labelled if (key := code_key(value)) is not None}


def bounds_of(names: Names, column: Cursor) -> tuple[float, float] | None:
    """Give the lowest and highest code that a column allows, from its range or else from its value labels."""
    if column["range"].pair is not None:
        return column["range"].pair
    numbers = [float(value) for value in codes_of(names, column).values() if is_number(value)]  # type: ignore[arg-type]
    return (min(numbers), max(numbers)) if numbers and column["range"].value is None else None
