"""What is known of each stored table before it is made: columns, types and labels, from contract and codebook."""

from collections.abc import Iterator, Mapping
from functools import lru_cache

import dagster as dg

from increase_eval.attrition.imputed_scales.draws import DRAW, DRAWS
from increase_eval.reporting.codebook import ColumnEntry, build_codebook
from increase_eval.reporting.codebook.stored import DERIVED_COLUMNS, ESTIMATE_TABLE, StoredType
from increase_eval.study import Study
from pipelines.claims_tables import CLAIMS_COLUMNS
from pipelines.figure_tables import DRAWN_COLUMNS
from pipelines.names import IMPUTED_DRAWS, SAFE, grouped_by
from pipelines.provenance import static_metadata

OPTIONAL = "optional"
"""The tag of columns that a table has only where the files let them be worked out."""

OPEN_SHAPE = "An estimate table: columns that start with by_ say what it is split by."
"""The constraint of tables whose columns are not named one by one: they have the shape of every estimate table."""

OWN_COLUMNS: Mapping[str, Mapping[str, tuple[StoredType, str]]] = {
    **CLAIMS_COLUMNS,
    **DRAWN_COLUMNS,
    "duplicates": {
        "file": ("text", "The raw file of the row that was left out"),
        "row": ("integer", "Its row, as a spreadsheet shows it"),
        "wave": ("category", "The wave it belongs to"),
        "kept_file": ("text", "The raw file of the row that was kept"),
        "kept_row": ("integer", "Its row, as a spreadsheet shows it"),
        "rule": ("text", "The rule that chose between them"),
    },
    "findings": {
        "kind": ("category", "What kind of finding it is"),
        "file": ("text", "The raw file"),
        "row": ("integer", "The row, as a spreadsheet shows it"),
        "column": ("text", "The column, as the file has it"),
        "wave": ("category", "The wave"),
        "n": ("integer", "How many rows or cells it is about"),
        "message": ("text", "What was found, and what to do"),
    },
    f"{SAFE}reconciliation_exceptions": {
        "rule": ("text", "The rule that does not hold"),
        "unit": ("category", "The unit that the service counts by"),
        "months": ("integer", "In how many months"),
        "first": ("date", "The first of them"),
        "last": ("date", "The last of them"),
        "largest_gap": ("integer", "By how many people at most; nothing where that is a small number"),
    },
    f"{SAFE}record_counts": {
        "file": ("text", "The raw file; all: every file"),
        "outcome": ("category", "What became of the rows"),
        "rule": ("text", "The rule that quarantined them; all: whatever it was"),
        "count": ("number", "How many, or nothing where it is suppressed"),
        "status": ("category", "Whether the count is suppressed"),
    },
}
"""Stored tables that the codebook leaves out, since nobody analyses them: column -> type and meaning."""


DRAW_KEYS: Mapping[str, tuple[StoredType, str]] = {
    "participant": ("text", "The participant"),
    "wave": ("category", "The wave without a score"),
    "arm": ("category", "The arm"),
    "status": ("category", "Whether it could be drawn, and with which covariates"),
}
"""Columns of a table of draws, one a scale; then one a draw."""

SAFE_AS_STORED = ("item_table", "reconciliation", "service_ledger", "cost_ledger")
"""Tables of no estimates that leave with the columns that they are stored with."""

SUPPRESSION: Mapping[str, Mapping[str, tuple[StoredType, str]]] = {
    f"{SAFE}item_table": {"status": ("category", "Whether the numbers of the row are suppressed")}
}
"""Tables that get a column on their way out."""


class ContractKey:
    """A study that is told from others by its contract's hash, since a study itself cannot be hashed."""

    def __init__(self, study: Study) -> None:
        self.study = study

    def __hash__(self) -> int:
        return hash((self.study.id, self.study.contract_hash))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ContractKey) and hash(self) == hash(other)


def table_metadata(study: Study, table: str) -> dict[str, object]:
    """Give what an asset carries from the start: its columns and their labels, the contract and the code behind it."""
    entries = table_entries(study, table)
    labels = {entry.name: dict(entry.labels) for entry in entries}
    return {
        **static_metadata(study),
        "labels": dg.MetadataValue.json(labels),
        "dagster/column_schema": dg.TableSchema(
            columns=[_column(entry, _optional(study)) for entry in entries],
            constraints=dg.TableConstraints(other=[OPEN_SHAPE] if is_estimates(study, table) else []),
        ),
    }


def is_estimates(study: Study, table: str) -> bool:
    """Whether a table is one of estimates, whose columns are not named one by one."""
    return table not in _contracted_tables(study)


def table_entries(study: Study, table: str) -> tuple[ColumnEntry, ...]:
    """Give what is known of each column of one table."""
    return _contracted_tables(study).get(table) or _by_table(study)[ESTIMATE_TABLE]


def _contracted_tables(study: Study) -> Mapping[str, tuple[ColumnEntry, ...]]:
    return _described_once(ContractKey(study))


@lru_cache(maxsize=32)
def _described_once(contract: ContractKey) -> Mapping[str, tuple[ColumnEntry, ...]]:
    study = contract.study
    described = {table: entries for table, entries in _by_table(study).items() if table != ESTIMATE_TABLE}
    own = {table: _own_entries(table, columns) for table, columns in OWN_COLUMNS.items() if table not in described}
    safe = {f"{SAFE}{table}": described[table] for table in SAFE_AS_STORED if table in described}
    people, counts = described["participants"], "response_counts"
    by_columns: dict[str, tuple[StoredType, str]] = {
        f"by_{column}": ("category", f"The {column}; all: everybody") for column in grouped_by(study)
    }
    return {
        **own,
        **_draw_tables(study),
        **described,
        **{table: (*entries, *_own_entries(table, SUPPRESSION.get(table, {}))) for table, entries in safe.items()},
        "participants": (*people, *_attributes(study, {entry.name for entry in people})),
        counts: (*_own_entries(counts, by_columns), *described[counts]),
    }


def _draw_tables(study: Study) -> dict[str, tuple[ColumnEntry, ...]]:
    """Describe the tables of draws: one column a draw of the plan."""
    count = study.analysis.draws.get(DRAWS, 0)
    numbers: dict[str, tuple[StoredType, str]] = {
        f"{DRAW}{number}": ("number", f"What the score may have been, draw {number}") for number in range(1, count + 1)
    }
    names = [f"{IMPUTED_DRAWS}{scale.id}" for scale in study.scales]
    return {name: _own_entries(name, {**DRAW_KEYS, **numbers}) for name in names}


def _own_entries(table: str, columns: Mapping[str, tuple[StoredType, str]]) -> tuple[ColumnEntry, ...]:
    return tuple(ColumnEntry(table, name, {"en": meaning}, kind) for name, (kind, meaning) in columns.items())


def _attributes(study: Study, known: set[str]) -> Iterator[ColumnEntry]:
    """Give the columns that intake adds to participants from the places they belong to."""
    places = {name: level for level in study.head.levels for unit in level.units for name in unit.attributes}
    for name, level in places.items():
        if name not in known:
            labels = {"en": f"{name}, of {level.label.en}", "fr": f"{name}, de {level.label.fr}"}
            yield ColumnEntry("participants", name, labels, "category")


def _optional(study: Study) -> frozenset[str]:
    attributes = {name for level in study.head.levels for unit in level.units for name in unit.attributes}
    contracted = {column.name for table in study.tables.values() for column in table.columns}
    return frozenset({*DERIVED_COLUMNS, *attributes, *(level.column for level in study.head.levels)} - contracted)


def _by_table(study: Study) -> dict[str, tuple[ColumnEntry, ...]]:
    return _codebook(ContractKey(study))


@lru_cache(maxsize=32)
def _codebook(contract: ContractKey) -> dict[str, tuple[ColumnEntry, ...]]:
    return build_codebook(contract.study).by_table()


def _column(entry: ColumnEntry, optional: frozenset[str]) -> dg.TableColumn:
    constraints = dg.TableColumnConstraints(
        nullable=not entry.is_required,
        unique=entry.is_unique,
        other=[*_allowed(entry)],
    )
    tags = {OPTIONAL: ""} if entry.name in optional else {}
    return dg.TableColumn(
        entry.name, type=entry.type, description=entry.labels["en"], constraints=constraints, tags=tags
    )


def _allowed(entry: ColumnEntry) -> list[str]:
    allowed = [f"{code} = {labels['en']}" for code, labels in entry.values]
    if entry.range is not None:
        allowed.append(f"{entry.range[0]:g} to {entry.range[1]:g}")
    return allowed
