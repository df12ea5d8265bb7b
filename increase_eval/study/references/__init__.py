"""Whether what one part of a contract says about another is true of the other."""

from __future__ import annotations

from collections.abc import Mapping

from increase_eval.study.documents import Document
from increase_eval.study.problems import Problem
from increase_eval.study.references.instruments import instrument_problems
from increase_eval.study.references.names import Names
from increase_eval.study.references.plan import plan_problems
from increase_eval.study.references.published import published_problems
from increase_eval.study.references.services import service_problems
from increase_eval.study.references.sources import source_problems
from increase_eval.study.references.structure import structure_problems
from increase_eval.study.references.synthetic import synthetic_problems
from increase_eval.study.references.tables import table_problems


def reference_problems(documents: Mapping[str, Document]) -> list[Problem]:
    """Check every reference from one part of a study's contract to another.

    Parameters
    ----------
    documents
        File name, below the study's folder -> the file as it was written. Files of the wrong shape are checked as far
        as they can be understood; references into a file that cannot be read are left alone.

    Returns
    -------
    list of Problem
        In no particular order.
    """
    names = Names(documents)
    return [
        *structure_problems(names),
        *source_problems(names),
        *table_problems(names),
        *instrument_problems(names),
        *plan_problems(names),
        *service_problems(names),
        *published_problems(names),
        *synthetic_problems(names),
    ]
