"""Faults of whole files: a column renamed or added, two labels exchanged, a last line cut off, places nobody knows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
from numpy.random import Generator

from increase_eval.study.cohort import CohortPlan
from increase_eval.study.sources import Source
from increase_eval.study.study import Study
from increase_eval.synthetic.exports.faults import Faulty, SurveyFile

EXTRA = {"qualtrics": "Q99", "spss": "extra", "xlsx": "colonne_x", "csv": "colonne_y"}
"""Name of the column that nobody expects, by format."""

UNKNOWN_SITES = 2


def rename_a_column(faulty: Faulty, file: SurveyFile) -> None:
    """Call one item by another name than in the waves before: the one that the stored tables use."""
    column = file.items[-1]
    faulty.table = faulty.table.rename(columns={file.name_of(column): column.name})
    faulty.mark(None, "renamed_column", column.name, "repaired")


def add_a_column(faulty: Faulty, file: SurveyFile) -> None:
    """Add a column that the contract does not know."""
    name = EXTRA[file.source.format]
    # A row that holds nothing goes on holding nothing.
    faulty.table = faulty.table.assign(**{name: faulty.table[file.key].map(lambda key: None if pd.isna(key) else "1")})
    faulty.mark(None, "extra_column", name, "finding:unexpected_column")


def repeat_last_row(faulty: Faulty) -> None:
    """Put an earlier submission of somebody at the end, for :func:`cut_last_line` to cut off in the middle."""
    label = int(faulty.table.index[0])
    row = faulty.row(label)
    new = int(faulty.table.index.max()) + 1
    end = pd.DataFrame([row.to_numpy()], columns=faulty.table.columns, index=[new], dtype=object)
    faulty.table = pd.concat([faulty.table, end])
    faulty.mark(new, "cut_last_line", "", "row:truncated_row")


def cut_last_line(path: Path, delimiter: str) -> None:
    """Cut a file off in the middle of its last line, as a transfer that breaks does."""
    content = path.read_bytes().rstrip(b"\r\n")
    start = content.rfind(b"\n") + 1
    cells = content[start:].split(delimiter.encode())
    path.write_bytes(content[:start] + delimiter.encode().join(cells[: len(cells) // 2]))


def exchange_labels(study: Study, source: Source, faulty: Faulty) -> dict[str, dict[object, str]]:
    """Exchange the labels of two codes of one item of a file that carries labels, and give the labels to write."""
    columns = {column.name: column for column in study.wave_columns(source.wave or "")}
    scale = next(scale for scale in study.scales if len(scale.items) > 1 and set(scale.items) <= set(columns))
    column = columns[scale.items[-1]]
    values = study.table_of(column).values_of(column)
    labels: dict[object, str] = {value.code: value.label.fr for value in values}
    one, other = values[1].code, values[2].code
    labels[one], labels[other] = labels[other], labels[one]
    faulty.mark(None, "exchanged_labels", column.name, "value:label_contradiction")
    return {column.names_in_files(source.platform)[0]: labels}


def plant_in_register(table: pd.DataFrame, study: Study, plan: CohortPlan, source: Source, rng: Generator) -> Faulty:
    """Plant clients of places nobody knows, and a client entered twice."""
    faulty = Faulty(table.astype(object))
    site = study.site_level
    column = next((c for c in study.participant_columns if site is not None and c.name == site.column), None)
    key = source.key.column if source.key is not None else None
    if column is None or key is None:
        return faulty
    name = column.names_in_files(source.platform)[0]
    prefix = next(iter(plan.platforms.values())).key_prefix
    for number in range(UNKNOWN_SITES):
        row = faulty.row(int(faulty.table.index[int(rng.integers(len(faulty.table)))]))
        row[key] = f"{prefix}{10**plan.key_digits - 10 + number}"
        row[name] = "unknown place"
        faulty.mark(faulty.add_row(row, rng), "unknown_site", column.name, "row:values")
    order = source.duplicates.order_by
    row = faulty.row(int(faulty.table.index[int(rng.integers(len(faulty.table)))]))
    if order is not None:
        row[order] = "2018-01-01"
    faulty.mark(faulty.add_row(row, rng), "resubmission", "", "duplicate")
    return faulty
