"""Write a layout down as the files of a contract."""

from __future__ import annotations

from collections.abc import Iterator

from increase_eval.intake.cells import cell_text
from increase_eval.intake.columns import fold
from increase_eval.intake.drafting.layout import DraftSource, Layout, slug, unique
from increase_eval.intake.drafting.roles import is_control, looks_like_state
from increase_eval.intake.drafting.table_writing import distinct_labels, labels_of, schema_line, table_text
from increase_eval.intake.drafting.yaml_text import both, comment, flow, flow_list, scalar


def contract_files(name: str, layout: Layout) -> dict[str, str]:
    """Write the files of a drafted contract.

    Parameters
    ----------
    name
        The id of the study.
    layout
        What was guessed.

    Returns
    -------
    dict of str to str
        File, below the folder of the study -> its text.
    """
    files = {
        "study.yaml": _study(name, layout),
        "instruments.yaml": _instruments(layout),
        "analysis.yaml": _analysis(layout),
        "waves/answers.yaml": table_text("wave", layout),
    }
    if layout.participants:
        files["waves/participants.yaml"] = table_text("participants", layout)
    return files


def _study(name: str, layout: Layout) -> str:
    title = name.replace("_", " ").capitalize()
    lines = [
        schema_line("study", "../"),
        "# Drafted from data files. A comment that starts with CHECK marks a guess; French texts repeat the English.",
        *(comment(question) for question in layout.questions),
        f"id: {scalar(name)}",
        f"title: {flow(both(title))}",
        f"description: {flow(both('To be written: what the programme is.'))}  {comment('two or three sentences')}",
        f"provenance: real  {comment('or synthetic')}",
        f"data_date: To be filled in  {comment('the date that the report prints')}",
        f"data_source: {flow(both('To be filled in.'))}  {comment('who collected the data')}",
        f"allocation: {_allocation(layout)}  {comment('randomised or not_randomised')}",
        f"time_unit: months  {comment('days, weeks, months or years')}",
        f"waves:  {comment('order, names, and planned time since the first')}",
        *(
            f"  - {flow({'id': wave.id, 'label': both(wave.label), 'time': _whole(wave.time)})}"
            for wave in layout.waves
        ),
        f"arms:  {comment('the reference first')}",
        *(f"  - {flow(arm)}" for arm in arms_of(layout)),
        f"# control_arm: {arms_of(layout)[0]['id']}  {comment('name it if this arm had no programme')[2:]}",
        *_states(layout),
        "sources:",
        *(line for source in layout.sources for line in _source(source, layout)),
        "participants:",
        f"  source: {scalar(layout.baseline[0])}",
        *([f"  wave: {layout.baseline[1]}"] if layout.baseline[1] else []),
        f"  arm: {flow({'column': layout.arm.name if layout.arm else None})}",
        "privacy:",
        "  threshold: 10",
    ]
    if layout.personal:
        lines.append(f"  personal_columns:  {comment('dropped before anything is stored')}")
        lines += [f"    - {scalar(column)}  # {why}" for column, why in layout.personal.items()]
    return "\n".join(lines) + "\n"


def _allocation(layout: Layout) -> str:
    said = f"{layout.arm.profile.name} {layout.arm.profile.label}".casefold() if layout.arm else ""
    return "randomised" if "random" in said else "not_randomised"


def arms_of(layout: Layout) -> list[dict[str, object]]:
    """Give the arms, the one whose label says control first."""
    if layout.arm is None:
        return [{"id": "everybody", "label": both("Everybody")}]
    labels = distinct_labels(layout.arm.profile)
    arms: list[dict[str, object]] = []
    for code in layout.arm.profile.codes:
        text = labels[cell_text(code)]
        arm_id = unique(slug(text, prefix="arm"), [str(arm["id"]) for arm in arms])
        alias = code if fold(cell_text(code)) not in (arm_id, fold(text)) else None
        arms.append({"id": arm_id, "label": both(text), "aliases": [] if alias is None else [alias]})
    return sorted(arms, key=lambda arm: not is_control(str(arm["id"])))


def _states(layout: Layout) -> Iterator[str]:
    """Offer columns that look like a status followed over the waves; all of it commented out, to be taken or left."""
    items = {item for block in layout.blocks for item in block.items} | set(layout.delivered)
    found = [
        column
        for column in layout.answers
        if column.name not in items and looks_like_state(column.profile) and labels_of(column.profile)
    ]
    if not found:
        return
    yield comment("are these states, such as employment? Then take the first # of each line below away")
    yield "# states:"
    taken: list[str] = []
    for number, column in enumerate(found):
        state_ids: list[str] = []
        taken.append(unique(slug(column.name, prefix="state"), taken))
        yield f"#   - id: {taken[-1]}"
        yield f"#     label: {flow(both(column.profile.label))}"
        yield f"#     column: {scalar(column.name)}"
        tail = "  # add in_work: true to each in which somebody is in work" if not number else ""
        yield f"#     states:{tail}"
        for code, label in labels_of(column.profile):
            state_ids.append(unique(slug(label, prefix="state"), state_ids))
            yield f"#       - {flow({'id': state_ids[-1], 'code': code, 'label': both(label)})}"


def _source(source: DraftSource, layout: Layout) -> Iterator[str]:
    yield f"  - id: {scalar(source.id)}"
    yield f"    files: {flow_list([source.file])}  {comment('a pattern below the raw folder of the study')}"
    if source.platform:
        yield f"    platform: {scalar(source.platform)}  # the columns of this wave have names of their own"
    yield f"    shape: {source.shape}"
    if source.wave and source.shape == "per_wave":
        yield f"    wave: {source.wave}"
    if source.wave_column:
        yield f"    wave_column: {scalar(source.wave_column)}"
        yield f"    wave_values: {_wave_values(source)}"
    if source.key:
        yield f"    key: {flow({'column': source.key})}  {comment('the key of the participants')}"
    by_wave = [column for column in layout.answers if column.by_wave] if source.shape == "wide" else []
    if by_wave:
        yield f"    columns_by_wave:  {comment('which column holds which wave')}"
        yield from (f"      {scalar(column.name)}: {flow(column.by_wave)}" for column in by_wave)


def _wave_values(source: DraftSource) -> str:
    return flow({int(value) if value.isdigit() else value: wave for value, wave in source.wave_values.items()})


def _instruments(layout: Layout) -> str:
    lines = [schema_line("instruments", "../")]
    if not layout.blocks and not layout.delivered:
        return (
            "\n".join([*lines, comment("no column looks like the item of a scale, or like a score"), "scales: []"])
            + "\n"
        )
    lines.append("scales:")
    taken: list[str] = []
    for block in layout.blocks:
        taken.append(unique(slug(block.stem, prefix="scale"), taken))
        lines += [
            f"  - id: {taken[-1]}  {comment('are these items one scale, and what is it called')}",
            f"    labels: {flow(both(f'Scale {block.stem}'))}",
            f"    items: {flow_list(block.items)}",
            f"    range: {flow_list([_whole(block.low), _whole(block.high)])}  {comment('the codes that are allowed')}",
            f"    reversed: {flow_list(block.reversed)}  {comment(_reversed_note(bool(block.reversed)))}",
            f"    rule: mean  {comment('mean, sum, prorated or 0-100')}",
            f"    minimum_answered: {-(-len(block.items) // 2)}  {comment('how many answers a score needs')}",
        ]
    for name in layout.delivered:
        taken.append(unique(slug(name, prefix="scale"), taken))
        lines += [
            f"  - id: {taken[-1]}  {comment('is this a score, delivered without its items')}",
            f"    labels: {flow(both(name))}",
            f"    items: {flow_list([name])}",
            "    rule: single",
            "    delivered: true",
            f"    direction: higher_is_better  {comment('or lower_is_better')}",
        ]
    return "\n".join(lines) + "\n"


def _reversed_note(is_guess: bool) -> str:
    return "they run against the others in the data" if is_guess else "which items run the other way"


def _whole(end: float) -> float | int:
    return int(end) if float(end).is_integer() else end


def _analysis(layout: Layout) -> str:
    waves = [wave.id for wave in layout.waves]
    arms = [str(arm["id"]) for arm in arms_of(layout)]
    example = [
        schema_line("analysis", "../"),
        comment("what is to be estimated; declare it before looking. For example:"),
        "# estimands:",
        "#   - id: main_change",
        "#     outcome: name_of_a_scale",
        "#     population: {en: Everybody who answered at the first wave., fr: ...}",
        f"#     conditions: {{en: {' and '.join(arms[:2])}., fr: ...}}",
        "#     variable: {en: Change from the first wave., fr: ...}",
        f"#     wave: {waves[-1]}",
        *([f"#     since: {waves[0]}", "#     summary: mean_change"] if len(waves) > 1 else ["#     summary: mean"]),
    ]
    if len(arms) > 1:
        example += ["# contrasts:", f"#   - {{id: first_contrast, first: {arms[0]}, second: {arms[1]}}}"]
    return "\n".join(example) + "\n"
