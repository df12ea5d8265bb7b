"""The ledger: every row that a file has, in exactly one of three outcomes."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from increase_eval.errors import DataError

LEDGER_COLUMNS = ("file", "source", "rows_read", "accepted", "duplicate", "quarantined", "values_set_missing")


def ledger_table(rows: Sequence[dict[str, object]]) -> pd.DataFrame:
    """Put the counts of each file together.

    Raises
    ------
    DataError
        If the rows of a file do not add up, which would mean that some were lost or counted twice.
    """
    counts = dict.fromkeys(LEDGER_COLUMNS[2:], "Int64")
    table = pd.DataFrame(list(rows), columns=list(LEDGER_COLUMNS)).astype({**counts, "file": "str", "source": "str"})
    check_balance(table)
    return table


def check_balance(ledger: pd.DataFrame) -> None:
    """Raise a `DataError` unless rows read = accepted + duplicate + quarantined in each file."""
    off = ledger["rows_read"] != ledger["accepted"] + ledger["duplicate"] + ledger["quarantined"]
    if off.any():
        problems = [
            f"{row.file}: {row.rows_read} rows read, {row.accepted} accepted, {row.duplicate} duplicate, "
            f"{row.quarantined} quarantined"
            for row in ledger.loc[off].itertuples()
        ]
        raise DataError("the ledger does not add up: rows read = accepted + duplicate + quarantined", problems)
