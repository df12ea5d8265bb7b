"""Figures that one process draws once: the files of figures and the reports of both languages show the same ones."""

from collections.abc import Mapping

from increase_eval.reporting.documents import ReadableTables, draw_figures
from increase_eval.reporting.figures import Drawing
from increase_eval.storage import content_hash
from increase_eval.study import Study

_DRAWN: dict[tuple[object, ...], Mapping[str, Drawing]] = {}
"""What was drawn last: contract, language and content of the tables -> figures by id."""

KEPT = 4
"""How many sets are kept: two languages of a study, and of the one before."""


def drawn_figures(study: Study, tables: ReadableTables, *, language: str) -> Mapping[str, Drawing]:
    """Give the figures of a study in one language, drawing them only where this process has not yet.

    The same contract and the same content of every table give the same figures, whoever asks.
    """
    contents = tuple((name, content_hash(tables[name])) for name in sorted(tables))
    key = (study.id, study.contract_hash, language, contents)
    if key not in _DRAWN:
        while len(_DRAWN) >= KEPT:
            del _DRAWN[next(iter(_DRAWN))]
        _DRAWN[key] = draw_figures(study, tables, language=language)
    return _DRAWN[key]
