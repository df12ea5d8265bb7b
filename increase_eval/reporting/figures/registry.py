"""Which figures are there? One entry a figure; a new figure is a module of its own and a line here."""

from __future__ import annotations

from increase_eval.reporting.figures import (
    adjusted,
    anchored,
    answering,
    balance,
    distributions,
    flow,
    leavers,
    moved,
    moves,
    overlap,
    pathway,
    published,
    reliability,
    retention,
    robustness,
    satisfaction,
    states,
    staying,
    tipping,
    trajectories,
    verdicts,
    weighted,
)
from increase_eval.reporting.figures.drawing import FigureSpec

VERDICTS_ARE_WIDE = "names, numbers and axis stand side by side, and leave the axis no room"
FLOW_IS_WIDE = "its boxes stand side by side, and the numbers in them do not fit"

FIGURES: dict[str, FigureSpec] = {
    spec.id: spec
    for spec in (
        FigureSpec("flow", frozenset(), ("response_flow",), flow.paint, page_only=FLOW_IS_WIDE),
        FigureSpec("distributions", frozenset({"scales"}), ("score_distribution",), distributions.paint),
        FigureSpec("trajectories", frozenset({"scales"}), ("score_means",), trajectories.paint),
        FigureSpec("retention", frozenset({"scales", "repeated"}), ("retention_by_baseline",), retention.paint),
        FigureSpec("staying", frozenset({"repeated"}), ("response_flow",), staying.paint),
        FigureSpec("leavers", frozenset(), ("leaver_differences",), leavers.paint_leavers),
        FigureSpec("representativeness", frozenset(), ("representativeness",), answering.paint_representativeness),
        FigureSpec("chances", frozenset(), ("answering_chances",), answering.paint_chances),
        FigureSpec("balance", frozenset(), ("weight_balance",), leavers.paint_balance),
        FigureSpec("weighted", frozenset({"scales", "repeated"}), ("weighted_changes",), weighted.paint),
        FigureSpec(
            "tipping", frozenset({"arms", "scales", "repeated"}), ("tipping_contours", "tipping_points"), tipping.paint
        ),
        FigureSpec("anchored", frozenset({"services", "scales", "repeated"}), ("anchored_contrasts",), anchored.paint),
        FigureSpec("robustness", frozenset({"repeated"}), ("robustness",), robustness.paint),
        FigureSpec("reliability", frozenset({"items"}), ("reliability",), reliability.paint),
        FigureSpec("pathway", frozenset({"services"}), ("pathway", "service_outcomes"), pathway.paint),
        FigureSpec("published", frozenset({"published"}), ("published_comparison",), published.paint),
        FigureSpec("states", frozenset({"states"}), ("state_shares",), states.paint),
        FigureSpec("moved", frozenset({"states", "arms", "repeated"}), ("moves_by_arm",), moved.paint),
        FigureSpec("moves", frozenset({"states", "arms"}), ("work_contrasts",), moves.paint),
        FigureSpec("adjusted", frozenset({"arms"}), ("adjusted_contrasts",), adjusted.paint),
        FigureSpec("arm_balance", frozenset({"arms"}), ("arm_balance",), balance.paint),
        FigureSpec("overlap", frozenset({"arms"}), ("propensity_overlap",), overlap.paint),
        FigureSpec(
            "satisfaction", frozenset({"arms", "satisfaction"}), ("satisfaction_contrasts",), satisfaction.paint
        ),
        FigureSpec(
            "verdicts", frozenset({"arms", "scales"}), ("verdicts",), verdicts.paint, page_only=VERDICTS_ARE_WIDE
        ),
    )
}
"""Id -> figure, in the order in which a report shows them."""
