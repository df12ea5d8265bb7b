"""Columns of the stored tables of what may be said that hold no estimates: rules, readings and labels, no people."""

from collections.abc import Mapping

from increase_eval.reporting.codebook.stored import StoredType
from pipelines.names import SAFE

_COLUMNS: Mapping[str, Mapping[str, tuple[StoredType, str]]] = {
    "feasible_counts": {
        "item": ("category", "count, option (one way to read what was printed) or conflict"),
        "id": ("text", "The count, the choice that the option belongs to, or the number of the conflict"),
        "option": ("text", "The option, or the options under which statements contradict each other"),
        "reading": ("category", "taken: the readings taken; any: any reading without a contradiction"),
        "low": ("integer", "The smallest value of the count"),
        "high": ("integer", "The largest value of the count; missing where nothing bounds it"),
        "values": ("text", "Every value, where there are few; for an option: the options that it needs"),
        "status": ("category", "What is left of the count, or whether the option is possible"),
        "statements": ("text", "What contradicts the option, or each other"),
        "mended_by": ("text", "Which of the statements, left out alone, would end the contradiction"),
    },
}

CLAIMS_COLUMNS: Mapping[str, Mapping[str, tuple[StoredType, str]]] = {
    **_COLUMNS,
    **{f"{SAFE}{table}": columns for table, columns in _COLUMNS.items()},
}
"""Table -> column -> type and meaning, as stored and as they leave: nothing in them has to be withheld."""
