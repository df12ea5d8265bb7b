"""How does a codebook reach its readers? As a page, a workbook, a CSV and a JSON Table Schema, in both languages."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from increase_eval.reporting.codebook.dictionary import Codebook, ColumnEntry
from increase_eval.reporting.codebook.rows import (
    column_heads,
    column_row,
    scale_heads,
    scale_rows,
    value_heads,
    value_rows,
)
from increase_eval.reporting.codebook.schema import data_package
from increase_eval.reporting.disclosure import escape_spreadsheet
from increase_eval.reporting.pages import render_page
from increase_eval.reporting.translations import LANGUAGES, Translator
from increase_eval.reporting.workbook import Sheet, workbook_bytes

CODEBOOK_FORMATS = ("html", "xlsx", "csv", "json")


def write_codebook(
    codebook: Codebook,
    folder: Path,
    *,
    formats: Sequence[str] = CODEBOOK_FORMATS,
    languages: Sequence[str] = LANGUAGES,
) -> tuple[Path, ...]:
    """Write a codebook into a folder.

    Parameters
    ----------
    codebook
        As :func:`~increase_eval.reporting.codebook.build_codebook` gives it.
    folder
        Made where it does not exist; files of the same name are replaced.
    formats
        Of ``html``, ``xlsx``, ``csv``, ``json``.
    languages
        Languages of the HTML, XLSX and CSV files; the JSON file holds both.

    Returns
    -------
    tuple of Path
        The files written: ``codebook.<language>.<format>``, and ``codebook.json``.

    Raises
    ------
    ValueError
        For a format or language that is not one of these.
    """
    unknown = sorted(set(formats) - set(CODEBOOK_FORMATS))
    if unknown:
        raise ValueError(f"format {unknown[0]!r} is not one of a codebook; allowed: {', '.join(CODEBOOK_FORMATS)}")
    folder.mkdir(parents=True, exist_ok=True)
    makers: dict[str, Callable[[Codebook, str], bytes]] = {"html": _html, "xlsx": _xlsx, "csv": _csv}
    written = []
    for kind in formats:
        if kind == "json":
            content = {folder / "codebook.json": _json(codebook)}
        else:
            content = {folder / f"codebook.{lang}.{kind}": makers[kind](codebook, lang) for lang in languages}
        for path, data in content.items():
            path.write_bytes(data)
            written.append(path)
    return tuple(written)


def _html(codebook: Codebook, language: str) -> bytes:
    text = Translator(language)
    heads = column_heads(text)[1:]
    tables = [
        {"name": name, **_only_used(heads, [column_row(entry, text)[1:] for entry in entries])}
        for name, entries in _waves_together(codebook).items()
    ]
    values = {
        "title": codebook.study.head.title.in_language(language),
        "is_synthetic": codebook.study.is_synthetic,
        "contract_hash": codebook.study.contract_hash,
        "tables": tables,
        "scales": _only_used(scale_heads(text), scale_rows(codebook, text)),
    }
    return render_page("codebook.html.j2", values, language=language).encode("utf-8")


def _waves_together(codebook: Codebook) -> dict[str, list[ColumnEntry]]:
    """Give the entries of each table, those of all waves as one: a page that repeats them wave by wave is not read."""
    together: dict[str, list[ColumnEntry]] = {}
    for name, entries in codebook.by_table().items():
        own = together.setdefault("waves" if name.startswith("wave_") else name, [])
        for entry in entries:
            # What two waves say alike is one entry of both.
            alike = [place for place, other in enumerate(own) if _bare(other) == _bare(entry)]
            if alike:
                own[alike[0]] = replace(own[alike[0]], waves=(*own[alike[0]].waves, *entry.waves))
            else:
                own.append(entry)
    return together


def _bare(entry: ColumnEntry) -> ColumnEntry:
    return replace(entry, table="", waves=())


def _only_used(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> dict[str, list[object]]:
    """Leave out the columns that no row fills: most tables use few of them."""
    used = [i for i in range(len(heads)) if any(row[i] for row in rows)]
    return {"heads": [heads[i] for i in used], "rows": [[row[i] for i in used] for row in rows]}


def _xlsx(codebook: Codebook, language: str) -> bytes:
    text = Translator(language)
    columns = [column_row(entry, text) for entry in codebook.entries]
    sheets = (
        Sheet(text("codebook.sheet_columns"), column_heads(text), columns),
        Sheet(text("codebook.sheet_values"), value_heads(text), value_rows(codebook, text)),
        Sheet(text("codebook.sheet_scales"), scale_heads(text), scale_rows(codebook, text)),
    )
    note = text("page.synthetic") if codebook.study.is_synthetic else ""
    return workbook_bytes(sheets, title=codebook.study.head.title.in_language(language), note=note)


def _csv(codebook: Codebook, language: str) -> bytes:
    text = Translator(language)
    lines = io.StringIO()
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(column_heads(text))
    writer.writerows([escape_spreadsheet(cell) for cell in column_row(entry, text)] for entry in codebook.entries)
    return lines.getvalue().encode("utf-8-sig")


def _json(codebook: Codebook) -> bytes:
    return (json.dumps(data_package(codebook), indent=2, ensure_ascii=False) + "\n").encode("utf-8")
