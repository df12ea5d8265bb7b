"""Checks written by hand of what models say: a status for every row, means that can be, adjusted p values."""

from collections.abc import Mapping

from pipelines.checks import Check, Finding, Frames

ESTIMATED, NOT_ESTIMABLE = "estimated", "not estimable"


def every_row_says_what_was_done(table: str) -> Check:
    """Check that an estimate is there exactly where the status says so, with the method that was used in the end."""

    def find(frames: Frames) -> list[Finding]:
        rows = frames[table]
        estimated = rows["status"].eq(ESTIMATED).fillna(False)
        found = {
            "rows whose status is not known": int((~rows["status"].isin([ESTIMATED, NOT_ESTIMABLE])).sum()),
            "rows called estimated without an estimate": int((estimated & rows["estimate"].isna()).sum()),
            "estimates of rows that are not called estimated": int((~estimated & rows["estimate"].notna()).sum()),
            "rows that do not say how": int(rows["method"].isna().sum()),
        }
        return [Finding(what, count) for what, count in found.items() if count]

    description = "An estimate is there exactly where the status says so, and every row says how."
    return Check("every_row_says_what_was_done", table, description, find)


def means_are_in_range(ranges: Mapping[str, tuple[float, float]]) -> Check:
    """Warn of means of models outside what the scale can give: a model can go beyond, and then fits badly."""

    def find(frames: Frames) -> list[Finding]:
        rows = frames["score_means"]
        findings = []
        for scale, (low, high) in ranges.items():
            means = rows.loc[rows["outcome"].eq(scale) & rows["term"].eq("mean"), "estimate"].dropna()
            outside = int((~means.between(low, high)).sum())
            findings += [Finding(f"means outside {low:g} to {high:g}", outside, scale)] if outside else []
        return findings

    description = "No mean of a model lies outside what its scale can give."
    return Check("means_are_in_range", "score_means", description, find, blocking=False)


def adjusted_are_not_smaller() -> Check:
    """Check that no adjusted p value is smaller than its unadjusted one."""

    def find(frames: Frames) -> list[Finding]:
        rows = frames["score_contrasts"]
        keys = ["outcome", "term", "contrast", "wave", "by_since", "by_model"]
        keyed = rows[rows["by_unit"].eq("points")].assign(by_since=rows["by_since"].fillna(""))
        plain = keyed[keyed["by_adjustment"].eq("none")].set_index(keys)["p_value"]
        adjusted = keyed[~keyed["by_adjustment"].eq("none")].set_index(keys)["p_value"]
        both = adjusted.to_frame("adjusted").join(plain.rename("plain"), how="left").dropna()
        less = int((both["adjusted"] < both["plain"] - 1e-12).sum())
        return [Finding("adjusted p values below their unadjusted ones", less)] if less else []

    description = "No adjusted p value is smaller than its unadjusted one."
    return Check("adjusted_are_not_smaller", "score_contrasts", description, find)
