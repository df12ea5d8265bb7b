"""Evaluation of programmes from longitudinal surveys that lose most of their respondents.

The library takes tables in and gives results out. It knows no particular study (a study is data, see
:mod:`increase_eval.study`) and no orchestrator (see the package ``pipelines`` beside it).
"""

__version__ = "0.1.0"
