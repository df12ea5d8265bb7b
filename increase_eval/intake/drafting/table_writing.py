"""Write the columns of a draft down as a table of ``waves/``."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from increase_eval.intake.cells import cell_text
from increase_eval.intake.columns import fold
from increase_eval.intake.drafting.layout import FREE_TEXT, DraftColumn, Layout, slug, unique
from increase_eval.intake.drafting.profiles import Profile
from increase_eval.intake.drafting.roles import is_demographic
from increase_eval.intake.drafting.yaml_text import both, comment, flow, flow_list, scalar
from increase_eval.study.base import Code

Labels = tuple[tuple[Code, str], ...]
"""Code and label, in order: what two columns have in common if they share a set of values."""


def schema_line(name: str, up: str) -> str:
    """Give the line that tells an editor which schema a file has."""
    return f"# yaml-language-server: $schema={up}schemas/{name}.schema.json"


def table_text(kind: str, layout: Layout) -> str:
    """Write one table.

    Parameters
    ----------
    kind
        ``participants`` or ``wave``.
    layout
        What was guessed.

    Returns
    -------
    str
        The text of the file, with a comment at each guess.
    """
    columns = layout.participants if kind == "participants" else layout.answers
    lines = [schema_line("waves", "../../"), f"table: {kind}"]
    if kind == "wave":
        lines.append(f"waves: {flow_list(wave.id for wave in layout.waves)}")
    sets = _shared_values(columns)
    if sets:
        lines.append("value_sets:")
    for labels, name in sets.items():
        lines += [f"  {name}:", *(f"    - {value}" for value in _values(labels))]
    lines.append(f"columns:  {comment('types, labels, and ranges, which are what the files hold')}")
    bounds = {item: (block.low, block.high) for block in layout.blocks for item in block.items if kind == "wave"}
    for column in columns:
        is_date = kind == "wave" and column.name == layout.answer_date
        is_person = kind == "participants" and column is not layout.arm and is_demographic(column.profile)
        role = "answer_date" if is_date else "demographic" if is_person else None
        lines += _column(column, sets, bounds.get(column.name), role=role)
    return "\n".join([*lines, *(_ignored(layout) if kind == "wave" else ())]) + "\n"


def _ignored(layout: Layout) -> Iterator[str]:
    """All ignored columns stand in the table of the waves: they belong to files, and no table needs them."""
    if layout.ignored:
        yield f"ignored:  {comment('does none of these matter')}"
    for reason, names in layout.ignored.items():
        yield f"  - columns: {flow_list(names)}"
        yield f"    reason: {scalar(reason)}"
        if reason == FREE_TEXT:
            yield "    free_text: true"


def _column(
    column: DraftColumn, sets: Mapping[Labels, str], bounds: tuple[float, float] | None, *, role: str | None
) -> Iterator[str]:
    one = column.profile
    labels = labels_of(one)
    kind = "integer" if bounds is not None else one.kind
    pair = bounds or (
        (math.floor(one.low), math.ceil(one.high)) if one.low is not None and one.high is not None else None
    )
    parts: dict[str, object] = {
        "name": column.name,
        "label": both(one.label),
        "type": kind,
        "source": column.source,
        "aliases": dict(column.aliases),
        "values": sets.get(labels),
        "missing": missing_of(one),
        "range": [_tidy(end) for end in pair] if pair and kind in ("integer", "number") else None,
        "date_formats": list(one.date_formats) if kind == "date" and one.date_formats != ("%Y-%m-%d",) else None,
        "waves": list(column.waves),
        "sources": list(column.sources),
        "role": role,
    }
    notes = _notes(column, role)
    tail = f"  {comment('; '.join(notes))}" if notes else ""
    if not labels or labels in sets:
        yield f"  - {flow(parts)}{tail}"
        return
    yield f"  - name: {scalar(column.name)}{tail}"
    for key, value in parts.items():
        if key != "name" and value:
            yield f"    {key}: {_inline(value)}"
    yield "    values:"
    yield from (f"      - {value}" for value in _values(labels))


def _notes(column: DraftColumn, role: str | None) -> list[str]:
    one = column.profile
    notes = [*column.notes]
    if one.guessed_missing:
        notes.append("do these codes stand for no answer")
    if len(one.date_formats) > 1:
        notes.append("dates are written in several ways; are these they")
    if role == "answer_date":
        notes.append("is this the date of the answer")
    if role == "demographic":
        notes.append("does this belong into the table of who takes part")
    return notes


def _inline(value: object) -> str:
    if isinstance(value, Mapping):
        return flow(value)
    return flow_list(value) if isinstance(value, list) else scalar(value)


def _tidy(end: float) -> float | int:
    return int(end) if float(end).is_integer() else end


def missing_of(one: Profile) -> dict[str, list[Code]]:
    """Give the codes that stand for no answer, each spelling once, and none that is a code as well."""
    taken = {fold(cell_text(code)) for code in one.codes}
    found: dict[str, list[Code]] = {}
    for reason, codes in one.missing.items():
        for code in codes:
            if fold(cell_text(code)) not in taken:
                taken.add(fold(cell_text(code)))
                found.setdefault(reason, []).append(code)
    return found


def labels_of(one: Profile) -> Labels:
    """Give the codes that get a label: all of a category, those of a number that the file labels."""
    texts = distinct_labels(one)
    codes = one.codes if one.kind == "category" else tuple(code for code in one.codes if code in one.labels)
    return tuple((code, texts[cell_text(code)]) for code in codes)


def distinct_labels(one: Profile) -> dict[str, str]:
    """Give a label to every code: that of the file, or the code, with the code behind it where two would be the same.

    Returns
    -------
    dict
        Code, as a cell shows it -> label that no other code has or is, and that no missing code is.
    """
    codes = [cell_text(code) for code in one.codes]
    gone = {fold(cell_text(code)) for found in one.missing.values() for code in found}
    given = {cell_text(code): " ".join(label.split()) or cell_text(code) for code, label in one.labels.items()}
    plain = {code: given.get(code, code) for code in codes}
    counts = {fold(label): [fold(other) for other in plain.values()].count(fold(label)) for label in plain.values()}
    others = {code: {fold(other) for other in codes if other != code} | gone for code in codes}
    return {
        code: label if counts[fold(label)] == 1 and fold(label) not in others[code] else f"{label} ({code})"
        for code, label in plain.items()
    }


def _values(labels: Labels) -> Iterator[str]:
    return (flow({"code": code, "label": both(label)}) for code, label in labels)


def _shared_values(columns: Sequence[DraftColumn]) -> dict[Labels, str]:
    """Name the sets of value labels that two columns or more have in common."""
    counts: dict[Labels, int] = {}
    for column in columns:
        labels = labels_of(column.profile)
        if labels:
            counts[labels] = counts.get(labels, 0) + 1
    named: dict[Labels, str] = {}
    for labels, count in counts.items():
        if count > 1:
            stem = slug("_".join(label for _, label in labels[:2]), prefix="codes")
            named[labels] = unique(stem, named.values())
    return named
