"""How does a machine read the codebook? As one data package with a JSON Table Schema for each stored table.

Notes
-----
The descriptors follow Frictionless Data Package and Table Schema (version 2), with `labels` and `categories` holding
English and French side by side.

References
----------
Frictionless Data, *Table Schema*, https://datapackage.org/standard/table-schema/
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from increase_eval.reporting.codebook.dictionary import Codebook, ColumnEntry
from increase_eval.reporting.codebook.stored import ESTIMATE_TABLE, KEYS

_FIELD_TYPES: Mapping[str, str] = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "text": "string",
}


def data_package(codebook: Codebook) -> dict[str, Any]:
    """Describe a study as a Frictionless data package, one resource a stored table.

    Every table of estimates has the fields of ``estimateTableSchema``.
    """
    head = codebook.study.head
    tables = codebook.by_table()
    estimates = [_field(entry) for entry in tables.pop(ESTIMATE_TABLE, ())]
    return {
        "$schema": "https://datapackage.org/profiles/2.0/datapackage.json",
        "name": head.id.replace("_", "-"),
        "title": head.title.en,
        "labels": head.title.model_dump(),
        "description": head.description.en,
        "synthetic": codebook.study.is_synthetic,
        "contractHash": codebook.study.contract_hash,
        "resources": [_resource(table, entries) for table, entries in tables.items()],
        "estimateTableSchema": {"fields": estimates},
    }


def _resource(table: str, entries: tuple[ColumnEntry, ...]) -> dict[str, Any]:
    schema: dict[str, Any] = {"fields": [_field(entry) for entry in entries], "missingValues": [""]}
    key = _primary_key(table)
    if key and set(key) <= {entry.name for entry in entries}:
        schema["primaryKey"] = list(key)
    if table != "participants" and any(entry.name == "participant" for entry in entries):
        reference = {"resource": "participants", "fields": ["participant"]}
        schema["foreignKeys"] = [{"fields": ["participant"], "reference": reference}]
    return {"name": table, "path": f"{table}.parquet", "format": "parquet", "schema": schema}


def _primary_key(table: str) -> tuple[str, ...]:
    is_one_row_each = table == "participants" or table.startswith("wave_")
    return ("participant",) if is_one_row_each else KEYS.get(table, ())


def _field(entry: ColumnEntry) -> dict[str, Any]:
    field: dict[str, Any] = {"name": entry.name, "type": _field_type(entry), "title": entry.labels["en"]}
    field["labels"] = dict(entry.labels)
    constraints: dict[str, Any] = {}
    if entry.is_required:
        constraints["required"] = True
    if entry.is_unique:
        constraints["unique"] = True
    if entry.range is not None:
        constraints |= {"minimum": entry.range[0], "maximum": entry.range[1]}
    if constraints:
        field["constraints"] = constraints
    if entry.values:
        # A scale may label its ends alone, so that the labelled codes are no closed list of what is allowed.
        field["categories"] = [
            {"value": code, "label": labels["en"], "labels": dict(labels)} for code, labels in entry.values
        ]
    if entry.missing:
        field["missingReasons"] = {reason: list(codes) for reason, codes in entry.missing}
    optional = {"waves": entry.waves, "sources": entry.sources, "severity": entry.severity}
    field |= {name: list(value) if isinstance(value, tuple) else value for name, value in optional.items() if value}
    if entry.scales:
        field["scales"] = [{"scale": scale, "reversed": is_reversed} for scale, is_reversed in entry.scales]
    return field


def _field_type(entry: ColumnEntry) -> str:
    if entry.type != "category":
        return _FIELD_TYPES[entry.type]
    codes = [code for code, _ in entry.values]
    return "integer" if codes and all(isinstance(code, int) for code in codes) else "string"
