"""References of the sources: waves, columns by wave, keys, constants, and what no two of them may share."""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterator

from increase_eval.study.cursor import Cursor, duplicate_ids, duplicates
from increase_eval.study.problems import Problem, shown, unknown_text
from increase_eval.study.references.names import Names


def source_problems(names: Names) -> Iterator[Problem]:
    """Check every source, and that together they hold every wave."""
    yield from duplicate_ids(names.head["sources"], "source")
    for source in names.head["sources"]:
        yield from source["wave"].unknown("wave", names.waves)
        yield from _long_problems(names, source)
        yield from _wide_problems(names, source)
        yield from _unplaced_problems(names, source)
        yield from _key_problems(names, source)
        yield from _constant_problems(names, source)
        yield from file_problems(source)
    yield from _coverage_problems(names)


def waves_held(names: Names, source: Cursor) -> list[str]:
    """Give the waves that a source holds, in the order of the study."""
    held = {source["wave"].word}
    held |= {wave.word for _, wave in source["wave_values"].entries()}
    for _, by_wave in source["columns_by_wave"].entries():
        held |= {wave for wave, _ in by_wave.entries()}
    return [wave for wave in names.waves or [] if wave in held]


def stands_in(column: Cursor, source: Cursor) -> bool:
    """Say whether the files of a source have a column: all that hold its wave, unless the column names some."""
    named = [word for word, _ in column["sources"].words()]
    return not named or source["id"].word in named


def _long_problems(names: Names, source: Cursor) -> Iterator[Problem]:
    for _, wave in source["wave_values"].entries():
        yield from wave.unknown("wave", names.waves)


def _wide_problems(names: Names, source: Cursor) -> Iterator[Problem]:
    used: dict[tuple[str, str], str] = {}
    for column, by_wave in source["columns_by_wave"].entries():
        if names.any_wave_column is not None and column not in names.any_wave_column:
            yield by_wave.problem(unknown_text(column, "column of any wave", names.any_wave_column))
        for wave, in_file in by_wave.entries():
            if names.waves is not None and wave not in names.waves:
                yield in_file.problem(unknown_text(wave, "wave", names.waves))
            elif (
                names.wave_columns is not None
                and column in (names.any_wave_column or {})
                and column not in names.wave_columns.get(wave, {})
            ):
                asked = [one for one, columns in names.wave_columns.items() if column in columns]
                yield in_file.problem(
                    f"the wave {wave} does not ask {shown(column)}; it is asked in {', '.join(asked)}"
                )
            if in_file.word is None:
                continue
            other = used.setdefault((in_file.word, ""), f"{column} in {wave}")
            if other != f"{column} in {wave}":
                yield in_file.problem(f"the column {shown(in_file.value)} of the files is taken by {other} already")


def _unplaced_problems(names: Names, source: Cursor) -> Iterator[Problem]:
    """Look for columns of several waves of which a wide source does not say where each wave's answers stand."""
    if source["shape"].word != "wide" or names.wave_columns is None:
        return
    placed = {
        column: {wave for wave, _ in by_wave.entries()} for column, by_wave in source["columns_by_wave"].entries()
    }
    constants = {name for name, _ in source["constants"].entries()}
    asked: dict[str, list[str]] = {}
    for wave in waves_held(names, source):
        for name, column in names.wave_columns[wave].items():
            if stands_in(column, source) and name not in constants:
                asked.setdefault(name, []).append(wave)
    for name, waves in asked.items():
        missing = [wave for wave in waves if wave not in placed.get(name, set())]
        if missing and (name in placed or len(waves) > 1):
            yield source["columns_by_wave"].problem(
                f"{shown(name)} is asked in {', '.join(waves)}, and nothing says which column of the files "
                f"holds it in {', '.join(missing)}"
            )


def _key_problems(names: Names, source: Cursor) -> Iterator[Problem]:
    key = source["key"]
    pattern = key["pattern"]
    if pattern.word is not None:
        try:
            re.compile(pattern.word)
        except re.error as error:
            yield pattern.problem(f"{shown(pattern.value)} is no regular expression: {error}")
    if key["column"].word is None and _needs_key(names, source):
        place = key["column"] if isinstance(key.value, dict) else source
        why = "a participant has several rows in it" if source["shape"].word == "long" else "it is linked to others"
        yield place.problem(f"the source {source['id'].word} needs `key` with a `column`: {why}")


def _needs_key(names: Names, source: Cursor) -> bool:
    return source["shape"].word == "long" or len([*names.head["sources"]]) > 1


def _constant_problems(names: Names, source: Cursor) -> Iterator[Problem]:
    if names.participant_columns is None or names.any_wave_column is None:
        return
    known = {**names.participant_columns, **names.any_wave_column}
    for column, value in source["constants"].entries():
        if column not in known:
            yield value.problem(unknown_text(column, "contracted column", known))


def file_problems(source: Cursor) -> Iterator[Problem]:
    """Check where the files of a source lie and how they are to be read."""
    yield from duplicates(source["files"].words(), "the pattern")
    for pattern, place in source["files"].words():
        if (
            pattern.startswith(("/", "~", "\\"))
            or re.match(r"^[A-Za-z]:", pattern)
            or ".." in re.split(r"[/\\]", pattern)
        ):
            yield place.problem(
                f"{shown(pattern)} leaves the study's raw folder; allowed: patterns below it, such as t1/*.csv"
            )
    encoding = source["options"]["encoding"]
    if encoding.word is not None:
        try:
            codecs.lookup(encoding.word)
        except LookupError:
            yield encoding.problem(f"{shown(encoding.value)} is no encoding; allowed: such as utf-8, cp1252, latin-1")
    delimiter, decimal = source["options"]["delimiter"], source["options"]["decimal"]
    if delimiter.value is not None and delimiter.value == decimal.value:
        yield delimiter.problem(f"{shown(delimiter.value)} cannot be both the delimiter and the decimal mark")


def _coverage_problems(names: Names) -> Iterator[Problem]:
    """Look for waves without a source or a column, and for files of participants that nobody takes."""
    if not [*names.head["sources"]]:
        return
    held = {wave for source in names.head["sources"] for wave in waves_held(names, source)}
    counts = Counter({wave: len(columns) for wave, columns in (names.wave_columns or {}).items()})
    for wave in names.head["waves"]:
        word = wave["id"].word
        if word and word not in held:
            yield wave["id"].problem(f"no source holds the wave {shown(word)}")
        if word and names.wave_columns is not None and not counts[word]:
            yield wave["id"].problem(f"no table in waves/ has a column for the wave {shown(word)}")
    taken = names.head["participants"]["source"].word
    for source in names.head["sources"]:
        if source["shape"].word == "participants" and taken and source["id"].word != taken:
            yield source["shape"].problem(f"`participants.source` is {shown(taken)}, so nobody reads this source")
