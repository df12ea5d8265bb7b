"""Turn what pydantic says about one file into problems that a person can act on, one line a place.

pydantic reports each branch of a union by itself, under a path that holds the names of the branches. Here a path is
followed through the file as it was written, whatever is no key or index in it is dropped, and what is said about one
place becomes one line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import ValidationError

from increase_eval.study.documents import Document
from increase_eval.study.problems import Path, Problem, did_you_mean, shown

_WANTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a number that is not infinite",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "date_type": "a date such as 2021-03-31",
    "date_parsing": "a date such as 2021-03-31",
    "date_from_datetime_parsing": "a date such as 2021-03-31",
    "date_from_datetime_inexact": "a date such as 2021-03-31",
    "tuple_type": "a list",
    "list_type": "a list",
    "dict_type": "a mapping (key: value)",
    "mapping_type": "a mapping (key: value)",
    "model_type": "a mapping (key: value)",
    "model_attributes_type": "a mapping (key: value)",
}
_BOUNDS = {
    "greater_than": ("gt", "more than"),
    "greater_than_equal": ("ge", "at least"),
    "less_than": ("lt", "less than"),
    "less_than_equal": ("le", "at most"),
}
_PATTERNS = {
    "^[a-z][a-z0-9_]*$": "an id: lower-case letters, digits and underscores, starting with a letter",
    "^[A-Z]{3}$": "three capital letters, such as EUR",
}


def problems_of(error: ValidationError, document: Document) -> list[Problem]:
    """Give the problems that pydantic found in one file, in the order of its lines.

    Parameters
    ----------
    error
        What pydantic raised for the whole file.
    document
        The file as it was written.

    Returns
    -------
    list of Problem
        One for each place; what several branches of a union wanted is joined.
    """
    by_place: dict[tuple[Path, bool], list[Mapping[str, Any]]] = {}
    for one in error.errors(include_url=False):
        loc = one["loc"]
        by_place.setdefault((_place(loc, document.value), loc[-1:] == ("[key]",)), []).append(one)
    places = [path for path, _ in by_place]
    problems = []
    for (path, is_key), errors in by_place.items():
        # The branch of a union that the value was never meant for complains at the union itself, the right one
        # further down; and a list whose elements are wrong is counted as if it had none.
        if not is_key and _lies_above(path, places):
            errors = [one for one in errors if one["type"] not in _WANTED and one["type"] != "too_short"]
        if errors:
            message = f"the key {_message(errors)}" if is_key else _message(errors)
            problems.append(Problem(document.name, document.line_of(path), path, message))
    return sorted(problems, key=lambda problem: problem.line or 0)


def _place(loc: Iterable[Any], value: Any) -> Path:
    """Follow a path of pydantic through the file, and leave out what is no place in it."""
    path: Path = ()
    steps = list(loc)
    for index, step in enumerate(steps):
        key = _key_of(step, value)
        if key is not None:
            path, value = (*path, key[0]), value[key[0]]
        elif isinstance(value, dict) and index == len(steps) - 1 and str(step).isidentifier():
            path = (*path, step)  # a key that is missing
        elif isinstance(value, list) and isinstance(step, int):
            path = (*path, step)  # an element that is missing
    return path


def _key_of(step: Any, value: Any) -> tuple[Any] | None:
    """Give the key of a mapping or index of a list that a step means, or None where it is the name of a branch."""
    if isinstance(value, dict):
        return next(((key,) for key in value if key == step or str(key) == str(step)), None)
    if isinstance(value, list) and isinstance(step, int) and 0 <= step < len(value):
        return (step,)
    return None


def _lies_above(path: Path, places: Iterable[Path]) -> bool:
    return any(len(other) > len(path) and other[: len(path)] == path for other in places)


def _message(errors: list[Mapping[str, Any]]) -> str:
    wanted = list(dict.fromkeys(_WANTED[one["type"]] for one in errors if one["type"] in _WANTED))
    others = list(dict.fromkeys(_one_message(one) for one in errors if one["type"] not in _WANTED))
    if wanted:
        value = errors[0]["input"]
        quote = "; put it in quotes" if "a text" in wanted and isinstance(value, (bool, float)) else ""
        others.insert(0, f"{shown(value)} is not {' or '.join(wanted)}{quote}")
    return "; ".join(others)


def _one_message(one: Mapping[str, Any]) -> str:
    kind, value, context = one["type"], one["input"], one.get("ctx") or {}
    if kind == "literal_error":
        allowed = re.findall(r"'([^']*)'", context["expected"])
        listed = ", ".join(allowed) or context["expected"]
        return f"{shown(value)} is not allowed; allowed: {listed}{did_you_mean(value, allowed)}"
    if kind == "string_pattern_mismatch":
        return f"{shown(value)} is not {_PATTERNS.get(context['pattern'], 'of the form ' + context['pattern'])}"
    if kind in _BOUNDS:
        name, words = _BOUNDS[kind]
        return f"{shown(value)} is out of bounds; allowed: {words} {context[name]:g}"
    if kind in ("string_too_short", "too_short"):
        unit = "characters" if kind == "string_too_short" else "elements"
        return f"{shown(value)} is too short; at least {context['min_length']} {unit} needed"
    if kind in ("string_too_long", "too_long"):
        unit = "characters" if kind == "string_too_long" else "elements"
        return f"{shown(value)} is too long; at most {context['max_length']} {unit} allowed"
    if kind == "missing":
        return "a value is missing here"
    return str(one["msg"]).removeprefix("Value error, ")
