"""One job a study: everything from its raw files to its report."""

import dagster as dg

from increase_eval.study import Study


def study_job(study: Study) -> dg.JobDefinition:
    """Build the job that materialises every asset of a study."""
    return dg.define_asset_job(
        name=job_name(study),
        selection=dg.AssetSelection.key_prefixes([study.id]),
        description=f"From raw files to the report: {study.head.title.en}.",
        tags={"study": study.id},
    )


def job_name(study: Study) -> str:
    """Give the name of a study's job."""
    return f"{study.id}__run"
