"""A draft over a wide file: one row a participant, the waves side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pandas as pd

from increase_eval.intake.drafting.assembling import coded_numbers, draft_columns, finish, waves_of_marks
from increase_eval.intake.drafting.blocks import find_blocks
from increase_eval.intake.drafting.layout import DraftColumn, DraftSource, Layout, SortedFile, slug, stored_name
from increase_eval.intake.drafting.profiles import merge
from increase_eval.intake.drafting.roles import guess_key, reads_as_number
from increase_eval.intake.drafting.waves import Mark


def arrange_wide(one: SortedFile, marked: Mapping[str, Mapping[Mark, str]]) -> Layout:
    """Lay out a wide file, given what is asked in it at several waves."""
    key = guess_key(one.raw, [profile for name, profile in one.every.items() if name not in one.personal])
    columns = one.usable(key)
    sided = {base: {mark: n for mark, n in by_mark.items() if n in columns} for base, by_mark in marked.items()}
    marks = sorted({mark for by_mark in sided.values() for mark in by_mark})
    waves = waves_of_marks(marks)
    wave_of = {mark: wave.id for mark, wave in zip(marks, waves, strict=True)}
    used = {name for by_mark in sided.values() for name in by_mark.values()}
    alone = {name: p for name, p in columns.items() if name not in used}
    lone_blocks = find_blocks(alone, coded_numbers(one.raw.frame, alone))
    lone_items = [item for block in lone_blocks for item in block.items]
    answers: list[DraftColumn] = []
    for base, by_mark in sided.items():
        if by_mark:
            name = stored_name(base, [c.name for c in answers] + [*alone])
            by_wave = {wave_of[mark]: column for mark, column in sorted(by_mark.items())}
            joined = merge(columns[column] for column in by_wave.values())
            if joined.label == joined.name:
                joined = replace(joined, label=base)
            asked = tuple(by_wave) if len(by_wave) < len(waves) else ()
            answers.append(DraftColumn(name, joined, None, asked, by_wave))
    for item in lone_items:
        note = f"nothing in its name says which wave it belongs to; {waves[0].id} is assumed"
        name = stored_name(item, [c.name for c in answers])
        answers.append(DraftColumn(name, columns[item], None, (waves[0].id,), {waves[0].id: item}, notes=(note,)))
    person = [name for name in alone if name not in lone_items]
    question = (
        f"which wave do {', '.join(person)} belong to? They are drafted as columns of the participants; an outcome "
        "among them belongs into columns_by_wave"
    )
    first = {column.name: one.raw.frame[next(iter(column.by_wave.values()))] for column in answers}
    source = DraftSource(slug(one.path.stem, prefix="source"), one.path.name, "wide", key)
    return finish(
        [one],
        waves=waves,
        sources=[source],
        person=draft_columns(person, alone),
        answers=answers,
        baseline=(source.id, None),
        first_answers=pd.DataFrame({name: reads_as_number(cells) for name, cells in first.items()}),
        questions=[question] if person else [],
    )
