"""Checks written by hand of what the service counted, what others published, and how well scales measure."""

from collections.abc import Sequence

import pandas as pd

from increase_eval.claims.ledger import STATUSES as LEDGER_STATUSES
from increase_eval.claims.published import read_published
from increase_eval.claims.verdicts import VERDICTS
from increase_eval.study import Study
from pipelines.checks import Check, Finding, Frames

STATUSES = ("reproduced", "reproduced by construction", "differs", "not computable", "not a number", "suppressed")


def counts_are_complete(study: Study) -> Check:
    """Check that every unit has every step of every month of its own, once, and that no count is below 0."""
    steps = len(study.services.steps) if study.services is not None else 0

    def find(frames: Frames) -> list[Finding]:
        counts = frames["service_statistics"]
        keys = ["unit", "month", "step"]
        per_month = counts.drop_duplicates(keys).groupby(["unit", "month"], observed=True).size()
        found = {
            "months of a unit without every step": int(per_month.ne(steps).sum()),
            "counts that stand twice": int(counts.duplicated(keys).sum()),
            "counts below 0": int((counts["count"] < 0).fillna(False).sum()),
        }
        return [Finding(what, count) for what, count in found.items() if count]

    description = "Every unit has every step in each of its months, once, and no count is below 0."
    return Check("counts_are_complete", "service_statistics", description, find)


def every_month_is_there() -> Check:
    """Warn of months that a unit skips between its first and its last, and of counts that were rejected."""

    def find(frames: Frames) -> list[Finding]:
        counts = frames["service_statistics"]
        findings = []
        for unit, own in counts.groupby("unit", sort=False, observed=True):
            months = pd.PeriodIndex(own["month"].unique(), freq="M")
            gaps = (months.max() - months.min()).n + 1 - len(months)
            empty = int(own["count"].isna().sum())
            findings += (
                [Finding("months between the first and the last without a row", gaps, str(unit))] if gaps else []
            )
            findings += [Finding("counts that are missing or were rejected", empty, str(unit))] if empty else []
        return findings

    description = "No unit skips a month, and no count is missing."
    return Check("every_month_is_there", "service_statistics", description, find, blocking=False)


def service_ledger_balances(table: str) -> Check:
    """Check that every row of the service's own files ends in exactly one of accepted, duplicate, quarantined."""

    def find(frames: Frames) -> list[Finding]:
        ledger = frames[table]
        short = ledger["rows_read"] - ledger[["accepted", "duplicate", "quarantined"]].sum(axis="columns")
        return [
            Finding("rows read and not accounted for, or counted twice", int(gap), str(file))
            for file, gap in zip(ledger["file"], short, strict=True)
            if gap != 0
        ]

    description = "rows read = accepted + duplicate + quarantined, in every file and sheet."
    return Check(f"{table}_balances", table, description, find)


def costs_are_amounts(study: Study) -> Check:
    """Check that every cost is an amount of 0 or more of a known unit and category, once, in a known currency."""
    services = study.services
    units = [unit.id for level in study.head.levels for unit in level.units if services and level.id == services.level]
    categories = [category.id for category in services.cost_categories] if services is not None else []

    def find(frames: Frames) -> list[Finding]:
        costs = frames["costs"]
        found = {
            "costs that are missing or below 0": int((~(costs["amount"] >= 0).fillna(False)).sum()),
            "costs of an unknown unit": int((~costs["unit"].isin(units)).sum()),
            "costs of an unknown category": int((~costs["category"].dropna().isin(categories)).sum()),
            "costs that stand twice": int(costs.duplicated(["unit", "category", "year", "currency"]).sum()),
            "costs without currency or price year": int(costs[["currency", "price_year"]].isna().any(axis=1).sum()),
        }
        return [Finding(what, count) for what, count in found.items() if count]

    description = "Every cost is an amount of 0 or more, of a known unit and category, once."
    return Check("costs_are_amounts", "costs", description, find)


def every_cost_counts() -> Check:
    """Warn of rows of costs that were rejected: a total without them may be too small."""

    def find(frames: Frames) -> list[Finding]:
        rows = frames["cost_quarantine"]
        return [
            Finding(f"rows that no total counts: {rule}", int(own["row"].nunique()), str(file))
            for (file, rule), own in rows.groupby(["file", "rule"], sort=True, observed=True)
            if rule not in ("empty_row", "unknown_unit")
        ]

    description = "No row of costs was rejected, but empty ones and those of no unit, such as totals."
    return Check("every_cost_counts", "cost_quarantine", description, find, blocking=False)


def counts_reconcile() -> Check:
    """Warn of months in which counts, register and survey do not fit; the report lists them."""

    def find(frames: Frames) -> list[Finding]:
        rules = frames["reconciliation"]
        return [
            Finding(f"months of a unit in which this does not hold: {rule}", int(count))
            for rule, count in zip(rules["rule"], rules["exceptions"], strict=True)
            if count
        ]

    description = "Counts, register and survey fit together in every month of every unit."
    return Check("counts_reconcile", "reconciliation", description, find, blocking=False)


def units_add_up(table: str, by: str, *, beside: Sequence[str] = (), name: str = "units_add_up") -> Check:
    """Check that the counts of all units add up to the total; rows split by what stands `beside` are left out."""

    def find(frames: Frames) -> list[Finding]:
        counts = frames[table][frames[table]["contrast"] == "count"]
        counts = counts[(counts[list(beside)] == "all").all(axis="columns")]
        is_total = counts[by] == "all"
        keys = ["outcome", "term"]
        sums = counts[~is_total].groupby(keys, observed=True)["estimate"].sum()
        totals = counts[is_total].set_index(keys)["estimate"]
        off = int(sums.ne(totals.reindex(sums.index)).sum())
        return [Finding("counts whose units do not add up to the total", off)] if off else []

    return Check(name, table, "The counts of all units add up to the total.", find)


def every_published_row_has_a_status(study: Study) -> Check:
    """Check that every row of ``published.csv`` is compared, and ends in one of the known statuses."""

    def find(frames: Frames) -> list[Finding]:
        table = frames["published_comparison"]
        own = table[table["term"] == "published"]
        wanted = set() if study.published is None else set(read_published(study, study.published)["id"])
        found = {
            "published figures that are not compared": len(wanted - set(own["outcome"])),
            "published figures that stand twice": int(own["outcome"].duplicated().sum()),
            "rows without a known status": int((~table["status"].isin(STATUSES)).sum()),
        }
        return [Finding(what, count) for what, count in found.items() if count]

    description = "Every published figure is compared, once, with a status."
    return Check("every_published_row_has_a_status", "published_comparison", description, find)


def published_figures_come_out_again() -> Check:
    """Warn of published figures that differ from what is recomputed; the report shows both."""

    def find(frames: Frames) -> list[Finding]:
        table = frames["published_comparison"]
        differing = table[(table["term"] == "published") & (table["status"] == "differs")]["outcome"]
        return [Finding("figure that differs from what is recomputed", 1, str(figure)) for figure in differing]

    description = "Every figure that can be recomputed lies within its rounding interval."
    return Check("published_figures_come_out_again", "published_comparison", description, find, blocking=False)


def coefficients_are_between(table: str, terms: tuple[str, ...]) -> Check:
    """Check that coefficients lie between -1 and 1, and standard errors of measurement are not negative."""

    def find(frames: Frames) -> list[Finding]:
        rows = frames[table]
        coefficients = rows.loc[rows["term"].isin(terms), "estimate"].dropna()
        # Alpha has no lower bound: items that contradict each other make it fall below -1.
        outside = int((coefficients > 1 + 1e-9).sum())
        below = int((rows.loc[rows["term"].isin(set(terms) - {"alpha"}), "estimate"].dropna() < -1 - 1e-9).sum())
        others = int((rows.loc[~rows["term"].isin(terms), "estimate"].dropna() < 0).sum())
        found = {"coefficients above 1": outside, "coefficients below -1": below, "errors below 0": others}
        return [Finding(what, count) for what, count in found.items() if count]

    return Check("coefficients_are_between", table, "Coefficients lie between -1 and 1, errors are not negative.", find)


def everything_has_a_status(table: str) -> Check:
    """Check that an estimate is there exactly where the status says that it was computed."""

    def find(frames: Frames) -> list[Finding]:
        rows = frames[table]
        computed = rows["status"].eq("computed").fillna(False)
        found = {
            "rows without a status": int(rows["status"].isna().sum()),
            "rows called computed without an estimate": int((computed & rows["estimate"].isna()).sum()),
            "estimates of rows that are not called computed": int((~computed & rows["estimate"].notna()).sum()),
        }
        return [Finding(what, count) for what, count in found.items() if count]

    return Check("everything_has_a_status", table, "An estimate is there exactly where it was computed.", find)


def changes_make_a_whole() -> Check:
    """Check that the shares improved, unchanged and deteriorated add up to 1."""

    def find(frames: Frames) -> list[Finding]:
        rows = frames["reliable_change"].dropna(subset=["estimate"])
        sums = rows.groupby(["outcome", "contrast", "by_arm"], observed=True)["estimate"].sum()
        off = int((sums - 1).abs().gt(1e-9).sum())
        return [Finding("groups whose shares do not add up to 1", off)] if off else []

    description = "Improved, unchanged and deteriorated add up to everybody."
    return Check("changes_make_a_whole", "reliable_change", description, find)


def item_shares_are_shares() -> Check:
    """Check that shares of missing answers, floor and ceiling lie in 0 to 1, and correlations in -1 to 1."""

    def find(frames: Frames) -> list[Finding]:
        table = frames["item_table"]
        shares = table[["share_missing", "floor", "ceiling"]].astype("float64")
        outside = int(((shares < 0) | (shares > 1)).to_numpy().sum())
        beyond = int((table["item_rest"].astype("float64").abs() > 1 + 1e-9).sum())
        found = {"shares below 0 or above 1": outside, "correlations outside -1 to 1": beyond}
        return [Finding(what, count) for what, count in found.items() if count]

    return Check("item_shares_are_shares", "item_table", "Shares lie in 0 to 1, correlations in -1 to 1.", find)


def plan_is_recorded() -> Check:
    """Warn of comparisons that were not declared before looking; the report prints them as post hoc."""

    def find(frames: Frames) -> list[Finding]:
        counts = frames["analysis_plan"]["status"].value_counts()
        return [
            Finding(f"comparisons that are {status}", int(n)) for status, n in counts.items() if status != "declared"
        ]

    description = "Every comparison of the plan was recorded before looking, as it is now."
    return Check("plan_is_recorded", "analysis_plan", description, find, blocking=False)


def every_comparison_has_a_verdict() -> Check:
    """Check that each comparison of the plan has one verdict, that can be, and no verdict without its attribution."""

    def find(frames: Frames) -> list[Finding]:
        plan, rows = frames["analysis_plan"], frames["verdicts"]
        said = rows[rows["term"] == "difference"]
        keys = ["by_family", "by_estimand", "contrast"]
        wanted = set(zip(plan["family"], plan["estimand"], plan["contrast"], strict=True))
        have = set(said[keys].itertuples(index=False, name=None))
        found = {
            "comparisons without a verdict": len(wanted - have),
            "comparisons with two verdicts": int(said.duplicated(keys).sum()),
            "verdicts that are not known": int((~said["verdict"].isin(VERDICTS)).sum()),
            "verdicts without an attribution": int(said["status"].isna().sum()),
        }
        return [Finding(what, count) for what, count in found.items() if count]

    description = "Every comparison of the plan has one verdict and an attribution."
    return Check("every_comparison_has_a_verdict", "verdicts", description, find)


def every_claim_has_a_status(study: Study) -> Check:
    """Check that every row of ``published.csv`` stands in the ledger once, with one of its statuses."""

    def find(frames: Frames) -> list[Finding]:
        ledger = frames["claims_ledger"]
        wanted = set() if study.published is None else set(read_published(study, study.published)["id"])
        found = {
            "published claims without a row": len(wanted - set(ledger["claim"])),
            "published claims with two rows": int(ledger["claim"].duplicated().sum()),
            "rows without a known status": int((~ledger["status"].isin(LEDGER_STATUSES)).sum()),
        }
        return [Finding(what, count) for what, count in found.items() if count]

    return Check("every_claim_has_a_status", "claims_ledger", "Every published claim has one status.", find)
