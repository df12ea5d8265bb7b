"""From items to scores, and how reliable the scores are."""

from increase_eval.scoring.agreement import compare_with_shipped
from increase_eval.scoring.scale import score_scale
from increase_eval.scoring.waves import score_waves

__all__ = ["compare_with_shipped", "score_scale", "score_waves"]
