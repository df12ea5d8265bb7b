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
    "analysis_plan": {
        "family": ("category", "The family of comparisons"),
        "estimand": ("category", "What is estimated"),
        "contrast": ("category", "Which arms are compared"),
        "outcome": ("category", "The scale or state variable"),
        "wave": ("category", "The wave"),
        "margin": ("number", "The smallest difference that matters"),
        "margin_unit": ("category", "points, or sd: standard deviations at the first wave"),
        "error_rate": ("number", "The error rate that the family shares"),
        "family_size": ("integer", "How many comparisons share it"),
        "adjustment": ("category", "How p values are adjusted"),
        "exploratory": ("boolean", "Whether it is reported without a claim"),
        "digest": ("text", "A hash of what is compared, and by which rules"),
        "plan_hash": ("text", "A hash of all comparisons of the plan"),
        "recorded_on": ("text", "The day on which it was first recorded as it is now"),
        "status": ("category", "declared, post hoc, or not recorded"),
    },
    "identification": {
        "contrast": ("category", "Which arms are compared"),
        "factor": ("category", "What people are grouped by; all: everything together"),
        "relation": ("category", "How its levels lie over the two arms"),
        "label": ("category", "Whether a difference can be put down to the arms"),
        "needs": ("text", "The assumptions it needs, or what it cannot be told from"),
        "levels_first": ("integer", "Levels that occur with the arm that is subtracted"),
        "levels_second": ("integer", "Levels that occur with the other arm"),
        "levels_shared": ("integer", "Levels that occur with both"),
        "via": ("text", "Arms that link the two, where no level has both"),
    },
}

_LEDGER: Mapping[str, tuple[StoredType, str]] = {
    "claim": ("category", "The claim, as published.csv calls it"),
    "kind": ("category", "What kind of claim it is"),
    "source": ("category", "The document"),
    "status": ("category", "regenerated, differs, infeasible, not identified or not computable"),
    "verdict": ("category", "Whether a test shows it"),
    "p_value": ("number", "The p value of the test"),
    "parts_failing": ("text", "What of it is not shown"),
    "robustness": ("text", "How many estimates of a rise, each arm under each way to treat those who left, are rises"),
    "asset": ("text", "The table in which the numbers stand"),
    "figure": ("text", "The figure in which they stand"),
    "reason": ("text", "Why nothing came of it, as the contract says"),
}
_LEDGER_NUMBERS: Mapping[str, tuple[StoredType, str]] = {
    "estimate": ("number", "The recomputed figure"),
    "n": ("integer", "Its denominator, or the count itself"),
    "conf_low": ("number", "The lower end of its interval"),
    "conf_high": ("number", "The upper end of its interval"),
}

CLAIMS_COLUMNS: Mapping[str, Mapping[str, tuple[StoredType, str]]] = {
    **_COLUMNS,
    **{f"{SAFE}{table}": columns for table, columns in _COLUMNS.items()},
    "claims_ledger": {**_LEDGER, **_LEDGER_NUMBERS},
    f"{SAFE}claims_ledger": _LEDGER,
}
"""Table -> column -> type and meaning, as stored and as they leave: nothing in them has to be withheld."""
