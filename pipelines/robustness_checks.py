"""Checks written by hand of what holds under other assumptions: numbers where a status says so, means that can be."""

from collections.abc import Mapping

from increase_eval.study import Study
from pipelines.checks import Check, Finding, Frames

ESTIMATED = "estimated"


def numbers_only_where_estimated(table: str) -> Check:
    """Check that every row has a status, and that a number is there exactly where it says ``estimated``."""

    def find(frames: Frames) -> list[Finding]:
        rows = frames[table]
        estimated = rows["status"].eq(ESTIMATED).fillna(False)
        found = {
            "rows without a status": int(rows["status"].isna().sum()),
            "rows called estimated without an estimate": int((estimated & rows["estimate"].isna()).sum()),
            "estimates of rows that are not called estimated": int((~estimated & rows["estimate"].notna()).sum()),
        }
        return [Finding(what, count) for what, count in found.items() if count]

    description = "An estimate is there exactly where the status says estimated."
    return Check("numbers_only_where_estimated", table, description, find)


def anchored_levels_are_in_range(ranges: Mapping[str, tuple[float, float]]) -> Check:
    """Check that no weighted mean lies outside what its scale can give: weights are above nought."""

    def find(frames: Frames) -> list[Finding]:
        rows = frames["anchored_changes"]
        findings = []
        for scale, (low, high) in ranges.items():
            means = rows.loc[rows["outcome"].eq(scale) & rows["term"].eq("mean"), "estimate"].dropna()
            outside = int((~means.between(low - 1e-9, high + 1e-9)).sum())
            findings += [Finding(f"means outside {low:g} to {high:g}", outside, scale)] if outside else []
        return findings

    description = "No anchored mean lies outside what its scale can give."
    return Check("anchored_levels_are_in_range", "anchored_changes", description, find)


def every_headline_is_stated(study: Study) -> Check:
    """Check that every headline and arm of the table has every method of its kind, whether or not with a number."""

    def find(frames: Frames) -> list[Finding]:
        rows = frames["robustness"]
        findings = []
        for term, own in rows.groupby("term", observed=True):
            keys = ["outcome", "wave", "by_arm", "contrast"]
            own = own.assign(contrast=own["contrast"].fillna(""))
            methods = own.groupby(keys, observed=True)["by_method"].nunique()
            # Models and anchors are there for what their own tables hold.
            wanted = own[own["by_method"].ne("mmrm") & ~own["by_method"].str.startswith("anchored")]
            least = wanted.groupby(keys, observed=True)["by_method"].nunique()
            short = int((least < least.max()).sum())
            twice = int(own.duplicated([*keys, "by_method"]).sum())
            findings += [Finding("headlines that lack a method", short, str(term))] if short else []
            findings += [Finding("methods that stand twice", twice, str(term))] if twice else []
            findings += [Finding("headlines without any method", 1, str(term))] if methods.empty else []
        strange = int((~rows["by_arm"].isin([*study.arm_ids, "all"])).sum())
        return [*findings, *([Finding("rows of no arm of the study", strange)] if strange else [])]

    description = "Every headline and arm has every method of its kind, once."
    return Check("every_headline_is_stated", "robustness", description, find)


def draws_are_complete(table: str) -> Check:
    """Check that every missing score stands once, and that every draw of it is a number."""

    def find(frames: Frames) -> list[Finding]:
        rows = frames[table]
        drawn = rows.filter(like="draw_")
        found = {
            "draws that are no number": int(drawn.isna().sum().sum()),
            "missing scores that stand twice": int(rows.duplicated(["participant", "wave"]).sum()),
        }
        return [Finding(what, count) for what, count in found.items() if count]

    description = "Every missing score stands once, and every draw of it is a number."
    return Check("draws_are_complete", table, description, find)


def shares_of_states_add_up(table: str) -> Check:
    """Check that the shares of all states of a variable, wave and arm make one, where none of them is withheld."""

    def find(frames: Frames) -> list[Finding]:
        rows = frames[table]
        single = rows[(rows["term"] == "share") & (rows["by_state"] != "counted") & rows["estimate"].notna()]
        sums = single.groupby(["outcome", "wave", "by_arm", "by_strategy"], observed=True)["estimate"].sum()
        off = int(((sums - 1).abs() > 1e-9).sum())
        return [Finding("arms and waves whose shares do not make one", off)] if off else []

    description = "The shares of all states of a variable, wave and arm make one."
    return Check("shares_of_states_add_up", table, description, find)
