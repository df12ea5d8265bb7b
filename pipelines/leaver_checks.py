"""Checks of the tables of who left, written by hand: weights are weights, and lower bounds are the lower ones."""

from pipelines.checks import Check, Finding, Frames


def weights_are_weights() -> Check:
    """Check that weights are above nought, average 1 by wave and weighting, and stand once for each participant."""

    def find(frames: Frames) -> list[Finding]:
        weights = frames["response_weights"]
        means = weights.groupby(["wave", "weighting"], observed=True)["weight"].mean()
        counts = {
            "weights that are not above nought": int((~(weights["weight"] > 0)).sum()),
            "waves and weightings whose weights do not average 1": int(((means - 1).abs() > 1e-9).sum()),
            "participants with two weights": int(weights.duplicated(["participant", "wave", "weighting"]).sum()),
        }
        return [Finding(what, count) for what, count in counts.items() if count]

    description = "Weights are above nought, average 1, and stand once for each participant."
    return Check("weights_are_weights", "response_weights", description, find)


def lower_bounds_are_lower() -> Check:
    """Check that no lower bound lies above its upper one."""

    def find(frames: Frames) -> list[Finding]:
        keys = ["outcome", "contrast", "wave", "method", "by_measure", "by_among", "by_arm"]
        rows = frames["bounds"].assign(**{key: frames["bounds"][key].fillna("") for key in keys})
        wide = rows.pivot_table(index=keys, columns="term", values="estimate", aggfunc="first", observed=True)
        if not {"lower", "upper"} <= set(wide.columns):
            return []
        slack = 1e-9 * wide.abs().max(axis=1).clip(lower=1.0)
        crossed = int((wide["lower"] > wide["upper"] + slack).sum())
        return [Finding("lower bounds above their upper ones", crossed)] if crossed else []

    return Check("lower_bounds_are_lower", "bounds", "No lower bound lies above its upper one.", find)
