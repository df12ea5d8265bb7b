"""What are characteristics of people called? Columns of the register, scores and states at the first wave, by language.

Stored tables name them ``sex``, ``score_<scale>`` or ``state_<variable>``, and categories by their codes; categories
that were joined, since few people have them, stand as ``a + b``.
"""

from __future__ import annotations

from dataclasses import dataclass

from increase_eval.reporting.numbers import format_number
from increase_eval.reporting.translations import Translator, set_spaces
from increase_eval.study.base import Text
from increase_eval.study.study import Study

SCORE, STATE, JOINED, UPTO = "score_", "state_", " + ", ".."
MEAN = "mean"
FOUR_DIGITS = 10_000
NOT_KNOWN, UNKNOWN = "not known", "_unknown"


@dataclass(frozen=True, slots=True)
class Characteristics:
    """The names of one study's characteristics in one language."""

    study: Study
    text: Translator

    def column(self, name: str) -> str:
        """Name a characteristic: a column of the register, the arm, a score or a state at the first wave."""
        if name.endswith(UNKNOWN):
            return self.text("characteristics.unknown", name=self.column(name.removesuffix(UNKNOWN)))
        if name == "arm":
            return self.text("common.arm")
        first = self._words(self.study.head.waves[0].label)
        if name.startswith(SCORE):
            labels = {scale.id: scale.labels for scale in self.study.scales}
            label = labels.get(name.removeprefix(SCORE))
            return self.text("characteristics.at", name=self._words(label) if label else name, wave=first)
        if name.startswith(STATE):
            states = {one.id: one.label for one in self.study.head.states}
            label = states.get(name.removeprefix(STATE))
            return self.text("characteristics.at", name=self._words(label) if label else name, wave=first)
        columns = {column.name: column.label for column in self.study.participant_columns}
        return self._words(columns[name]) if name in columns else name

    def level(self, name: str, term: str) -> str:
        """Name a category of a characteristic; empty for the mean of a number."""
        if term == MEAN:
            return ""
        known = self._levels(name)
        parts = [known.get(part) or self._group(part) for part in term.split(JOINED)]
        joined = parts[0]
        for part in parts[1:]:
            joined = self.text("characteristics.or", first=joined, second=part)
        return joined

    def full(self, name: str, term: str) -> str:
        """Name a characteristic with its category."""
        level = self.level(name, term)
        column = self.column(name)
        return self.text("characteristics.with_level", name=column, level=level) if level else column

    def term(self, name: str) -> str:
        """Name a term of a model, stored as ``arm[T.b]``, ``sex[T.2]`` or ``age``."""
        column, _, rest = name.replace("C(", "").replace(")", "").partition("[T.")
        return self.full(column, rest.rstrip("]")) if rest else self.column(column)

    def _levels(self, name: str) -> dict[str, str]:
        if name == "arm":
            return {arm.id: self._words(arm.label) for arm in self.study.head.arms}
        if name == "wave":
            return {wave.id: self._words(wave.label) for wave in self.study.head.waves}
        if name.startswith(STATE):
            variable = next((v for v in self.study.head.states if v.id == name.removeprefix(STATE)), None)
            return {state.id: self._words(state.label) for state in variable.states} if variable else {}
        for column in self.study.participant_columns:
            if column.name == name:
                values = self.study.table_of(column).values_of(column)
                return {str(value.code): self._words(value.label) for value in values}
        return {}

    def _group(self, part: str) -> str:
        """Name a group of numbers, stored as ``low..high`` with open ends, or whatever else a category is called."""
        if part == NOT_KNOWN:
            return self.text("common.not_known")
        low, found, high = part.partition(UPTO)
        if not found:
            return part
        ends = [self._number(end) if end else "" for end in (low, high)]
        if not low or not high:
            return self.text("characteristics.up_to" if high else "characteristics.above", end=ends[0] or ends[1])
        return self.text("characteristics.between", low=ends[0], high=ends[1])

    def _number(self, end: str) -> str:
        value = float(end)
        # A year has no thousands.
        if value.is_integer() and abs(value) < FOUR_DIGITS:
            return f"{value:.0f}"
        return format_number(value, 0 if value.is_integer() else 2, self.text.language)

    def _words(self, text: Text) -> str:
        return set_spaces(text.in_language(self.text.language), self.text.language)
