"""What all shapes of files have in common: columns of a draft, waves by name and number, and the layout at the end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from increase_eval.errors import DataError
from increase_eval.intake.drafting.blocks import WIDEST_RANGE, find_blocks
from increase_eval.intake.drafting.layout import (
    DraftColumn,
    DraftSource,
    DraftWave,
    Layout,
    SortedFile,
    slug,
    stored_name,
    unique,
)
from increase_eval.intake.drafting.profiles import Profile
from increase_eval.intake.drafting.roles import guess_answer_date, guess_arm, guess_key, reads_as_number
from increase_eval.intake.drafting.waves import Mark


def finish(
    files: Sequence[SortedFile],
    *,
    waves: Sequence[DraftWave],
    sources: Sequence[DraftSource],
    person: Sequence[DraftColumn],
    answers: Sequence[DraftColumn],
    baseline: tuple[str, str | None],
    first_answers: pd.DataFrame,
    questions: Sequence[str],
) -> Layout:
    """Add to the columns of a draft what depends on all of them: scales, the arm, what is left out, what is asked.

    Parameters
    ----------
    files
        The files, sorted.
    waves, sources, person, answers, baseline, questions
        As :class:`~increase_eval.intake.drafting.layout.Layout` has them (`person`: its `participants`).
    first_answers
        Shape (rows, columns): the answers of the first wave as numbers, by the names of `answers` or of the file.
    """
    if not answers:  # a wave without a column is none, so what looked like a description is the answer
        person, answers = [], person
    answers = _ask_in_every_wave(answers, waves)
    profiles = {column.name: column.profile for column in answers}
    blocks = find_blocks(profiles, _by_stored_name(first_answers, answers))
    arm = guess_arm(column.profile for column in person)
    arm_column = next((column for column in person if arm is not None and column.profile is arm), None)
    items = {item for block in blocks for item in block.items}
    delivered = tuple(
        column.name for column in answers if column.name not in items and _holds_a_score(column, len(waves))
    )
    dated = guess_answer_date([column.profile for column in answers])
    keys = {source.key for source in sources}
    asked = [*questions]
    if arm_column is None:
        asked.append("no column looks like the arm, so everybody is drafted into one; is there a comparison?")
    if any(source.key is None for source in sources):
        asked.append("no column looks like a participant's key, so each row is taken for a participant")
    return Layout(
        waves=tuple(waves),
        sources=tuple(sources),
        participants=tuple(person),
        answers=tuple(answers),
        baseline=baseline,
        arm=arm_column,
        answer_date=next((column.name for column in answers if column.profile.name == dated), None),
        blocks=tuple(blocks),
        delivered=delivered,
        personal={name: why for one in files for name, why in one.personal.items() if name not in keys},
        ignored=_ignored(files, keys),
        questions=tuple(asked),
    )


def _ignored(files: Sequence[SortedFile], keys: set[str | None]) -> dict[str, tuple[str, ...]]:
    """Join what the files leave out: reason -> columns, but for those that another file maps."""
    mapped = {name for one in files for name in one.usable()}
    reasons = {name: why for one in reversed(files) for name, why in one.ignored.items()}
    out: dict[str, tuple[str, ...]] = {}
    for name, why in reasons.items():
        if name not in keys and name not in mapped:
            out[why] = (*out.get(why, ()), name)
    return out


def draft_columns(
    names: Sequence[str],
    profiles: Mapping[str, Profile],
    asked: Mapping[str, tuple[str, ...]] | None = None,
    every: Sequence[str] = (),
) -> tuple[DraftColumn, ...]:
    """Draft the columns of one table, under the names that stored tables can have."""
    drafted: list[DraftColumn] = []
    for name in names:
        stored = stored_name(name, [column.name for column in drafted])
        waves = (asked or {}).get(name, ())
        kept = waves if waves and len(waves) < len(every) else ()
        drafted.append(DraftColumn(stored, profiles[name], name if stored != name else None, kept))
    return tuple(drafted)


def participants_file(
    others: Sequence[SortedFile], taken: Iterable[str]
) -> tuple[DraftSource, tuple[DraftColumn, ...]] | None:
    """Take a file that is no wave for the file of participants, if it has one row a key."""
    for one in others:
        key = guess_key(one.raw, [p for n, p in one.every.items() if n not in one.personal])
        columns = one.usable(key)
        if key is not None and columns:
            source = DraftSource(
                unique(slug(one.path.stem, prefix="source"), taken), one.path.name, "participants", key
            )
            return source, draft_columns(list(columns), columns)
    return None


def _holds_a_score(column: DraftColumn, wave_count: int) -> bool:
    """Say whether a column that comes again may be a score: fractions, or side by side also a wide range."""
    one = column.profile
    again = len(column.waves or range(wave_count)) > 1
    span = (one.high or 0) - (one.low or 0)
    is_wide = one.kind == "integer" and bool(column.by_wave) and not one.labels and span > WIDEST_RANGE
    return again and ((one.kind == "number" and one.distinct > WIDEST_RANGE) or is_wide)


def waves_of_marks(marks: Sequence[Mark]) -> tuple[DraftWave, ...]:
    """Make waves of the marks in names; marks that count months give the time, all others only the order."""
    in_months = all(mark.kind in ("m", "mo", "month") or mark.order < 0 for mark in marks)
    waves: list[DraftWave] = []
    for place, mark in enumerate(marks):
        name = f"t{mark.text}" if mark.text.isdigit() else slug(mark.text, prefix="t")
        label = mark.text.capitalize() if mark.kind == "word" else f"Wave {mark.order:g}"
        time = max(mark.order, 0.0) if in_months else float(place)
        waves.append(DraftWave(unique(name, [wave.id for wave in waves]), label, time))
    return tuple(waves)


def _ask_in_every_wave(answers: Sequence[DraftColumn], waves: Sequence[DraftWave]) -> tuple[DraftColumn, ...]:
    """Let the first column be asked in the waves of which no row has any value, as a wave has a column at least.

    Raises
    ------
    DataError
        If there is no column at all.
    """
    if not answers:
        raise DataError("there is nothing to draft: every column is a key, personal, written by hand, or empty")
    silent = [wave.id for wave in waves if not any(not one.waves or wave.id in one.waves for one in answers)]
    if not silent or answers[0].by_wave:
        return tuple(answers)
    asked = tuple(wave.id for wave in waves if wave.id in (*answers[0].waves, *silent))
    note = f"nobody has a value in {', '.join(silent)}"
    first = replace(answers[0], waves=() if len(asked) == len(waves) else asked, notes=(*answers[0].notes, note))
    return (first, *answers[1:])


def _by_stored_name(cells: pd.DataFrame, answers: Sequence[DraftColumn]) -> pd.DataFrame:
    """Give the answers by the names of the draft, whether they stand there by that name or by that of the file."""
    found = {column.name: next((n for n in (column.name, column.source) if n in cells), None) for column in answers}
    profiles = {column.name: column.profile for column in answers}
    return pd.DataFrame({name: _only_answers(cells[there], profiles[name]) for name, there in found.items() if there})


def _only_answers(cells: pd.Series, one: Profile) -> pd.Series:
    """Set missing the codes that stand for no answer."""
    return cells.mask(
        cells.isin([code for codes in one.missing.values() for code in codes if not isinstance(code, str)])
    )


def coded_numbers(frame: pd.DataFrame, columns: Mapping[str, Profile]) -> pd.DataFrame:
    """Give the coded columns of a file as numbers, the codes that stand for no answer as missing."""
    coded = {name: one for name, one in columns.items() if one.is_coded}
    return pd.DataFrame({name: _only_answers(reads_as_number(frame[name]), one) for name, one in coded.items()})


def is_number(value: str) -> bool:
    """Say whether a value of a wave column is a number."""
    return re.match(r"^-?\d+(\.\d+)?$", value) is not None
