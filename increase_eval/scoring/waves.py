"""Every scale of a study at every wave that asks it: the table `scores`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from increase_eval.errors import DataError
from increase_eval.scoring.scale import SCORE_COLUMNS, score_scale
from increase_eval.study import Scale, Study

COLUMNS = ("participant", "wave", "scale", *SCORE_COLUMNS)


def score_waves(study: Study, waves: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """How does everybody score on every scale, wave by wave?

    Parameters
    ----------
    study
        Says which scales there are, and which wave asks which item.
    waves
        Wave id -> its conformed table: ``participant`` and the contracted columns. Waves without a table are left out.

    Returns
    -------
    DataFrame
        One row per participant, wave and scale, where the wave asks at least one item of the scale: ``participant,
        wave, scale, score, items_answered, items_expected, status``. Subscales are scales of their own; a delivered
        score is the one item of its scale. Rows are in the order of waves, of scales, and of the rows of each wave.

    Raises
    ------
    DataError
        If a participant stands twice in a wave, or an item cannot be scored; see :func:`score_scale`.
    ValueError
        If `waves` names a wave that the study does not have.

    Notes
    -----
    ``norm_weighted`` scales are made from the scores of their components in the same wave. Only columns that the
    contract gives to a wave count as asked in it, whatever else its table holds; a contracted column that the table
    lacks was not asked.
    """
    unknown = [wave for wave in waves if wave not in study.wave_ids]
    if unknown:
        raise ValueError(f"{unknown} are no waves of study {study.id!r}; it has: {', '.join(study.wave_ids)}")
    parts = [part for wave in study.wave_ids if wave in waves for part in _wave_scores(study, wave, waves[wave])]
    return pd.concat(parts, ignore_index=True) if parts else _empty()


def _wave_scores(study: Study, wave: str, answers: pd.DataFrame) -> Iterator[pd.DataFrame]:
    twice = answers["participant"].duplicated().to_numpy()
    if twice.any():
        rows = f"row {int(twice.argmax()) + 1} is the first of {int(twice.sum())} to repeat one"
        raise DataError(f"wave {wave!r} cannot be scored", [f"a participant stands twice; {rows}"])
    contracted = [column.name for column in study.wave_columns(wave) if column.name in answers.columns]
    table = answers[contracted].reset_index(drop=True)
    participant = answers["participant"].reset_index(drop=True)
    components: dict[str, pd.Series[float]] = {}
    for scale in _components_first(study):
        if wave not in study.scale_waves(scale):
            continue
        made = {item: components[item] for item in scale.items if scale.rule == "norm_weighted" and item in components}
        try:
            scores = score_scale(table.assign(**made), scale)
        except DataError as error:
            raise DataError(f"wave {wave!r}: {error.args[0].splitlines()[0]}", error.problems) from None
        components[scale.id] = scores["score"]
        scores.insert(0, "participant", participant)
        scores.insert(1, "wave", wave)
        scores.insert(2, "scale", scale.id)
        yield scores


def _components_first(study: Study) -> list[Scale]:
    """Put every scale after the scales that it is made from, and else keep the order of the contract."""
    by_id = {scale.id: scale for scale in study.scales}
    ordered: dict[str, Scale] = {}

    def place(scale: Scale, above: tuple[str, ...]) -> None:
        if scale.id in above:
            raise ValueError(f"scale {scale.id!r} of study {study.id!r} is made from itself: {' < '.join(above)}")
        for item in scale.items if scale.rule == "norm_weighted" else ():
            if item in by_id and item not in ordered:
                place(by_id[item], (*above, scale.id))
        ordered.setdefault(scale.id, scale)

    for scale in study.scales:
        place(scale, ())
    return list(ordered.values())


def _empty() -> pd.DataFrame:
    types = {"score": "float64", "items_answered": "int64", "items_expected": "int64"}
    return pd.DataFrame({name: pd.Series(dtype=types.get(name, "str")) for name in COLUMNS})
