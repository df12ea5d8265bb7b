"""References in ``instruments.yaml``: items that waves ask, components that are scales, codes within ranges."""

from __future__ import annotations

from collections.abc import Iterator

from increase_eval.study.cursor import Cursor, duplicates, is_number
from increase_eval.study.problems import Problem, shown, unknown_text
from increase_eval.study.references.codes import bounds_of, code_key, codes_of
from increase_eval.study.references.names import Names


def instrument_problems(names: Names) -> Iterator[Problem]:
    """Check every scale against the columns of the waves."""
    scales = names.top("instruments.yaml")["scales"]
    yield from duplicates(_scale_ids(scales), "the scale")
    for scale in scales:
        if scale["rule"].word == "norm_weighted":
            yield from _component_problems(names, scale)
        else:
            yield from _item_problems(names, scale)
        yield from scale["shipped_score"].unknown("column of any wave", names.any_wave_column)
        for recode in scale["recode_when"]:
            yield from recode["when_item"].unknown("column of any wave", names.any_wave_column)
            yield from _code_problems(names, recode["when_item"].word, [*recode["when_values"]])


def _scale_ids(scales: Cursor) -> Iterator[tuple[str, Cursor]]:
    for scale in scales:
        own = scale["id"].word
        if own:
            yield own, scale["id"]
            for name, place in scale["subscales"].entries():
                yield f"{own}_{name}", place


def _component_problems(names: Names, scale: Cursor) -> Iterator[Problem]:
    known = {**(names.scales or {}), **(names.any_wave_column or {})}
    for word, item in scale["items"].words():
        if names.scales is not None and names.any_wave_column is not None and word not in known:
            others = [name for name in names.scales if name != scale["id"].word]
            yield item.problem(unknown_text(word, "scale, nor a column of any wave", others))
        component = (names.scales or {}).get(word)
        if component is not None and component["rule"].word == "norm_weighted":
            yield item.problem(f"{shown(word)} is weighted by norms itself; components are scales made from items")


def _item_problems(names: Names, scale: Cursor) -> Iterator[Problem]:
    columns = names.any_wave_column
    if columns is None:
        return
    for word, item in scale["items"].words():
        if word not in columns:
            yield item.problem(f"item {unknown_text(word, 'column of any wave', columns)}")
            continue
        column = columns[word]
        yield from _number_problems(names, scale, item, column)
        yield from _bound_problems(names, scale, item, column)
    for word, codes in scale["recode"].entries():
        for _, place in codes.entries():
            yield from _recoded_code_problems(names, word, place)


def _number_problems(names: Names, scale: Cursor, item: Cursor, column: Cursor) -> Iterator[Problem]:
    """Check that an item can be scored: its codes are numbers, or are recoded to numbers."""
    kind, word = column["type"].word, item.word
    if kind in ("date", "text"):
        yield item.problem(f"item {shown(word)} is of type {kind}; allowed: integer, number, category, boolean")
        return
    recoded = (
        {code_key(code) for code in (scale["recode"][str(word)].value or {})} if _has_recode(scale, item) else set()
    )
    words = [code for key, code in codes_of(names, column).items() if not is_number(code) and key not in recoded]
    if words:
        listed = ", ".join(map(shown, words))
        yield item.problem(
            f"item {shown(word)} has codes that are no numbers ({listed}); give each a value in `recode`"
        )


def _has_recode(scale: Cursor, item: Cursor) -> bool:
    return isinstance(scale["recode"][str(item.word)].value, dict)


def _bound_problems(names: Names, scale: Cursor, item: Cursor, column: Cursor) -> Iterator[Problem]:
    """Check what a column allows against the range of the scale; a reversed item needs the very same range."""
    own = scale["item_ranges"][str(item.word)]
    place = own if own.value is not None else scale["range"]
    pair, bounds = place.pair, bounds_of(names, column)
    conditional = any(recode["item"].word == item.word for recode in scale["recode_when"])
    if pair is None or bounds is None or _has_recode(scale, item) or conditional:
        return
    if bounds[0] < pair[0] or bounds[1] > pair[1]:
        yield item.problem(
            f"item {shown(item.word)} allows {bounds[0]:g} to {bounds[1]:g} ({column.where()}), "
            f"and its range in the scale is {pair[0]:g} to {pair[1]:g}"
        )
    elif bounds != pair and column["range"].pair and item.word in [word for word, _ in scale["reversed"].words()]:
        yield item.problem(
            f"item {shown(item.word)} is reversed within {pair[0]:g} to {pair[1]:g}, "
            f"and its column allows {bounds[0]:g} to {bounds[1]:g} ({column.where()}): the two must agree"
        )


def _code_problems(names: Names, word: str | None, places: list[Cursor]) -> Iterator[Problem]:
    column = (names.any_wave_column or {}).get(word or "")
    known = codes_of(names, column) if column is not None else {}
    for place in places:
        key = code_key(place.value)
        if known and key is not None and key not in known:
            yield place.problem(unknown_text(place.value, f"code of {word}", known.values()))


def _recoded_code_problems(names: Names, word: str, place: Cursor) -> Iterator[Problem]:
    column, raw = (names.any_wave_column or {}).get(word), place.path[-1]
    if column is None or code_key(raw) is None:
        return
    known, bounds = codes_of(names, column), column["range"].pair
    if known and not bounds and code_key(raw) not in known:
        yield place.problem(f"code {unknown_text(raw, f'code of {word}', known.values())}")
    elif bounds and is_number(raw) and not bounds[0] <= raw <= bounds[1]:
        yield place.problem(f"code {shown(raw)} cannot occur: {word} allows {bounds[0]:g} to {bounds[1]:g}")
