"""The chapter on attrition: a list of sections, each a module of its own.

A new section takes five steps, and touches no other section:

1. a module here (or beside this package) with a :class:`~increase_eval.reporting.documents.attrition.section.Section`:
   its id, the key of its heading, its template, and a function that gives the template its values from the protected
   tables of a :class:`~increase_eval.reporting.documents.context.ReportContext`;
2. a template ``reports/templates/attrition_<id>.html.j2``, which finds those values under the name ``v``
   (``{{ v.sentences }}``) and places exhibits with ``table(...)`` and ``figure(...)`` like any chapter;
3. strings in files of its own, ``strings/<name>.en.yaml`` and ``strings/<name>.fr.yaml``;
4. the stored tables that it reads, named in the section: without those in `tables` the page says that they were not
   computed, those in `optional_tables` may be missing. Naming them is what lets them leave (they become ``safe_*``
   assets), so that their estimates need a line in ``increase_eval.reporting.disclosure.estimates.TABLE_MEASURES``;
5. one line in :data:`increase_eval.reporting.documents.attrition.chapter.SECTIONS`, at its place in the order.

A study whose files hold complete cases only (``participants.coverage`` of its contract) has no sections but those that
say `with_complete_cases`: attrition is unknown there, and the chapter says so.
"""

from increase_eval.reporting.documents.attrition.chapter import ATTRITION, SECTIONS
from increase_eval.reporting.documents.attrition.section import Section

__all__ = ["ATTRITION", "SECTIONS", "Section"]
