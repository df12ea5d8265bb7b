"""Which columns a score comes from: from items to scales, as Dagster shows it and as a person reads it."""

import dagster as dg

from increase_eval.study import Scale, Study
from pipelines.names import wave_table


def score_lineage(study: Study) -> dict[str, object]:
    """Give the metadata of ``scores``: the items behind each scale.

    The table is long, so its column ``score`` comes from the items of every scale; what each scale comes from stands
    beside it under the scale's own name.
    """
    by_scale = {scale.id: _items(study, scale) for scale in study.scales}
    every = list(dict.fromkeys(dep for deps in by_scale.values() for dep in deps))
    lineage = dg.TableColumnLineage({"score": every, **by_scale})
    rows = [
        f"| {scale.id} | {scale.labels.en if scale.labels else ''} | {scale.rule} "
        f"| {', '.join(f'`{item}`' + (' (reversed)' if item in scale.reversed else '') for item in scale.items)} "
        f"| {', '.join(study.scale_waves(scale))} |"
        for scale in study.scales
    ]
    table = "\n".join(["| scale | what it is | rule | items | waves |", "|---|---|---|---|---|", *rows])
    return {"dagster/column_lineage": lineage, "scales_and_items": dg.MetadataValue.md(table)}


def _items(study: Study, scale: Scale) -> list[dg.TableColumnDep]:
    return [
        dg.TableColumnDep(asset_key=dg.AssetKey([study.id, wave_table(wave)]), column_name=item)
        for wave in study.scale_waves(scale)
        for item in study.leaf_items(scale)
        if item in {column.name for column in study.wave_columns(wave)}
    ]
