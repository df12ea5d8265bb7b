"""What `run` prints of the stored tables: the ledger and the headline table; protected like the report."""

from __future__ import annotations

import pandas as pd

from increase_eval.cli.output import say, say_table
from increase_eval.places import Places
from increase_eval.storage import open_study_tables
from increase_eval.study import Study


def say_tables(study: Study, places: Places) -> None:
    """Print the ledger, the agreement with shipped scores, and the headline scores of a study."""
    tables = open_study_tables(places, study.id)
    if "ledger" in tables:
        _say_ledger(tables["ledger"])
    if "scoring_agreement" in tables and len(tables["scoring_agreement"]):
        _say_agreement(tables["scoring_agreement"])
    if "score_summary" in tables:
        _say_headline(study, tables["score_summary"])


def _say_ledger(ledger: pd.DataFrame) -> None:
    counts = ["rows_read", "accepted", "duplicate", "quarantined", "values_set_missing"]
    say("\nLedger (rows read = accepted + duplicate + quarantined):")
    rows = [[row["file"], *(int(row[count]) for count in counts)] for _, row in ledger.iterrows()]
    say_table(["file", *(count.replace("_", " ") for count in counts)], rows)


def _say_agreement(agreement: pd.DataFrame) -> None:
    say("\nScores compared with those that the data ship:")
    rows = [[row["outcome"], f"{int(row['estimate']):,} of {int(row['n']):,} agree"] for _, row in agreement.iterrows()]
    say_table(["scale", "rows"], rows)


def _say_headline(study: Study, summary: pd.DataFrame) -> None:
    from increase_eval.reporting.disclosure import protect

    threshold = study.head.privacy.threshold
    safe = protect(summary, threshold=threshold)
    outcomes = {estimand.outcome for estimand in study.analysis.estimands if estimand.headline}
    wanted = safe[(safe["term"] == "mean") & safe["outcome"].isin(outcomes or set(safe["outcome"]))]
    # One line a scale and wave: what is by arm stands in the report, where models and their words stand with it.
    for column in [column for column in wanted.columns if column.startswith("by_")]:
        wanted = wanted[wanted[column] == "all"]
    say("\nHeadline means of all arms with 95% intervals (descriptive: who answered, as they answered):")
    rows = []
    for _, row in wanted.iterrows():
        if row.get("status") == "suppressed" or row.isna()["estimate"]:
            shown = ["suppressed" if row.get("status") == "suppressed" else "not estimable", "", ""]
        else:
            interval = "" if row.isna()["conf_low"] else f"{row['conf_low']:.2f} to {row['conf_high']:.2f}"
            shown = [f"{row['estimate']:.2f}", interval, str(row["n"])]
        rows.append([row["outcome"], row["wave"], *shown])
    say_table(["scale", "wave", "mean", "interval", "n"], rows)
