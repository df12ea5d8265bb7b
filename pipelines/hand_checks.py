"""Checks written by hand, one property each: what no contract of columns can say."""

from collections.abc import Mapping, Sequence

import pandas as pd

from increase_eval.study import Study
from pipelines.checks import Check, Finding, Frames


def ledger_balances() -> Check:
    """Check that every source row ends in exactly one of accepted, duplicate, quarantined."""

    def find(frames: Frames) -> list[Finding]:
        ledger = frames["ledger"]
        short = ledger["rows_read"] - ledger[["accepted", "duplicate", "quarantined"]].sum(axis="columns")
        return [
            Finding("rows read and not accounted for, or counted twice", int(gap), str(file))
            for file, gap in zip(ledger["file"], short, strict=True)
            if gap != 0
        ]

    return Check("ledger_balances", "ledger", "rows read = accepted + duplicate + quarantined, in every file.", find)


def quarantine_is_counted() -> Check:
    """Check that the ledger counts as quarantined the rows that stand in quarantine, no more and no fewer."""

    def find(frames: Frames) -> list[Finding]:
        ledger, quarantine = frames["ledger"], frames["quarantine"]
        rows = quarantine.loc[quarantine["severity"].eq("row"), ["file", "row"]].drop_duplicates()
        listed = rows["file"].value_counts().reindex(ledger["file"], fill_value=0)
        gaps = zip(ledger["file"], listed, ledger["quarantined"], strict=True)
        return [
            Finding(f"rows in quarantine, and {counted} in the ledger", int(there), str(file))
            for file, there, counted in gaps
            if there != counted
        ]

    description = "The rows in quarantine are those that the ledger counts as quarantined."
    return Check("quarantine_is_counted", "quarantine", description, find)


def every_arm_is_there(study: Study) -> Check:
    """Warn of an arm without participants: it can be empty for a while, or its code can be misread."""

    def find(frames: Frames) -> list[Finding]:
        counts = frames["participants"]["arm"].value_counts()
        empty = [arm for arm in study.arm_ids if not counts.get(arm, 0)]
        return [Finding("participants in an arm of the contract", 0, arm) for arm in empty]

    return Check(
        "every_arm_is_there", "participants", "Every arm of the contract has participants.", find, blocking=False
    )


def nobody_is_a_stranger(table: str) -> Check:
    """Check that everybody in a table is among the participants."""

    def find(frames: Frames) -> list[Finding]:
        known = frames["participants"]["participant"]
        strangers = int((~frames[table]["participant"].isin(known)).sum())
        return [Finding("rows of somebody who is not among the participants", strangers)] if strangers else []

    return Check("nobody_is_a_stranger", table, "Everybody in the table is among the participants.", find)


def every_pair_is_there(table: str, waves: Sequence[str]) -> Check:
    """Check that a table has every participant in every wave, once."""

    def find(frames: Frames) -> list[Finding]:
        people = frames["participants"]["participant"]
        wanted = pd.MultiIndex.from_product([people, list(waves)])
        pairs = pd.MultiIndex.from_frame(frames[table][["participant", "wave"]])
        counts = {
            "participants of a wave without a row": len(wanted.difference(pairs)),
            "rows of no participant or wave of the study": int((~pairs.isin(wanted)).sum()),
            "participants of a wave with two rows": int(pairs.duplicated().sum()),
        }
        return _present(counts)

    return Check("every_pair_is_there", table, "Every participant has one row for every wave.", find)


def retained_and_lost_make_enrolled() -> Check:
    """Check that those retained and those lost make up those enrolled, at every wave and in every group."""

    def find(frames: Frames) -> list[Finding]:
        counts, people = frames["response_counts"], frames["participants"]
        by_columns = [column for column in counts.columns if column.startswith("by_")]
        total = counts[(counts[by_columns] == "all").all(axis="columns")]
        return _present(
            {
                "groups and waves in which retained + lost is not enrolled": int(
                    (counts["retained"] + counts["lost"]).ne(counts["enrolled"]).sum()
                ),
                "waves whose enrolled are not all participants": int(total["enrolled"].ne(len(people)).sum()),
                "waves whose arms do not add up to the total": _unbalanced_waves(counts, by_columns),
            }
        )

    description = "Retained + lost = enrolled, at every wave and in every arm, and the arms add up."
    return Check("retained_and_lost_make_enrolled", "response_counts", description, find)


def _unbalanced_waves(counts: pd.DataFrame, by_columns: Sequence[str]) -> int:
    others = [column for column in by_columns if column != "by_arm"]
    arms = counts[counts["by_arm"].ne("all") & (counts[others] == "all").all(axis="columns")]
    total = counts[(counts[list(by_columns)] == "all").all(axis="columns")]
    columns = ["retained", "lost"]
    sums = arms.groupby("wave", observed=True)[columns].sum()
    return int(sums.ne(total.set_index("wave")[columns].reindex(sums.index)).any(axis="columns").sum())


def patterns_add_up() -> Check:
    """Check that the patterns of waves of every group add up to everybody enrolled."""

    def find(frames: Frames) -> list[Finding]:
        patterns = frames["response_patterns"]
        by_columns = [column for column in patterns.columns if column.startswith("by_")]
        groups = patterns.groupby(by_columns, dropna=False, observed=True)
        off = int(groups["estimate"].sum().ne(groups["n"].first().astype("float64")).sum())
        return _present({"groups whose patterns do not add up to everybody enrolled": off})

    return Check("patterns_add_up", "response_patterns", "Each group's patterns add up to everybody enrolled.", find)


def scores_are_in_range(ranges: Mapping[str, tuple[float, float]]) -> Check:
    """Check that no score lies outside what its scale can give."""

    def find(frames: Frames) -> list[Finding]:
        scores = frames["scores"]
        findings = []
        for scale, (low, high) in ranges.items():
            own = scores.loc[scores["scale"].eq(scale), "score"].dropna().astype("float64")
            # A hair's breadth of rounding is no fault of the data.
            slack = 1e-9 * max(abs(low), abs(high), 1.0)
            outside = int((~own.between(low - slack, high + slack)).sum())
            if outside:
                findings.append(Finding(f"scores outside {low:g} to {high:g}", outside, scale))
        return findings

    return Check("scores_are_in_range", "scores", "No score lies outside what its scale can give.", find)


def scores_have_a_status() -> Check:
    """Check that a score is there exactly where its status says so, and never twice."""

    def find(frames: Frames) -> list[Finding]:
        scores = frames["scores"]
        scored = scores["status"].eq("scored").fillna(False)
        twice = int(scores.duplicated(["participant", "wave", "scale"]).sum())
        return _present(
            {
                "rows called scored without a score": int((scored & scores["score"].isna()).sum()),
                "scores in rows that are not called scored": int((~scored & scores["score"].notna()).sum()),
                "rows with more items answered than expected": int(
                    (scores["items_answered"] > scores["items_expected"]).sum()
                ),
                "participants with two scores for one wave and scale": twice,
            }
        )

    return Check("scores_have_a_status", "scores", "A score is there exactly where its status says so.", find)


def shipped_scores_agree() -> Check:
    """Warn of scores that differ from those the files also deliver: the report then says how many, and of which scale.

    Others may have scored by another rule for missing items, so this does not keep the report from being made.
    """

    def find(frames: Frames) -> list[Finding]:
        table = frames["scoring_agreement"]
        differing = table["n"].astype("float64") - table["estimate"]
        return [
            Finding("rows whose score differs from the delivered one", int(count), str(scale))
            for scale, count in zip(table["outcome"], differing, strict=True)
            if count != 0
        ]

    description = "Every score that the files also deliver is the score worked out here."
    return Check("shipped_scores_agree", "scoring_agreement", description, find, blocking=False)


def states_are_known(study: Study) -> Check:
    """Check that every state is one that the contract names for its variable."""

    def find(frames: Frames) -> list[Finding]:
        states = frames["states"]
        findings = []
        for variable in study.head.states:
            own = states.loc[states["variable"].eq(variable.id), "state"].dropna()
            stray = int((~own.isin([state.id for state in variable.states])).sum())
            if stray:
                findings.append(Finding("states that the contract does not name", stray, variable.id))
        return findings

    return Check("states_are_known", "states", "Every state is one that the contract names.", find)


def intervals_hold_their_estimates(table: str) -> Check:
    """Check that every interval holds its estimate, and that nothing is estimated on nobody."""

    def find(frames: Frames) -> list[Finding]:
        rows = frames[table]
        # Wilson's interval ends at the share itself when nobody or everybody has it, up to rounding.
        slack = 1e-9 * rows["estimate"].abs().clip(lower=1.0)
        outside = (rows["estimate"] < rows["conf_low"] - slack) | (rows["estimate"] > rows["conf_high"] + slack)
        return _present(
            {
                "estimates outside their own interval": int(outside.sum()),
                "estimates on nobody": int((rows["estimate"].notna() & rows["n"].eq(0).fillna(True)).sum()),
            }
        )

    return Check("intervals_hold_their_estimates", table, "Every interval holds its estimate.", find)


def shares_are_shares(table: str) -> Check:
    """Check that every share lies between 0 and 1."""

    def find(frames: Frames) -> list[Finding]:
        estimates = frames[table]["estimate"].dropna()
        return _present({"shares below 0 or above 1": int((~estimates.between(0, 1)).sum())})

    return Check("shares_are_shares", table, "Every share lies between 0 and 1.", find)


def _present(counts: Mapping[str, int]) -> list[Finding]:
    return [Finding(what, count) for what, count in counts.items() if count]
