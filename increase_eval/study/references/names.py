"""Everything in a contract that something else may refer to, by its name.

A set of names is None where it cannot be known, as its file cannot be read: nothing is then said about references to
it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from increase_eval.study.cursor import Cursor
from increase_eval.study.documents import Document


@dataclass(frozen=True)
class Names:
    """The files of one study, and the names that they declare.

    Attributes
    ----------
    documents
        File name, below the study's folder -> the file as it was written.
    """

    documents: Mapping[str, Document]

    def top(self, name: str) -> Cursor:
        """Give the top of one file."""
        return Cursor.at_top(self.documents.get(name), name)

    @property
    def head(self) -> Cursor:
        """The top of ``study.yaml``."""
        return self.top("study.yaml")

    @property
    def tables(self) -> list[Cursor]:
        """The tops of the files of ``waves/``."""
        return [Cursor.at_top(document) for name, document in self.documents.items() if name.startswith("waves/")]

    def _ids(self, things: Cursor) -> dict[str, Cursor] | None:
        if not things.document.is_readable:
            return None
        return {one["id"].word: one for one in reversed([*things]) if one["id"].word}

    @cached_property
    def waves(self) -> list[str] | None:
        """The ids of the waves, in order."""
        if not self.head.document.is_readable:
            return None
        return [wave["id"].word for wave in self.head["waves"] if wave["id"].word]

    @cached_property
    def arms(self) -> list[str] | None:
        """The ids of the arms."""
        ids = self._ids(self.head["arms"])
        return None if ids is None else list(reversed(ids))

    @cached_property
    def levels(self) -> dict[str, Cursor] | None:
        """Id -> level."""
        return self._ids(self.head["levels"])

    @cached_property
    def sources(self) -> dict[str, Cursor] | None:
        """Id -> source."""
        return self._ids(self.head["sources"])

    @cached_property
    def states(self) -> dict[str, Cursor] | None:
        """Id -> state variable."""
        return self._ids(self.head["states"])

    @cached_property
    def participant_columns(self) -> dict[str, Cursor] | None:
        """Name -> column of the table of participants."""
        if not self._tables_are_known:
            return None
        return {name: column for name, column, _ in self.columns("participants")}

    @cached_property
    def wave_columns(self) -> dict[str, dict[str, Cursor]] | None:
        """Wave -> name -> column."""
        if not self._tables_are_known or self.waves is None:
            return None
        found: dict[str, dict[str, Cursor]] = {wave: {} for wave in self.waves}
        for name, column, table in self.columns("wave"):
            for wave in asked_in(column, table):
                found.get(wave, {}).setdefault(name, column)
        return found

    @cached_property
    def any_wave_column(self) -> dict[str, Cursor] | None:
        """Name -> column of the first wave that asks it."""
        if self.wave_columns is None:
            return None
        return {name: column for wave in reversed([*self.wave_columns.values()]) for name, column in wave.items()}

    @property
    def _tables_are_known(self) -> bool:
        return all(table.document.is_readable for table in self.tables)

    def columns(self, kind: str) -> Iterator[tuple[str, Cursor, Cursor]]:
        """Go through the columns of all tables of a kind: name, column, table."""
        for table in self.tables:
            if table["table"].word == kind:
                for column in table["columns"]:
                    if column["name"].word:
                        yield column["name"].word, column, table

    @cached_property
    def scales(self) -> dict[str, Cursor] | None:
        """Id -> scale; a subscale is called by its scale and itself."""
        document = self.documents.get("instruments.yaml")
        if document is not None and document.problems and not document.is_readable:
            return None
        found: dict[str, Cursor] = {}
        for scale in self.top("instruments.yaml")["scales"]:
            word = scale["id"].word
            if word:
                found.setdefault(word, scale)
                for name, _ in scale["subscales"].entries():
                    found.setdefault(f"{word}_{name}", scale)
        return found

    def items_of(self, scale_id: str) -> set[str]:
        """Give the columns that a scale or subscale is made from, through the scales that it is made from."""
        scale = (self.scales or {}).get(scale_id)
        if scale is None:
            return set()
        own = scale["id"].word or ""
        suffix = scale_id.removeprefix(f"{own}_") if scale_id != own else None
        items = {word for word, _ in (scale["subscales"][suffix] if suffix else scale["items"]).words()}
        if scale["rule"].word != "norm_weighted":
            return items
        return {leaf for item in items - {scale_id} for leaf in (self._plain_items(item) or {item})}

    def _plain_items(self, scale_id: str) -> set[str]:
        scale = (self.scales or {}).get(scale_id)
        return {word for word, _ in scale["items"].words()} if scale is not None else set()

    def waves_of(self, items: set[str]) -> list[str] | None:
        """Give the waves that ask one of the items at least."""
        if self.wave_columns is None or self.waves is None:
            return None
        return [wave for wave in self.waves if items & set(self.wave_columns.get(wave, {}))]


def asked_in(column: Cursor, table: Cursor) -> list[str]:
    """Give the waves that ask a column."""
    own = [word for word, _ in column["waves"].words()]
    return own or [word for word, _ in table["waves"].words()]
