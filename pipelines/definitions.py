"""The code location that Dagster loads: every study for which a contract is found when it is loaded."""

import dagster as dg

from increase_eval.places import Places
from pipelines.build import build_all_definitions


@dg.definitions
def definitions() -> dg.Definitions:
    """Build the definitions of every study, here and now."""
    return build_all_definitions(Places.from_environment())
