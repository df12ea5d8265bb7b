"""Stored tables for other programs: SPSS, Stata, Excel, CSV and Parquet, with the labels of variables and values."""

from increase_eval.reporting.export.exporting import EXPORT_FORMATS, Exported, export_tables, may_leave

__all__ = ["EXPORT_FORMATS", "Exported", "export_tables", "may_leave"]
