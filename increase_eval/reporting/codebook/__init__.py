"""The data dictionary of a study: every column of every stored table, what it means and what it may hold."""

from increase_eval.reporting.codebook.dictionary import Codebook, ColumnEntry, build_codebook
from increase_eval.reporting.codebook.writing import CODEBOOK_FORMATS, write_codebook

__all__ = ["CODEBOOK_FORMATS", "Codebook", "ColumnEntry", "build_codebook", "write_codebook"]
