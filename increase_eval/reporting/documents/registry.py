"""Which chapters does a report have, and in which order?"""

from __future__ import annotations

from increase_eval.reporting.documents.answering import ANSWERING
from increase_eval.reporting.documents.attrition import ATTRITION
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.claims import CLAIMS
from increase_eval.reporting.documents.comparisons import COMPARISONS
from increase_eval.reporting.documents.data_quality import DATA_QUALITY
from increase_eval.reporting.documents.limits import LIMITS
from increase_eval.reporting.documents.methods import METHODS
from increase_eval.reporting.documents.predictors import PREDICTORS
from increase_eval.reporting.documents.published import PUBLISHED
from increase_eval.reporting.documents.reliability import RELIABILITY
from increase_eval.reporting.documents.reproducibility import REPRODUCIBILITY
from increase_eval.reporting.documents.results import RESULTS
from increase_eval.reporting.documents.satisfaction import SATISFACTION
from increase_eval.reporting.documents.scales import SCALES
from increase_eval.reporting.documents.services import SERVICES
from increase_eval.reporting.documents.side_by_side import SIDE_BY_SIDE
from increase_eval.reporting.documents.states import STATES
from increase_eval.reporting.documents.summary import SUMMARY
from increase_eval.reporting.documents.value import VALUE
from increase_eval.reporting.documents.verdicts import VERDICTS_CHAPTER
from increase_eval.reporting.documents.without_control import WITHOUT_CONTROL

CHAPTERS: tuple[Chapter, ...] = (
    SUMMARY,
    ANSWERING,
    ATTRITION,
    SCALES,
    RELIABILITY,
    RESULTS,
    COMPARISONS,
    STATES,
    SATISFACTION,
    SIDE_BY_SIDE,
    VERDICTS_CHAPTER,
    WITHOUT_CONTROL,
    PREDICTORS,
    SERVICES,
    VALUE,
    PUBLISHED,
    CLAIMS,
    DATA_QUALITY,
    METHODS,
    LIMITS,
    REPRODUCIBILITY,
)
"""In the order of the page; the first one has the title of the study for its heading."""
