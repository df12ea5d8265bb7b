"""The report of a study: one self-contained page in each language, made of chapters."""

from increase_eval.reporting.documents.builder import (
    ReadableTables,
    build_report,
    draw_each_figure,
    draw_figures,
    readable_tables,
)
from increase_eval.reporting.documents.chapter import Chapter
from increase_eval.reporting.documents.registry import CHAPTERS
from increase_eval.reporting.documents.stamp import Stamp, take_stamp

__all__ = [
    "CHAPTERS",
    "Chapter",
    "ReadableTables",
    "Stamp",
    "build_report",
    "draw_each_figure",
    "draw_figures",
    "readable_tables",
    "take_stamp",
]
