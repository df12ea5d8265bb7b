"""A draft over a long file: several rows a participant, and a column that names the wave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from increase_eval.intake.cells import cell_text
from increase_eval.intake.drafting.assembling import coded_numbers, draft_columns, finish, is_number, participants_file
from increase_eval.intake.drafting.blocks import find_blocks
from increase_eval.intake.drafting.layout import DraftSource, DraftWave, Layout, SortedFile, slug, unique
from increase_eval.intake.drafting.profiles import Profile
from increase_eval.intake.drafting.roles import guess_wave_column
from increase_eval.intake.drafting.waves import mark_of_file


def long_of(one: SortedFile) -> tuple[SortedFile, str, str] | None:
    """Give the file, its wave column and its key, if it has several rows a participant."""
    candidates = [profile for name, profile in one.every.items() if name not in one.personal]
    found = guess_wave_column(one.raw, candidates)
    return (one, *found) if found is not None else None


def arrange_long(files: Sequence[SortedFile], main: SortedFile, wave: str, key: str) -> Layout:
    """Lay out a long file, and a file of participants beside it where there is one.

    What never differs between the rows of one participant, and is known at the first wave, describes the participant;
    the items of scales never do.
    """
    in_wave = main.raw.frame[wave].map(cell_text)
    values = sorted(set(in_wave.dropna()) - {""}, key=_as_order)
    waves, wave_values = _waves_of_values(values, main.every[wave])
    columns = main.usable(wave, key)
    asked = _asked_in(main.raw.frame[list(columns)], in_wave, wave_values)
    first_answers = coded_numbers(main.raw.frame[in_wave == values[0]], columns)
    source = DraftSource(slug(main.path.stem, prefix="source"), main.path.name, "long", key, None, wave, wave_values)
    others = [one for one in files if one is not main]
    extra = participants_file(others, [source.id])
    person: list[str] = []
    if extra is None:
        items = {item for block in find_blocks(columns, first_answers) for item in block.items}
        constant = _constant_within(main.raw.frame, key, [name for name in columns if name not in items])
        known = {name for name in constant if waves[0].id in asked[name]}
        person = [name for name in columns if name in known and (columns[name].distinct > 1 or len(asked[name]) == 1)]
    answers = [name for name in columns if name not in person]
    unread = [one.path.name for one in others if extra is None or extra[0].file != one.path.name]
    return finish(
        files,
        waves=waves,
        sources=(source, extra[0]) if extra else (source,),
        person=extra[1] if extra else draft_columns(person, columns),
        answers=draft_columns(answers, columns, asked, every=[one.id for one in waves]),
        baseline=(extra[0].id, None) if extra else (source.id, waves[0].id),
        first_answers=first_answers,
        questions=[f"{name} is in no source: it is neither long nor a file of participants" for name in unread],
    )


def _asked_in(cells: pd.DataFrame, in_wave: pd.Series, wave_values: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
    """Find the waves in which each column has any value."""
    filled = cells.notna().groupby(in_wave).any()
    return {
        str(name): tuple(wave for value, wave in wave_values.items() if filled.loc[value, name])
        for name in cells.columns
    }


def _waves_of_values(values: Sequence[str], one: Profile) -> tuple[tuple[DraftWave, ...], dict[str, str]]:
    """Make waves of the values of a wave column: numbers are times, words are counted."""
    labels = {cell_text(code): label for code, label in one.labels.items()}
    waves: list[DraftWave] = []
    by_value: dict[str, str] = {}
    for place, value in enumerate(values):
        wave_id = unique(slug(value if not is_number(value) else f"t{value}", prefix="t"), by_value.values())
        time = float(value) if all(is_number(other) for other in values) else float(place)
        waves.append(DraftWave(wave_id, labels.get(value, f"Wave {value}"), time))
        by_value[value] = wave_id
    return tuple(waves), by_value


def _constant_within(frame: pd.DataFrame, key: str, names: Sequence[str]) -> set[str]:
    """Find the columns that never differ between the rows of one participant."""
    if not names:
        return set()
    texts = frame[list(names)].apply(lambda cells: cells.map(cell_text, na_action="ignore"))
    most = texts.groupby(frame[key]).nunique().max()
    return set(most.index[most <= 1])


def _as_order(value: str) -> tuple[bool, float, str]:
    """Numbers in their order, then words: those that say when in that order, others in that of the alphabet."""
    mark = mark_of_file(value)
    order = float(value) if is_number(value) else mark.order if mark is not None else float("inf")
    return (not is_number(value), order, value)
