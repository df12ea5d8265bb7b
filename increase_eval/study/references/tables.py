"""References in the tables of ``waves/``: waves, value sets, platforms, names of columns, codes and their spellings."""

from __future__ import annotations

from collections.abc import Iterator

from increase_eval.study.cursor import Cursor, duplicates, is_number
from increase_eval.study.problems import Problem, shown, unknown_text
from increase_eval.study.references.codes import folded, spelling, value_labels
from increase_eval.study.references.names import Names, asked_in
from increase_eval.study.references.sources import stands_in, waves_held

RESERVED = {"participants": ("participant",), "wave": ("participant", "source_file", "source_row")}
"""Columns that the stored tables have of themselves."""


def table_problems(names: Names) -> Iterator[Problem]:
    """Check every table, and what its columns share with each other."""
    for table in names.tables:
        yield from duplicates(table["waves"].words(), "the wave")
        for _, wave in table["waves"].words():
            yield from wave.unknown("wave", names.waves)
        for column in table["columns"]:
            yield from _column_problems(names, column, table)
        for _, labels in table["value_sets"].entries():
            yield from _label_problems([*labels], {})
        yield from _ignored_problems(table)
    yield from _twice_problems(names)
    yield from _collision_problems(names)
    yield from _personal_problems(names)


def _column_problems(names: Names, column: Cursor, table: Cursor) -> Iterator[Problem]:
    reserved = RESERVED.get(table["table"].word or "", ())
    if column["name"].word in reserved:
        yield column["name"].problem(f"{shown(column['name'].value)} is a column that the stored table has of itself")
    yield from duplicates(column["waves"].words(), "the wave")
    allowed = [word for word, _ in table["waves"].words()]
    for _, wave in column["waves"].words():
        yield from wave.unknown("wave of this table", allowed)
    if column["values"].word is not None:
        yield from column["values"].unknown(
            "value set of this table", [name for name, _ in table["value_sets"].entries()]
        )
    for _, source in column["sources"].words():
        yield from source.unknown("source", names.sources)
    platforms = _platforms(names)
    for platform, alias in column["aliases"].entries():
        if platforms is not None and platform not in platforms:
            yield alias.problem(unknown_text(platform, "platform of any source", platforms))
    labels = value_labels(column, [table])
    own_labels = labels if column["values"].word is None else []
    yield from _label_problems(own_labels, _missing_codes(column))
    yield from _missing_problems(column, labels)
    yield from _range_problems(column, labels)


def _platforms(names: Names) -> list[str] | None:
    if not names.head.document.is_readable:
        return None
    return list(dict.fromkeys(one["platform"].word for one in names.head["sources"] if one["platform"].word))


def _missing_codes(column: Cursor) -> dict[str, str]:
    return {
        key: reason
        for reason, codes in column["missing"].entries()
        for code in codes
        if (key := folded(code.value)) is not None
    }


def _label_problems(labels: list[Cursor], missing: dict[str, str]) -> Iterator[Problem]:
    """Find codes that stand twice, and spellings that would be read as two codes, or as a code and as missing."""
    owners: dict[str, str] = {}
    for label in labels:
        code = spelling(label["code"].value)
        if code is not None and code in owners:
            yield label["code"].problem(f"code {shown(label['code'].value)} stands twice")
        elif code is not None:
            owners[code] = code
    for label in labels:
        own = spelling(label["code"].value)
        for place in (label["label"]["en"], label["label"]["fr"], *label["aliases"]):
            written = spelling(place.value)
            if written is None or own is None:
                continue
            if owners.setdefault(written, own) != own:
                yield place.problem(f"{shown(place.value)} is read as two codes: {owners[written]} and {own}")
            if written.casefold() in missing:
                yield place.problem(
                    f"{shown(place.value)} is read as a code and as missing ({missing[written.casefold()]})"
                )


def _missing_problems(column: Cursor, labels: list[Cursor]) -> Iterator[Problem]:
    codes = {folded(label["code"].value) for label in labels}
    first: dict[str, str] = {}
    for reason, listed in column["missing"].entries():
        for code in listed:
            key = folded(code.value)
            if key is None:
                continue
            if key in codes:
                yield code.problem(
                    f"{shown(code.value)} is a code with a label and stands for missing ({reason}) as well"
                )
            if key in first:
                yield code.problem(f"{shown(code.value)} stands for missing twice: {first[key]} and {reason}")
            first.setdefault(key, reason)


def _range_problems(column: Cursor, labels: list[Cursor]) -> Iterator[Problem]:
    pair = column["range"].pair
    for label in labels:
        code = label["code"].value
        place = label["code"] if column["values"].word is None else column["values"]
        if pair and is_number(code) and not pair[0] <= code <= pair[1]:
            yield place.problem(
                f"the labelled code {shown(code)} lies outside the range; allowed: {pair[0]:g} to {pair[1]:g}"
            )
        if column["type"].word == "integer" and code is not None and not _is_whole(code):
            yield place.problem(f"{shown(code)} is the code of an integer column; allowed: whole numbers")
        if column["type"].word == "number" and isinstance(code, str):
            yield place.problem(f"{shown(code)} is the code of a number column; allowed: numbers")
    if labels and column["type"].word in ("date", "text"):
        yield column["values"].problem(f"value labels are for codes, and the column is of type {column['type'].word}")


def _is_whole(code: object) -> bool:
    return is_number(code) and float(code) == int(code)  # type: ignore[arg-type, call-overload]


def _ignored_problems(table: Cursor) -> Iterator[Problem]:
    places = [pair for group in table["ignored"] for pair in group["columns"].words()]
    yield from duplicates(places, "the ignored column")
    mapped = {in_file: column for column in table["columns"] for in_file in _names_in_files(column)}
    for word, place in places:
        if word in mapped:
            yield place.problem(f"{shown(word)} is ignored, and the column {mapped[word]['name'].word} reads it")


def _names_in_files(column: Cursor) -> list[str]:
    """Give the names under which files may have a column: aliases, and its source or else its own name."""
    own = column["source"].word or column["name"].word
    return [*(alias.word for _, alias in column["aliases"].entries() if alias.word), *([own] if own else [])]


def _twice_problems(names: Names) -> Iterator[Problem]:
    yield from duplicates(((name, column["name"]) for name, column, _ in names.columns("participants")), "the column")
    first: dict[tuple[str, str], Cursor] = {}
    for name, column, table in names.columns("wave"):
        for wave in dict.fromkeys(asked_in(column, table)):
            if (wave, name) in first:
                where = first[wave, name].where()
                yield column["name"].problem(
                    f"the column {shown(name)} is defined twice for the wave {wave}; first in {where}"
                )
            first.setdefault((wave, name), column["name"])


def _collision_problems(names: Names) -> Iterator[Problem]:
    """Find two columns of one table that read the same column of the same files."""
    reported: set[tuple[str, str]] = set()
    for source in names.head["sources"]:
        by_wave = {name: dict(entry.entries()) for name, entry in source["columns_by_wave"].entries()}
        for wave in waves_held(names, source):
            columns = (names.wave_columns or {}).get(wave, {})
            renamed = {name: entry[wave].word for name, entry in by_wave.items() if wave in entry}
            yield from _collisions(columns, source, renamed, reported)
        if names.head["participants"]["source"].word == source["id"].word:
            yield from _collisions(names.participant_columns or {}, source, {}, reported)


def _collisions(
    columns: dict[str, Cursor], source: Cursor, renamed: dict[str, str | None], reported: set[tuple[str, str]]
) -> Iterator[Problem]:
    readers: dict[str, str] = {}
    constants = {name for name, _ in source["constants"].entries()}
    for name, column in columns.items():
        if name in constants or not stands_in(column, source):
            continue
        alias = column["aliases"][source["platform"].word].word if source["platform"].word else None
        in_file = renamed.get(name) or alias or column["source"].word or name
        other = readers.setdefault(in_file, name)
        if other != name and (other, name) not in reported and name not in renamed:
            reported.add((other, name))
            yield column.problem(
                f"{shown(name)} reads the column {shown(in_file)} of the files, and so does {shown(other)}"
            )


def _personal_problems(names: Names) -> Iterator[Problem]:
    """Find columns that are dropped as personal and mapped as well."""
    personal = dict(names.head["privacy"]["personal_columns"].words())
    yield from duplicates(names.head["privacy"]["personal_columns"].words(), "the personal column")
    readers: dict[str, str] = {}
    for kind in ("participants", "wave"):
        for name, column, _ in names.columns(kind):
            readers.update(dict.fromkeys(_names_in_files(column), name))
    for source in names.head["sources"]:
        for name, by_wave in source["columns_by_wave"].entries():
            readers.update({in_file.word: name for _, in_file in by_wave.entries() if in_file.word})
    for word, place in personal.items():
        if word in readers:
            yield place.problem(f"{shown(word)} is dropped as personal, and the column {readers[word]} reads it")
