"""What leaves: figures and the report, in both languages."""

import dagster as dg

from increase_eval.study import Study


def report_assets(study: Study) -> list[dg.AssetsDefinition]:  # noqa: ARG001
    """Build the layer."""
    return []
