"""References in ``study.yaml``, apart from its sources: waves, arms, levels and their units, states, periods, rules."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from increase_eval.study.cursor import Cursor, duplicate_ids, is_number
from increase_eval.study.problems import Problem, allowed_text, did_you_mean, shown, unknown_text
from increase_eval.study.references.codes import code_key, codes_of, folded
from increase_eval.study.references.names import Names


def structure_problems(names: Names) -> Iterator[Problem]:
    """Check waves, arms, levels, states, periods, quarantine rules and where participants come from."""
    head = names.head
    for field, what in (
        ("waves", "wave"), ("arms", "arm"), ("levels", "level"), ("states", "state variable"),
        ("quarantine", "rule"), ("periods", "period"),
    ):  # fmt: skip
        yield from duplicate_ids(head[field], what)
    yield from _wave_problems(names)
    yield from head["control_arm"].unknown("arm", names.arms)
    yield from ambiguous_names(head["arms"], "arm")
    for index, level in enumerate(head["levels"]):
        yield from _level_problems(names, level, index)
    yield from _site_problems(head["levels"])
    for variable in head["states"]:
        yield from _state_problems(names, variable)
    yield from _period_problems(head)
    for rule in head["quarantine"]:
        for _, source in rule["sources"].words():
            yield from source.unknown("source", names.sources)
    yield from _participant_problems(names)


def _wave_problems(names: Names) -> Iterator[Problem]:
    before: list[str] = []
    last_time: float | None = None
    for wave in names.head["waves"]:
        since = wave["window"]["since"]
        yield from since.unknown("start of a window", ["entry", "completion", *before])
        first, last = wave["window"]["from_days"].value or 0, wave["window"]["to_days"].value
        if is_number(first) and is_number(last) and first > last:
            yield wave["window"]["to_days"].problem(
                f"the window ends on day {last:g}, before it begins on day {first:g}"
            )
        time = wave["time"].value
        if is_number(time):
            if last_time is not None and time <= last_time:
                yield wave["time"].problem(
                    f"{time:g} is not after {last_time:g}; waves stand in the order of their time"
                )
            last_time = time
        if wave["id"].word:
            before.append(wave["id"].word)


def ambiguous_names(things: Cursor, what: str) -> Iterator[Problem]:
    """Find spellings that would be read as two arms, or two units: ids, labels and aliases, whatever their case."""
    owners: dict[str, str] = {}
    for thing in things:
        own = thing["id"].word
        spellings = [thing["id"], thing["label"]["en"], thing["label"]["fr"], *thing["aliases"]]
        for spelling in spellings:
            key = folded(spelling.value)
            if key is None or own is None:
                continue
            if owners.setdefault(key, own) != own:
                yield spelling.problem(f"{shown(spelling.value)} is read as two {what}s: {owners[key]} and {own}")


def _level_problems(names: Names, level: Cursor, index: int) -> Iterator[Problem]:
    yield from level["column"].unknown("column of the participants", names.participant_columns)
    above = [other["id"].word for other in names.head["levels"] if other["id"].word][index + 1 :]
    upper = level["nested_in"].word
    if upper is not None and upper not in above:
        order = "levels stand from the finest to the coarsest"
        yield level["nested_in"].problem(
            f"{shown(upper)} is no level below this one in the list ({order}); "
            f"{allowed_text(above)}{did_you_mean(upper, above)}"
        )
    yield from duplicate_ids(level["units"], "unit")
    yield from ambiguous_names(level["units"], "unit")
    upper_level = (names.levels or {}).get(upper or "")
    parents = [unit["id"].word for unit in upper_level["units"] if unit["id"].word] if upper_level else None
    for unit in level["units"]:
        yield from unit["arm"].unknown("arm", names.arms)
        if unit["parent"].word and upper is None:
            yield unit["parent"].problem(
                f"{shown(unit['parent'].value)}: the level has no `nested_in`, so units have no parent"
            )
        else:
            yield from unit["parent"].unknown(f"unit of the level {upper}", parents)


def _site_problems(levels: Cursor) -> Iterator[Problem]:
    sites = [level for level in levels if level["is_site"].value in (True, "true", "yes", "on")]
    for level in sites[1:]:
        yield level["is_site"].problem(
            f"{shown(sites[0]['id'].value)} is the site already; one level is the finest place"
        )


def _state_problems(names: Names, variable: Cursor) -> Iterator[Problem]:
    column_name = variable["column"]
    yield from column_name.unknown("column of any wave", names.any_wave_column)
    yield from duplicate_ids(variable["states"], "state")
    codes: dict[tuple[bool, str], Cursor] = {}
    for state in variable["states"]:
        key = code_key(state["code"].value)
        if key is None:
            continue
        if key in codes:
            yield state["code"].problem(
                f"code {shown(state['code'].value)} stands for two states; first in {codes[key].where()}"
            )
        codes.setdefault(key, state["code"])
    columns = names.any_wave_column or {}
    column = columns.get(column_name.word or "")
    known = codes_of(names, column) if column is not None else None
    if not known:
        return
    for key, code in codes.items():
        if key not in known:
            yield code.problem(unknown_text(code.value, f"code of the column {column_name.word}", known.values()))
    left_out = [shown(value) for key, value in known.items() if key not in codes]
    if left_out and codes:
        yield variable["states"].problem(
            f"codes {', '.join(left_out)} of the column {column_name.word} belong to no state; "
            "add a state for each, or list them in the column's `missing`"
        )


def _period_problems(head: Cursor) -> Iterator[Problem]:
    attributes: dict[str, set[str]] = {}
    for level in head["levels"]:
        for unit in level["units"]:
            for name, value in unit["attributes"].entries():
                attributes.setdefault(name, set()).add(value.word or "")
    for period in head["periods"]:
        start, end = _date(period["start"].value), _date(period["end"].value)
        if start and end and end < start:
            yield period["end"].problem(f"{end} is before the start, {start}")
        for name, value in period["where"].entries():
            if name not in attributes:
                yield value.problem(unknown_text(name, "attribute of any unit", sorted(attributes)))
            else:
                yield from value.unknown(f"{name} of any unit", sorted(attributes[name]))


def _date(value: object) -> date | None:
    try:
        return date.fromisoformat(value.strip()) if isinstance(value, str) else None
    except ValueError:
        return None


def _participant_problems(names: Names) -> Iterator[Problem]:
    participants = names.head["participants"]
    yield from participants["source"].unknown("source", names.sources)
    yield from participants["wave"].unknown("wave", names.waves)
    source = (names.sources or {}).get(participants["source"].word or "")
    if source is not None:
        yield from _baseline_wave_problems(participants, source, names.waves)
    for field in ("entry_date", "country"):
        yield from participants[field].unknown("column of the participants", names.participant_columns)
    column = (names.participant_columns or {}).get(participants["entry_date"].word or "")
    if column is not None and column["type"].word != "date":
        yield participants["entry_date"].problem(
            f"{shown(column['name'].value)} is of type {column['type'].word}, and an entry date is a date"
        )
    yield from _arm_source_problems(names, participants["arm"])


def _baseline_wave_problems(participants: Cursor, source: Cursor, waves: Iterable[str] | None) -> Iterator[Problem]:
    shape, wave = source["shape"].word, participants["wave"]
    if shape == "long" and wave.value is None:
        yield participants.problem(
            f"the source {source['id'].word} is long, so `wave` is needed: which wave's rows give the columns of "
            f"the participants; {allowed_text(waves or [])}"
        )
    if shape in ("wide", "participants") and wave.word:
        yield wave.problem(f"the source {source['id'].word} has one row a participant, so no wave is chosen")
    if shape == "per_wave" and wave.word and source["wave"].word and wave.word != source["wave"].word:
        yield wave.problem(f"{shown(wave.value)}: the source {source['id'].word} holds the wave {source['wave'].word}")
    if shape == "long" and wave.word:
        held = [value.word for _, value in source["wave_values"].entries()]
        if wave.word in (waves or []) and wave.word not in held:
            yield wave.problem(
                f"{shown(wave.value)}: the source {source['id'].word} does not hold it; "
                f"{allowed_text(dict.fromkeys(held))}"
            )


def _arm_source_problems(names: Names, arm: Cursor) -> Iterator[Problem]:
    yield from arm["column"].unknown("column of the participants", names.participant_columns)
    yield from arm["level"].unknown("level", names.levels)
    if arm["column"].word and arm["level"].word:
        yield arm.problem("the arm is read from a column or from a level, not from both")
    if isinstance(arm.value, dict) and not arm["column"].word and not arm["level"].word and len(names.arms or []) > 1:
        yield arm.problem(
            f"there are {len(names.arms or [])} arms, so `column` or `level` is needed: where the arm is read"
        )
    level = (names.levels or {}).get(arm["level"].word or "")
    for unit in level["units"] if level is not None else ():
        if not _has_arm(names, unit, level) and unit["in_comparison"].value not in (False, "false", "no", "off"):
            yield unit.problem(
                f"the arm is read from the level {arm['level'].word}, and the unit {unit['id'].word} has no `arm`, "
                "nor has a unit that it lies in"
            )
    if level is not None and not [*level["units"]]:
        yield arm["level"].problem(f"the arm is read from the level {arm['level'].word}, which has no units")


def _has_arm(names: Names, unit: Cursor, level: Cursor | None) -> bool:
    """Say whether a unit has an arm, of its own or through the units that it lies in."""
    for _ in names.levels or ():
        if unit["arm"].value is not None:
            return True
        level = (names.levels or {}).get(level["nested_in"].word or "") if level is not None else None
        parents = [one for one in level["units"] if one["id"].word == unit["parent"].word] if level is not None else []
        if not parents:
            return False
        unit = parents[0]
    return unit["arm"].value is not None
