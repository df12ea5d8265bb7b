"""Try the raw files of a study without storing anything, and say what a field officer needs to know."""

from __future__ import annotations

import html
import secrets
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from increase_eval.errors import DataError
from increase_eval.files import replacing
from increase_eval.intake.costs import CostRecords, read_costs
from increase_eval.intake.linkage import LINK_COLUMNS
from increase_eval.intake.run import OpenIntake, run_openly
from increase_eval.intake.services import ServiceRecords, read_service_statistics
from increase_eval.intake.validation_texts import TEXTS
from increase_eval.study.study import Study

LISTING_COLUMNS = ("what", "file", "row", "column", "rule", "allowed", "remedy")
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_SHOWN = 8
"""How many examples of one rule the summary shows."""


@dataclass(frozen=True, slots=True)
class Validation:
    """What trying the raw files of a study has shown.

    Attributes
    ----------
    study_id, language
        Whose files, and the language of what is said about them.
    problems
        What stops the files from being taken in at all, one line each; then the tables below are empty.
    ledger
        Rows read, accepted, duplicate, quarantined, and values set missing, by file.
    listing
        Everything there is to look at, one row each: what (row, value, duplicate, notice, drift), file, row, column,
        rule, allowed, remedy. No answer and no key is in it.
    proposed_links
        Rows under a key that nobody has and the participants who are near, as lines for ``corrections.csv``.
    values
        The offending cell of each row of `listing`, where it was asked for; for the terminal only.
    """

    study_id: str
    language: str
    problems: tuple[str, ...]
    ledger: pd.DataFrame
    listing: pd.DataFrame
    proposed_links: pd.DataFrame
    values: pd.Series | None = field(default=None, repr=False)

    @property
    def can_be_taken_in(self) -> bool:
        """Whether the files can be taken in; single rows and values may still be left out."""
        return not self.problems

    @property
    def is_clean(self) -> bool:
        """Whether there is nothing to mend: no problem, no row in quarantine, no value set missing."""
        return self.can_be_taken_in and not self.listing["what"].isin(["row", "value"]).any()

    def to_csv(self, path: str | Path) -> Path:
        """Write the full list as CSV that a spreadsheet opens as it is; no cell can start a formula."""
        return _write_csv(self._full_list(), Path(path))

    def links_to_csv(self, path: str | Path) -> Path:
        """Write the proposed links as CSV, from which lines can be copied into ``corrections.csv``."""
        return _write_csv(self.proposed_links, Path(path))

    def to_html(self, path: str | Path) -> Path:
        """Write the ledger and the full list as a page of its own."""
        with replacing(Path(path)) as stream:
            stream.write(self._page().encode("utf-8"))
        return Path(path)

    def summary(self) -> str:
        """Say on the terminal how it went: the ledger, then what to look at, by rule, with a few places each."""
        return "\n".join(self._summary_lines())

    def _full_list(self) -> pd.DataFrame:
        stops = pd.DataFrame({"what": "stop", "remedy": list(self.problems)}).reindex(columns=list(LISTING_COLUMNS))
        parts = [part for part in (stops, self.listing) if len(part)]
        table = pd.concat([part.astype("object") for part in parts], ignore_index=True) if parts else self.listing
        return table.assign(what=[self._text(what) for what in table["what"]])

    def _text(self, key: str) -> str:
        return TEXTS[key].in_language(self.language)

    def _summary_lines(self) -> Iterator[str]:
        if self.problems:
            yield f"{self.study_id}: {self._text('cannot')}"
            yield from (f"  - {problem}" for problem in self.problems)
            return
        yield f"{self.study_id}: {self._text('clean' if self.is_clean else 'mend')}"
        yield from _aligned(self.ledger, [self._text(f"ledger_{name}") for name in self.ledger.columns])
        for (what, rule), group in self.listing.groupby(["what", "rule"], sort=False):
            yield f"{self._text(str(what))}: {rule} ({len(group)})"
            yield from self._examples(group)
        if len(self.proposed_links):
            yield self._links_text()

    def _links_text(self) -> str:
        rows = len(self.proposed_links[["file", "row"]].drop_duplicates())
        return self._text("links").format(rows=rows, lines=len(self.proposed_links))

    def _examples(self, group: pd.DataFrame) -> Iterator[str]:
        remedies = group["remedy"].dropna().unique()
        for place, row in group.head(_SHOWN).iterrows():
            parts = [self._where(row, place), row["allowed"] if pd.isna(row["allowed"]) else self._allowed(row)]
            if len(remedies) > 1:
                parts.append(f"-> {row['remedy']}")
            line = " ".join(str(part) for part in parts if pd.notna(part) and part)
            if line:
                yield f"    {line}"
        if len(group) > _SHOWN:
            yield f"    ... {self._text('more').format(count=len(group) - _SHOWN)}"
        if len(remedies) == 1:
            yield f"    -> {remedies[0]}"

    def _allowed(self, row: pd.Series) -> str:
        return f"({self._text('allowed')} {row['allowed']})"

    def _where(self, row: pd.Series, place: Hashable) -> str:
        value = self.values.get(place) if self.values is not None else None
        shown = f" = {value!r}" if isinstance(value, str) else ""
        where = [str(row["file"])] if pd.notna(row["file"]) else []
        where += [f"{self._text('line')} {row['row']}"] if pd.notna(row["row"]) else []
        where += [f"{row['column']}{shown}"] if pd.notna(row["column"]) else []
        return ", ".join(where)

    def _page(self) -> str:
        title = f"{self.study_id}: {self._text('title')}"
        verdict = self._text("cannot" if self.problems else "clean" if self.is_clean else "mend")
        ledger = self.ledger.set_axis([self._text(f"ledger_{name}") for name in self.ledger.columns], axis=1)
        listing = self._full_list()
        listing = listing.set_axis([self._text(f"listing_{name}") for name in listing.columns], axis=1)
        return "\n".join(
            [
                f'<!DOCTYPE html>\n<html lang="{self.language}">\n<head>\n<meta charset="utf-8">',
                f"<title>{html.escape(title)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<main>",
                f"<h1>{html.escape(title)}</h1>\n<p>{html.escape(verdict)}</p>",
                *([f"<p>{html.escape(self._links_text())}</p>"] if len(self.proposed_links) else []),
                f"<h2>{html.escape(self._text('ledger'))}</h2>\n{_html_table(ledger)}",
                f"<h2>{html.escape(self._text('list'))} ({len(listing)})</h2>\n{_html_table(listing)}",
                "</main>\n</body>\n</html>\n",
            ]
        )


_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:80rem;padding:0 1rem;color:#1a1a1a}"
    "div{overflow-x:auto}table{border-collapse:collapse;font-size:.9rem}"
    "th,td{text-align:left;vertical-align:top;padding:.3rem .7rem;border-bottom:1px solid #ccc}"
)


def validate_study(
    study: Study, raw_folder: str | Path, *, show_values: bool = False, language: str = "en"
) -> Validation:
    """Try the raw files of a study without storing anything.

    Parameters
    ----------
    study
        The contract.
    raw_folder
        The folder with the raw files.
    show_values
        Whether the summary shows the offending cells, for the terminal of somebody who may see them. The lists that
        are written never do, and of a row whose consent is withdrawn nothing is shown.
    language
        Of remedies and headings: ``"en"`` or ``"fr"``.

    Returns
    -------
    Validation
        What stops the files, or the ledger and everything there is to look at.
    """
    # Nothing is stored, so that the keys need no lasting secret.
    key_secret = secrets.token_bytes(32)
    problems: list[str] = []
    run: OpenIntake | None = None
    try:
        run = run_openly(study, raw_folder, key_secret=key_secret, language=language)
    except DataError as problem:
        problems += problem.problems or (str(problem),)
    records = _service_records(study, raw_folder, key_secret, language, problems)
    if run is None or problems:
        nothing = pd.DataFrame(columns=list(LISTING_COLUMNS))
        no_links = pd.DataFrame(columns=list(LINK_COLUMNS))
        return Validation(study.id, language, tuple(dict.fromkeys(problems)), pd.DataFrame(), nothing, no_links)
    listing, values = _listing(run, [one.quarantine for one in records])
    ledger = pd.concat([run.intake.ledger, *(one.ledger for one in records)], ignore_index=True)
    return Validation(
        study.id, language, (), ledger, listing, run.intake.proposed_links, values if show_values else None
    )


def _service_records(
    study: Study, raw_folder: str | Path, key_secret: bytes, language: str, problems: list[str]
) -> list[ServiceRecords | CostRecords]:
    """Try the files with what the service counted and cost, where there are any; what stops them goes to `problems`."""
    able: dict[str, Callable[..., ServiceRecords | CostRecords]] = {
        "services": read_service_statistics,
        "costs": read_costs,
    }
    records: list[ServiceRecords | CostRecords] = []
    for capability, read in able.items():
        if capability in study.capabilities:
            try:
                records.append(read(study, raw_folder, key_secret=key_secret, language=language))
            except DataError as problem:
                problems += problem.problems or (str(problem),)
    return records


def _listing(run: OpenIntake, further: Sequence[pd.DataFrame]) -> tuple[pd.DataFrame, pd.Series]:
    intake = run.intake
    quarantine = intake.quarantine.rename(columns={"severity": "what"})
    duplicates = intake.duplicates.assign(what="duplicate", remedy=_kept_text(intake.duplicates))
    duplicates["rule"] = "keep " + duplicates["rule"].astype("str")
    notices = intake.findings.rename(columns={"kind": "rule", "message": "remedy"}).assign(what="notice")
    drift = intake.drift.assign(
        what="drift",
        rule=intake.drift["kind"],
        remedy=intake.drift["first"] + " / " + intake.drift["second"] + ": " + intake.drift["difference"],
    )
    others = [table.rename(columns={"severity": "what"}) for table in further]
    every = (quarantine, duplicates, notices, drift, *others)
    parts = [part.reindex(columns=list(LISTING_COLUMNS)) for part in every]
    filled = [part.astype("object") for part in parts if len(part)]
    listing = pd.concat(filled, ignore_index=True) if filled else parts[0]
    return listing, run.values.reindex(listing.index)


def _kept_text(duplicates: pd.DataFrame) -> list[str]:
    return [f"{file}: {row}" for file, row in zip(duplicates["kept_file"], duplicates["kept_row"], strict=True)]


def _aligned(table: pd.DataFrame, titles: list[str]) -> Iterator[str]:
    cells = [titles, *([str(cell) for cell in row] for row in table.itertuples(index=False))]
    widths = [max(len(row[place]) for row in cells) for place in range(len(titles))]
    for row in cells:
        yield "  " + "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _write_csv(table: pd.DataFrame, path: Path) -> Path:
    with replacing(path) as stream:
        stream.write(table.map(_harmless).to_csv(index=False, lineterminator="\r\n").encode("utf-8-sig"))
    return path


def _harmless(cell: object) -> object:
    """Keep a spreadsheet from taking a text for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA_STARTS) else cell


def _html_table(table: pd.DataFrame) -> str:
    head = "".join(f"<th scope='col'>{html.escape(str(name))}</th>" for name in table.columns)
    rows = (
        "<tr>" + "".join(f"<td>{'' if pd.isna(cell) else html.escape(str(cell))}</td>" for cell in row) + "</tr>"
        for row in table.itertuples(index=False)
    )
    return f"<div><table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table></div>"
