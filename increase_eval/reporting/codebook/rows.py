"""How does a codebook look as rows? Lists of texts in one language, for the page, the workbook, the CSV."""

from __future__ import annotations

from collections.abc import Mapping

from increase_eval.reporting.codebook.dictionary import Codebook, ColumnEntry
from increase_eval.reporting.translations import Translator
from increase_eval.study.instruments import Scale

TYPE_KEYS: Mapping[str, str] = {
    "integer": "codebook.type_integer",
    "number": "codebook.type_number",
    "category": "codebook.type_category",
    "boolean": "codebook.type_boolean",
    "date": "codebook.type_date",
    "text": "codebook.type_text",
}
REASON_KEYS: Mapping[str, str] = {
    "refused": "codebook.reason_refused",
    "not_asked": "codebook.reason_not_asked",
    "left": "codebook.reason_left",
    "unknown": "codebook.reason_unknown",
}
SEVERITY_KEYS: Mapping[str, str] = {
    "value": "codebook.severity_value",
    "row": "codebook.severity_row",
    "stop": "codebook.severity_stop",
}
SCORING_KEYS: Mapping[str, str] = {
    "sum": "codebook.scoring_sum",
    "mean": "codebook.scoring_mean",
    "prorated": "codebook.scoring_prorated",
    "0-100": "codebook.scoring_0_100",
    "single": "codebook.scoring_single",
    "norm_weighted": "codebook.scoring_norm_weighted",
}


def column_heads(text: Translator) -> list[str]:
    """Give the heads of :func:`column_row`."""
    keys = ("table", "name", "label", "type", "values", "missing", "range", "waves", "sources", "scales", "rule")
    return [text(_HEADS[key]) for key in keys]


_HEADS: Mapping[str, str] = {
    "table": "codebook.head_table",
    "name": "codebook.head_name",
    "label": "codebook.head_label",
    "type": "codebook.head_type",
    "values": "codebook.head_values",
    "missing": "codebook.head_missing",
    "range": "codebook.head_range",
    "waves": "codebook.head_waves",
    "sources": "codebook.head_sources",
    "scales": "codebook.head_scales",
    "rule": "codebook.head_rule",
}


def column_row(entry: ColumnEntry, text: Translator) -> list[str]:
    """Give one column of the dictionary as texts, in the order of :func:`column_heads`."""
    values = "; ".join(f"{code} = {labels[text.language]}" for code, labels in entry.values)
    missing = "; ".join(
        f"{', '.join(map(str, codes))} = {text(REASON_KEYS[reason])}" for reason, codes in entry.missing
    )
    reversed_mark = text("codebook.reversed")
    scales = "; ".join(f"{scale} ({reversed_mark})" if is_reversed else scale for scale, is_reversed in entry.scales)
    return [
        entry.table,
        entry.name,
        entry.labels[text.language],
        text(TYPE_KEYS[entry.type]),
        values,
        missing,
        "" if entry.range is None else text("codebook.from_to", low=f"{entry.range[0]:g}", high=f"{entry.range[1]:g}"),
        ", ".join(entry.waves),
        "; ".join(entry.sources),
        scales,
        _rule(entry, text),
    ]


def _rule(entry: ColumnEntry, text: Translator) -> str:
    parts = []
    if entry.is_required:
        parts.append(text("codebook.rule_required"))
    if entry.is_unique:
        parts.append(text("codebook.rule_unique"))
    if entry.severity:
        parts.append(text(SEVERITY_KEYS[entry.severity]))
    return "; ".join(parts)


def value_rows(codebook: Codebook, text: Translator) -> list[list[str]]:
    """Give one row a code: table, column, code, label, and the reason where the code means missing."""
    rows = []
    for entry in codebook.entries:
        rows += [[entry.table, entry.name, str(code), labels[text.language], ""] for code, labels in entry.values]
        rows += [
            [entry.table, entry.name, str(code), "", text(REASON_KEYS[reason])]
            for reason, codes in entry.missing
            for code in codes
        ]
    return rows


def value_heads(text: Translator) -> list[str]:
    """Give the heads of :func:`value_rows`."""
    first = [text(_HEADS[key]) for key in ("table", "name")]
    return [*first, text("codebook.head_code"), text(_HEADS["label"]), text("codebook.head_reason")]


def scale_heads(text: Translator) -> list[str]:
    """Give the heads of :func:`scale_rows`."""
    return [
        text("codebook.head_scale"),
        text(_HEADS["label"]),
        text("codebook.head_items"),
        text("codebook.head_scoring"),
        text("codebook.head_minimum"),
        text(_HEADS["range"]),
        text("codebook.head_reversed"),
        text("codebook.head_direction"),
        text("codebook.head_citation"),
        text("codebook.head_licence"),
    ]


def scale_rows(codebook: Codebook, text: Translator) -> list[list[str]]:
    """Give one row a scale, subscales included, in the order of :func:`scale_heads`."""
    return [_scale_row(scale, text) for scale in codebook.study.scales]


def _scale_row(scale: Scale, text: Translator) -> list[str]:
    directions = {
        "higher_is_better": text("codebook.higher_is_better"),
        "lower_is_better": text("codebook.lower_is_better"),
    }
    pair = scale.range
    return [
        scale.id,
        scale.labels.in_language(text.language) if scale.labels else scale.id,
        ", ".join(scale.items),
        text("codebook.scoring_delivered") if scale.delivered else text(SCORING_KEYS[scale.rule]),
        "" if scale.delivered else str(scale.required_count),
        "" if pair is None else text("codebook.from_to", low=f"{pair[0]:g}", high=f"{pair[1]:g}"),
        ", ".join(scale.reversed),
        directions[scale.direction],
        scale.citation or "",
        scale.licence or "",
    ]
