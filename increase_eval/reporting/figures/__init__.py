"""Figures: one style, five kinds to begin with, files of the same bytes every time."""

from increase_eval.reporting.figures.drawing import Drawing, FigureSpec
from increase_eval.reporting.figures.registry import FIGURES
from increase_eval.reporting.figures.writing import FigureFiles, data_csv, render, write_drawing

__all__ = ["FIGURES", "Drawing", "FigureFiles", "FigureSpec", "data_csv", "render", "write_drawing"]
