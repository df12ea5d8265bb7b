"""Who answered which wave? A flow diagram in the manner of CONSORT, downwards for few arms and across for many."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from increase_eval.reporting.figures import style as st
from increase_eval.reporting.figures.compose import compose
from increase_eval.reporting.figures.drawing import Drawing
from increase_eval.reporting.figures.flow_counts import ENROLLED, PREVIOUS, Column, read_columns
from increase_eval.reporting.figures.sheet import Sheet
from increase_eval.reporting.figures.words import HIDDEN, MISSING_ARM, TOTAL, Words, drawn_arms, only_total
from increase_eval.study import Study
from increase_eval.study.services import PathwayStep

MOST_ARMS_DOWN = 3
"""Beyond so many arms the boxes of a downward flow become too narrow for their words."""

GAP = 12.5
WIDEST = 64.0
SPINE = 0.3
"""Where the arrow runs, as a share of the width of a box: what is said beside it needs the room."""
SIDE_BOX = 4.8
PAD = 1.2
ACROSS_BOX = 9.0
ACROSS_ROW = 18.0
INNER = st.PAGE_MM - 3.0


def paint(study: Study, tables: Mapping[str, pd.DataFrame], language: str) -> Drawing:
    """Draw the response flow by arm."""
    words = Words.of(study, language)
    flow = only_total(tables["response_flow"], but=("by_arm",))
    waves = [wave for wave in study.wave_ids if (flow["wave"] == wave).fillna(False).any()]
    arms = drawn_arms(study, flow)
    base = _base(study, flow)
    terms = [ENROLLED, PREVIOUS, *([base.id] if base else [])]
    drawn = flow[flow["term"].isin(terms) & flow["by_arm"].isin([TOTAL, *arms])]
    total, *columns = read_columns(drawn, [TOTAL, *arms], waves, base=base.id if base else None)
    step = words.words(base.label) if base else None
    is_down = len(arms) <= MOST_ARMS_DOWN
    body = _Down(words, total, columns, waves, step) if is_down else _Across(words, [total, *columns], waves, step)
    return compose(
        words,
        figure_id="flow",
        table="response_flow",
        data=drawn,
        title=_title(total, columns, waves, words, step),
        subtitle=words.text("figures.flow_subtitle", waves=words.waves(waves), whom=_said(words, "of_whom", step)),
        caption=words.caption(
            drawn,
            words.text(
                "figures.flow_note" if is_down else "figures.flow_note_across", before=_said(words, "before", step)
            ),
        ),
        keys=(),
        height=body.height,
        put=body.put,
        described=[_described(column, waves, words, step) for column in (total, *columns)],
    )


def _base(study: Study, flow: pd.DataFrame) -> PathwayStep | None:
    """Give the step of the pathway that shares are of, where the flow has it as a denominator."""
    step = study.surveyed_step
    return step if step is not None and (flow["term"] == step.id).fillna(False).any() else None


def _said(words: Words, what: str, step: str | None, **values: object) -> str:
    """Say something of everybody enrolled, or of those who reached a step."""
    if step is None:
        return words.text(f"figures.flow_{what}_enrolled", **values)
    return words.text(f"figures.flow_{what}_reached", step=step, **values)


class _Down:
    """Few arms: one column of boxes an arm, everybody on top."""

    def __init__(
        self, words: Words, total: Column, columns: Sequence[Column], waves: Sequence[str], step: str | None
    ) -> None:
        self.words, self.total, self.columns, self.waves = words, total, columns, waves
        self.digits = _digits(step)
        self.width = min(WIDEST, (INNER - 4.0 * (len(columns) - 1)) / len(columns))
        spare = INNER - self.width * len(columns)
        self.lefts = [1.5 + (place + 0.5) * spare / len(columns) + place * self.width for place in range(len(columns))]
        self.wrapped = [
            [
                *st.wrap(words.arm(column.group), self.width - 3, bold=True),
                *st.wrap(words.text("figures.enrolled_is", n=words.count(column.enrolled)), self.width - 3),
                *(st.wrap(_reached(words, column, step), self.width - 3) if step else ()),
            ]
            for column in columns
        ]
        self.head = max(map(len, self.wrapped)) * st.line_height() + 2 * PAD
        self.top_box = st.line_height() + 2 * PAD
        self.wave_lines = [st.wrap(words.wave(wave), self.width - 3, bold=True) for wave in waves]
        self.box_heights = [(len(lines) + 1) * st.line_height() + 2 * PAD for lines in self.wave_lines]
        self.height = self.top_box + 8.0 + self.head + sum(self.box_heights) + GAP * len(waves)

    def put(self, sheet: Sheet) -> None:
        """Draw everybody, then each arm downwards."""
        y = sheet.ceiling
        text = self.words.text("figures.all_enrolled", n=self.words.count(self.total.enrolled))
        wide = st.text_width(text, bold=True) + 6
        middle = sheet.width / 2
        sheet.box(middle - wide / 2, y - self.top_box, wide, self.top_box)
        sheet.text(middle, y - self.top_box / 2, text, bold=True, ha="center", va="center_baseline")
        y -= self.top_box
        spines = [left + SPINE * self.width for left in self.lefts]
        look = {"color": st.SOFT_INK, "linewidth": 0.7}
        sheet.line([middle, middle], [y, y - 4], **look)
        sheet.line([min(*spines, middle), max(*spines, middle)], [y - 4, y - 4], **look)
        for place, column in enumerate(self.columns):
            sheet.arrow((spines[place], y - 4), (spines[place], y - 8))
            self._put_column(sheet, column, place, spines[place], y - 8)

    def _put_column(self, sheet: Sheet, column: Column, place: int, spine: float, top: float) -> None:
        left = self.lefts[place]
        names = len(st.wrap(self.words.arm(column.group), self.width - 3, bold=True))
        self._put_box(sheet, (left, top, self.width, self.head), self.wrapped[place], bold_lines=names)
        y = top - self.head
        for order, (step, lines, height) in enumerate(
            zip(column.steps, self.wave_lines, self.box_heights, strict=True)
        ):
            sheet.arrow((spine, y), (spine, y - GAP))
            texts = [self.words.text("figures.left_is", n=self.words.count(step.left))]
            if order or column.reached is not None:
                texts.append(self.words.text("figures.back_is", n=self.words.count(step.came_back)))
            self._put_changes(sheet, texts, spine, y)
            answered = self.words.answered(step, digits=self.digits)
            self._put_box(sheet, (left, y - GAP, self.width, height), [*lines, answered], bold_lines=len(lines))
            y -= GAP + height

    def _put_box(
        self, sheet: Sheet, place: tuple[float, float, float, float], lines: Sequence[str], *, bold_lines: int
    ) -> None:
        left, top, width, height = place
        sheet.box(left, top - height, width, height)
        y = top - (height - len(lines) * st.line_height()) / 2
        for row, line in enumerate(lines):
            y -= st.line_height()
            sheet.text(left + width / 2, y + 0.9, line, bold=row < bold_lines, ha="center")

    def _put_changes(self, sheet: Sheet, texts: Sequence[str], spine: float, top: float) -> None:
        """Put who left, and who came back, beside the arrow; boxes with zero are kept."""
        start = spine + 5.0
        y = top - (GAP - len(texts) * SIDE_BOX - (len(texts) - 1) * 0.8) / 2
        for row, text in enumerate(texts):
            sheet.box(start, y - SIDE_BOX, st.text_width(text) + 3.0, SIDE_BOX, edgecolor=st.RULE)
            sheet.text(start + 1.5, y - SIDE_BOX / 2, text, va="center_baseline")
            ends = ((spine, y - SIDE_BOX / 2), (start, y - SIDE_BOX / 2))
            sheet.arrow(*(ends if row == 0 else (ends[1], ends[0])))
            y -= SIDE_BOX + 0.8


class _Across:
    """Many arms: one line of boxes an arm, waves from left to right, everybody first."""

    def __init__(self, words: Words, columns: Sequence[Column], waves: Sequence[str], step: str | None) -> None:
        self.words, self.columns, self.waves, self.step = words, columns, waves, step
        changes = [
            text
            for column in columns
            for step in column.steps
            for text in (self._change("−", step.left), self._change("+", step.came_back))
        ]
        changes += [self._change("−", column.not_reached) for column in columns if self.step is not None]
        self.gap = max(map(st.text_width, changes), default=6.0) + 3.0
        names = [words.text("figures.enrolled"), *([step] if step else []), *map(words.wave, waves)]
        self.box = (INNER + self.gap) / len(names) - self.gap
        # A name may reach over the gap beside its box; the last has none.
        rooms = [self.box + self.gap - 2.0] * (len(names) - 1) + [self.box]
        self.names = [st.wrap(name, room, bold=True) for name, room in zip(names, rooms, strict=True)]
        self.head = max(map(len, self.names)) * st.line_height() + 1.5
        self.height = self.head + ACROSS_ROW * len(columns) - 2.0

    def _change(self, sign: str, value: int | None) -> str:
        return HIDDEN if value is None else f"{sign}{self.words.count(value)}"

    def put(self, sheet: Sheet) -> None:
        """Draw the heads, then each group from left to right."""
        for place, lines in enumerate(self.names):
            x = 1.5 + place * (self.box + self.gap)
            for row, line in enumerate(lines):
                sheet.text(x, sheet.ceiling - (row + 1) * st.line_height() + 0.8, line, bold=True)
        for place, column in enumerate(self.columns):
            self._put_line(sheet, column, sheet.ceiling - self.head - place * ACROSS_ROW)

    def _put_line(self, sheet: Sheet, column: Column, top: float) -> None:
        sheet.text(1.5, top - st.line_height() + 0.6, self.words.arm(column.group))
        top -= st.line_height() + 0.6
        self._put_box(sheet, 1.5, top, [self.words.count(column.enrolled)])
        boxes: list[tuple[list[str], int | None, int | None, bool]] = []
        if self.step is not None:
            boxes.append(([self.words.count(column.reached)], column.not_reached, None, False))
        for place, step in enumerate(column.steps):
            share = [] if step.share is None else [self.words.percent(step.share, digits=_digits(self.step))]
            lines = [self.words.count(step.answered), *share]
            boxes.append((lines, step.left, step.came_back, place > 0 or self.step is not None))
        for place, (lines, left_it, came, shows_came) in enumerate(boxes, start=1):
            left = 1.5 + place * (self.box + self.gap)
            self._put_box(sheet, left, top, lines)
            middle = top - ACROSS_BOX / 2
            sheet.arrow((left - self.gap, middle), (left, middle))
            centre = left - self.gap / 2
            sheet.text(centre, middle + 0.8, self._change("−", left_it), ha="center")
            if shows_came:
                sheet.text(centre, middle - 3.4, self._change("+", came), ha="center")

    def _put_box(self, sheet: Sheet, left: float, top: float, lines: Sequence[str]) -> None:
        sheet.box(left, top - ACROSS_BOX, self.box, ACROSS_BOX)
        y = top - (ACROSS_BOX - len(lines) * st.line_height()) / 2
        for line in lines:
            y -= st.line_height()
            sheet.text(left + self.box / 2, y + 0.9, line, ha="center")


def _digits(step: str | None) -> int:
    """Shares of those who reached a step are printed elsewhere with one decimal; so they are here."""
    return 0 if step is None else 1


def _reached(words: Words, column: Column, step: str | None) -> str:
    """Say how many reached the step that shares are of; nothing where they are of everybody enrolled."""
    return "" if step is None else words.text("figures.reached_is", step=step, n=words.count(column.reached))


def _title(
    total: Column, columns: Sequence[Column], waves: Sequence[str], words: Words, step: str | None = None
) -> str:
    """Say how many of those enrolled, or of those who reached a step, answered the last wave, and how the arms lie."""
    last, digits = total.steps[-1], _digits(step)
    whole = total.enrolled if step is None else total.reached
    if whole is None or last.answered is None or last.share is None:
        return words.text("figures.flow_plain", waves=words.waves(waves))
    parts = {
        # Of those who reached the step, where shares are of them.
        "answered": words.count(round(last.share * whole)),
        "whom": _said(words, "whom", step, n=words.count(whole)),
        "share": words.percent(last.share, digits=digits),
        "wave": words.wave(waves[-1]),
    }
    shares = [(column.steps[-1].share, words.arm(column.group)) for column in columns if column.group != MISSING_ARM]
    known = [(share, name) for share, name in shares if share is not None]
    if len(known) < 2:
        return words.text("figures.flow_title", **parts)
    (low, low_name), (high, high_name) = (
        min(known, key=lambda pair: pair[0]),
        max(known, key=lambda pair: pair[0]),
    )
    if words.percent(low, digits=digits) == words.percent(high, digits=digits):
        return words.text("figures.flow_title_same", **parts)
    # Those whose arm is not known can have answered more or less, so that the share of all can lie out of the range.
    is_whole = all(column.group != MISSING_ARM for column in columns)
    key = "figures.flow_title_arms" if len(known) == 2 else "figures.flow_title_range"
    return words.text(
        key if is_whole else "figures.flow_title_known",
        **parts,
        low=words.percent(low, digits=digits),
        low_arm=low_name,
        high=words.percent(high, digits=digits),
        high_arm=high_name,
    )


def _described(column: Column, waves: Sequence[str], words: Words, step: str | None) -> str:
    digits = _digits(step)
    points = [
        words.text(
            "figures.flow_point",
            wave=words.wave(wave),
            answered=words.answered(each, digits=digits),
            left=words.count(each.left),
        )
        for wave, each in zip(waves, column.steps, strict=True)
    ]
    series = words.text("figures.flow_series", group=words.arm(column.group), n=words.count(column.enrolled))
    series = "; ".join(part for part in (series, _reached(words, column, step)) if part)
    return words.text("figures.series", series=series, points="; ".join(points))
