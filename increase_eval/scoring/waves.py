"""Every scale of a study at every wave that asks it: the table `scores`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa

from increase_eval.errors import DataError
from increase_eval.scoring.scale import SCORE_COLUMNS, score_scale
from increase_eval.study import Scale, Study

COLUMNS = ("participant", "wave", "scale", *SCORE_COLUMNS)
_REPEATED = 1 << 16


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
    The table is filled scale by scale and wave by wave: beside it, no more is held than the scores of one wave's
    components and the items of one scale. A row takes 24 bytes of numbers and the text of its status; wave, scale and
    participant point at what is there already.

    ``norm_weighted`` scales are made from the scores of their components in the same wave. Only columns that the
    contract gives to a wave count as asked in it, whatever else its table holds; a contracted column that the table
    lacks was not asked.
    """
    unknown = [wave for wave in waves if wave not in study.wave_ids]
    if unknown:
        raise ValueError(f"{unknown} are no waves of study {study.id!r}; it has: {', '.join(study.wave_ids)}")
    asked = {wave: _asked(study, wave) for wave in study.wave_ids if wave in waves}
    if not any(asked.values()):
        return _empty()
    table = _Table(sum(len(waves[wave]) * len(scales) for wave, scales in asked.items()))
    for wave, scales in asked.items():
        for scale, scores in _wave_scores(study, wave, scales, waves[wave]):
            table.add(waves[wave]["participant"], wave, scale, scores)
    return table.whole()


class _Table:
    """The table at work: numbers go to their place as they come, and what repeats itself is held once."""

    def __init__(self, rows: int) -> None:
        self._numbers = {
            "score": np.empty(rows, dtype="float64"),
            "items_answered": np.empty(rows, dtype="int64"),
            "items_expected": np.empty(rows, dtype="int64"),
        }
        self._texts: dict[str, list[pd.Series[str]]] = {name: [] for name in ("participant", "wave", "scale", "status")}
        self._end = 0

    def add(self, participant: pd.Series[str], wave: str, scale: str, scores: pd.DataFrame) -> None:
        """Take the scores of one scale at one wave."""
        start, self._end = self._end, self._end + len(scores)
        for name, numbers in self._numbers.items():
            numbers[start : self._end] = scores[name]
        self._texts["participant"].append(participant)
        self._texts["wave"].append(_repeated(wave, len(scores)))
        self._texts["scale"].append(_repeated(scale, len(scores)))
        self._texts["status"].append(scores["status"])

    def whole(self) -> pd.DataFrame:
        """Give the table. Texts are put below each other without being copied."""
        texts = {name: pd.concat(parts, ignore_index=True) for name, parts in self._texts.items()}
        return pd.DataFrame({name: texts.get(name, self._numbers.get(name)) for name in COLUMNS}, copy=False)


def _repeated(text: str, count: int) -> pd.Series[str]:
    """Give a text so many times; a long column points at one short block again and again."""
    block = pa.array([text] * min(count, _REPEATED), type=pa.large_string())
    whole, rest = divmod(count, _REPEATED)
    chunks = pa.chunked_array([*[block] * whole, block.slice(0, rest)], type=pa.large_string())
    return pd.Series(pd.array(chunks, dtype="str"))


def _asked(study: Study, wave: str) -> list[Scale]:
    """Give the scales that a wave asks, in the order in which they can be scored."""
    return [scale for scale in _components_first(study) if wave in study.scale_waves(scale)]


def _wave_scores(
    study: Study, wave: str, scales: Sequence[Scale], answers: pd.DataFrame
) -> Iterator[tuple[str, pd.DataFrame]]:
    twice = answers["participant"].duplicated().to_numpy()
    if twice.any():
        rows = f"row {int(twice.argmax()) + 1} is the first of {int(twice.sum())} to repeat one"
        raise DataError(f"wave {wave!r} cannot be scored", [f"a participant stands twice; {rows}"])
    contracted = [column.name for column in study.wave_columns(wave) if column.name in answers.columns]
    table = answers[contracted].reset_index(drop=True)
    components: dict[str, pd.Series[float]] = {}
    for scale in scales:
        made = {item: components[item] for item in scale.items if scale.rule == "norm_weighted" and item in components}
        try:
            scores = score_scale(table.assign(**made), scale)
        except DataError as error:
            raise DataError(f"wave {wave!r}: {error.args[0].splitlines()[0]}", error.problems) from None
        components[scale.id] = scores["score"]
        yield scale.id, scores


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
