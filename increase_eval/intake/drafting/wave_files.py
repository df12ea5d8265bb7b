"""A draft over files of single waves: one file a wave or several, and perhaps a file of participants beside them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import pandas as pd

from increase_eval.intake.drafting.assembling import finish, participants_file, waves_of_marks
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
from increase_eval.intake.drafting.profiles import merge
from increase_eval.intake.drafting.roles import guess_arm, guess_key, looks_like_waves, plain, reads_as_number
from increase_eval.intake.drafting.waves import Mark, mark_in, mark_of_file

_DEMOGRAPHIC = re.compile(
    r"(^| )(age|sex|gender|female|male|educ|education|income|marital|race|ethnic|ethnicity|born|birth|nationality"
    r"|country|region|area|site|centre|center|provider|school|clinic|nonwhite|occupation|household|children"
    r"|sexe|genre|revenu|pays|diplome|situation)( |$)"
)


def arrange_waves(files: Sequence[SortedFile], marks: Sequence[Mark | None]) -> Layout:
    """Lay out one file a wave, or several, and a file of participants beside them where there is one."""
    timed = [(mark, one) for mark, one in zip(marks, files, strict=True) if mark is not None]
    order = sorted({mark for mark, _ in timed})
    waves = waves_of_marks(order)
    wave_of = {mark: wave.id for mark, wave in zip(order, waves, strict=True)}
    sources: list[DraftSource] = []
    held: list[tuple[DraftSource, SortedFile, dict[str, str]]] = []
    for mark, one in sorted(timed, key=lambda pair: (pair[0], pair[1].path.name)):
        key = guess_key(one.raw, [p for n, p in one.every.items() if n not in one.personal])
        key = key if key is not None or len(files) == 1 else _fallback_key(one)
        wave = wave_of[mark]
        source = DraftSource(
            unique(slug(one.path.stem, prefix="source"), [s.id for s in sources]),
            one.path.name, "per_wave", key, wave, platform=_platform(one, mark, len(order)),
        )  # fmt: skip
        bases = {name: _base_of(name, source.platform) for name in one.usable(key)}
        sources.append(source)
        held.append((source, one, bases))
    others = [one for mark, one in zip(marks, files, strict=True) if mark is None]
    extra = participants_file(others, [source.id for source in sources])
    person, answers = _split_by_wave(held, waves, with_participants=extra is None)
    first_source, first_file, _ = held[0]
    numbers = {
        column.name: reads_as_number(first_file.raw.frame[_name_in(column, first_source)])
        for column in answers
        if _name_in(column, first_source) in first_file.every
    }
    unread = [one.path.name for one in others if extra is None or extra[0].file != one.path.name]
    return finish(
        files,
        waves=waves,
        sources=[*sources, extra[0]] if extra else sources,
        person=extra[1] if extra else person,
        answers=answers,
        baseline=(extra[0].id if extra else first_source.id, None),
        first_answers=pd.DataFrame(numbers),
        questions=[
            *(f"{name} is in no source: nothing says whether it is a wave" for name in unread),
            *(question for one in files if (question := _question_of_waves(one)) is not None),
        ],
    )


def _question_of_waves(one: SortedFile) -> str | None:
    """Ask about a file that could be long, were there a key in it."""
    column = looks_like_waves(one.every.values())
    if column is None:
        return None
    return (
        f"{column} in {one.path.name} may name the wave, but no column is a key that comes once in each; if the file "
        "is long, shape, wave_column and key have to be given"
    )


def _split_by_wave(
    held: Sequence[tuple[DraftSource, SortedFile, Mapping[str, str]]],
    waves: Sequence[DraftWave],
    *,
    with_participants: bool,
) -> tuple[tuple[DraftColumn, ...], tuple[DraftColumn, ...]]:
    """Tell the columns of the participants from those of the waves, and join what several files hold."""
    where: dict[str, list[tuple[DraftSource, SortedFile, str]]] = {}
    for source, one, bases in held:
        for name, base in bases.items():
            where.setdefault(base, []).append((source, one, name))
    person: list[DraftColumn] = []
    answers: list[DraftColumn] = []
    for base, places in where.items():
        joined = merge(one.every[name] for _, one, name in places)
        asked = tuple(dict.fromkeys(str(source.wave) for source, _, _ in places))
        in_sources = {source.id for source, _, _ in places}
        expected = {source.id for source, _, _ in held if source.wave in asked}
        described = _DEMOGRAPHIC.search(plain(base)) or guess_arm([joined])
        only_first = len(waves) > 1 and asked == (waves[0].id,) and not joined.is_coded
        is_person = with_participants and waves[0].id in asked and bool(described or only_first)
        name = stored_name(base, [column.name for column in (person if is_person else answers)])
        names = {str(source.platform): found for source, _, found in places if found != base}
        column = DraftColumn(
            name,
            joined,
            base if base != name and not names else None,
            asked if len(asked) < len(waves) and not is_person else (),
            aliases=names,
            sources=tuple(sorted(in_sources)) if in_sources != expected and not is_person else (),
        )
        (person if is_person else answers).append(column)
    return tuple(person), tuple(answers)


def marks_of(files: Sequence[SortedFile]) -> list[Mark | None]:
    """Find the wave of each file, from its name, or else from its place among files that hold the same columns."""
    marks = [mark_of_file(one.path.stem) for one in files]
    if sum(mark is not None for mark in marks) >= 1 and len({m.kind for m in marks if m}) == 1:
        return marks
    shared = [
        max(len(set(one.every) & set(other.every)) / len(one.every) for other in files if other is not one)
        for one in files
    ]
    taken = [Mark(float(place), "t", f"t{place}") for place in range(1, len(files) + 1)]
    is_wave = [share >= 0.3 for share in shared]
    if not any(is_wave):
        is_wave = [True] * len(files)
    remaining = iter(taken)
    return [next(remaining) if wave else None for wave in is_wave]


def _fallback_key(one: SortedFile) -> str:
    """Several files have to be linked, so some column has to be the key, whatever it looks like."""
    fullest = sorted(one.every.values(), key=lambda p: (-p.filled, -p.distinct))
    return fullest[0].name


def _base_of(name: str, platform: str | None) -> str:
    """Strip what a column of one wave's file says about that wave."""
    marked = mark_in(name)
    return marked[0] if marked is not None and platform is not None and marked[1].text == platform else name


def _platform(one: SortedFile, mark: Mark, count: int) -> str | None:
    """Call the files of a wave a platform of their own where their columns carry its mark."""
    if count < 2:
        return None
    marked = [mark_in(name) for name in one.every]
    return mark.text if any(found is not None and found[1].text == mark.text for found in marked) else None


def _name_in(column: DraftColumn, source: DraftSource) -> str:
    alias = column.aliases.get(source.platform) if source.platform else None
    return alias or column.source or column.name
