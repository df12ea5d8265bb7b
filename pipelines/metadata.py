"""What a person would look for in the UI: how many rows and people, what is missing, and a preview that shows nobody.

A table with rows of people is previewed by its columns, an estimate table by its estimates as they may leave: cells
below the contract's threshold, and those that would give them away, are suppressed.
"""

import dagster as dg
import pandas as pd

from increase_eval.reporting.disclosure import protect_tables
from increase_eval.reporting.special_tables import SPECIAL_ESTIMATES
from increase_eval.results import ESTIMATE_COLUMNS, NUMBER_COLUMNS
from increase_eval.study import Study
from pipelines.catalogue import is_estimates
from pipelines.names import SAFE

PREVIEW_ROWS = 20


def describe(study: Study, table: str, frame: pd.DataFrame) -> dict[str, object]:
    """Give the metadata of a table that is about to be stored."""
    metadata: dict[str, object] = {
        "rows": len(frame),
        "dagster/row_count": len(frame),
    }
    if is_estimates(study, table):
        first = frame.head(PREVIEW_ROWS)
        safe = first if table.startswith(SAFE) else safe_estimates(study, table, first)
        return {**metadata, "preview": dg.MetadataValue.md(preview_of_estimates(safe, len(frame)))}
    if "participant" in frame.columns:
        metadata["participants"] = int(frame["participant"].nunique())
    cells = frame.size
    metadata["share_missing"] = round(float(frame.isna().to_numpy().sum()) / cells, 4) if cells else 0.0
    return {**metadata, "preview": dg.MetadataValue.md(preview_of_columns(frame))}


def safe_estimates(study: Study, table: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Give rows of one estimate table as they may be shown by themselves."""
    safe = protect_tables({table: frame}, threshold=study.head.privacy.threshold)
    special = SPECIAL_ESTIMATES.get(table)
    return safe[table] if special is None else special(study, frame, safe)


def preview_of_columns(frame: pd.DataFrame) -> str:
    """Summarise each column in Markdown: its type, how many rows have it, how many different values they hold."""
    rows = [
        f"| {name} | {frame[name].dtype} | {frame[name].notna().sum()} "
        f"| {100 * frame[name].isna().mean() if len(frame) else 0:.1f}% | {frame[name].nunique()} |"
        for name in frame.columns
    ]
    return "\n".join(["| column | stored as | present | missing | distinct |", "|---|---|---:|---:|---:|", *rows])


def preview_of_estimates(safe: pd.DataFrame, rows: int) -> str:
    """Show protected estimates in Markdown, the first of so many rows, without the columns that none of them fills."""
    shown = safe.dropna(axis="columns", how="all")
    by_columns = [column for column in shown.columns if column.startswith("by_")]
    columns = [*by_columns, *(c for c in shown.columns if c in ESTIMATE_COLUMNS), *_rest(shown, by_columns)]
    numbers = [column for column in columns if column in NUMBER_COLUMNS or column in ("n", "n_dropped")]
    lines = [
        "| " + " | ".join(columns) + " |",
        "|" + "|".join("---:" if column in numbers else "---" for column in columns) + "|",
    ]
    lines += ["| " + " | ".join(_cell(row[column]) for column in columns) + " |" for row in shown.to_dict("records")]
    if rows > len(safe):
        lines.append(f"\n*The first {len(safe)} of {rows} rows, small cells suppressed.*")
    return "\n".join(lines)


def _rest(frame: pd.DataFrame, by_columns: list[str]) -> list[str]:
    return [column for column in frame.columns if column not in ESTIMATE_COLUMNS and column not in by_columns]


def _cell(value: object) -> str:
    if pd.isna(value):  # type: ignore[call-overload]
        return ""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")
