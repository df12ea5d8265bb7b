"""Links from a name of a stored table or a figure to where a page shows it, before or after it is placed."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from increase_eval.reporting.documents.exhibits import Exhibits, where_it_stands
from increase_eval.reporting.pages import page_environment
from increase_eval.reporting.tables import DisplayTable, TableColumn, plain_rows
from increase_eval.reporting.translations import Translator


def exhibits() -> Exhibits:
    study = SimpleNamespace(is_synthetic=False, head=SimpleNamespace(privacy=SimpleNamespace(threshold=10)))
    return Exhibits(SimpleNamespace(text=Translator("en"), study=study))


def table(own_id: str, asset: str) -> DisplayTable:
    data = pd.DataFrame({"a": [1]})
    return DisplayTable(own_id, "Title", (TableColumn("a"),), plain_rows([["1"]]), asset=asset, data=data)


def test_a_stored_table_is_linked_to_the_first_table_made_of_it() -> None:
    page = exhibits()
    text = f"score_changes{where_it_stands('asset', 'score_changes')}"
    for own_id in ("first", "second"):
        page._table(table(own_id, "score_changes"))
    assert page.resolve_references(text) == 'score_changes (<a href="#table-first">Table\u00a01</a>)'


def test_a_folded_table_keeps_its_title_and_data_in_sight() -> None:
    page = exhibits()
    functions = page.template_functions(page_environment("en"))
    shown, folded = functions["table"](table("one", "a")), functions["table"](table("two", "b"), is_folded=True)
    assert "<details" not in shown
    head, _, rest = folded.partition('<details class="folded"><summary>Show the table (1 row)</summary>')
    inside, _, after = rest.partition("</details>")
    assert "Title" in head
    assert "<td" in inside
    assert 'download="table-two.csv"' in after
    assert folded.count("<div") == folded.count("</div")


def test_what_the_page_does_not_show_keeps_its_name_alone() -> None:
    text = f"robustness{where_it_stands('asset', 'robustness')} / forest{where_it_stands('figure', 'forest')}"
    assert exhibits().resolve_references(text) == "robustness / forest"
