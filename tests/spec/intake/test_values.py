"""Labels or codes in, codes out; what each cell of a column becomes, and why a gap is a gap."""

import pytest

from increase_eval.errors import DataError


def take_in(bench, column, cells, *, decimal=None, **more):
    """Take in a study with one further column and one row a cell; give the wave and the whole intake."""
    options = {"delimiter": ";", **({"decimal": decimal} if decimal else {})}
    answers = {**bench.wave, "columns": [*bench.wave["columns"], column]}
    study = bench.study(
        tables={"people": bench.people, "answers": answers}, sources=[bench.source(options=options)], **more
    )
    lines = [f"p{place};one;30;1;5;{cell}" for place, cell in enumerate(cells)]
    bench.put(answers_csv="\n".join([f"id;group;age;mood;score;{column['name']}", *lines]) + "\n")
    intake = bench.take_in(study)
    name = column["name"]
    values = intake.waves["t1"][name]
    return values.astype(object).where(values.notna(), None).tolist(), intake


def label(code, en, fr):
    return {"code": code, "label": {"en": en, "fr": fr}}


def broken(rows, intake):
    return rows(intake.quarantine, "row", "rule")


YES_NO = [
    {"code": 1, "label": {"en": "Yes", "fr": "Oui"}, "aliases": ["Y", 7]},
    {"code": 0, "label": {"en": "No", "fr": "Non"}},
]


@pytest.mark.parametrize("cell", ["1", "1.0", "Yes", "yes", " YES ", "Oui", "oui", "Y", "7"])
def test_codes_labels_and_aliases_become_the_code(bench, cell):
    values, intake = take_in(bench, bench.column("told", "category", values=YES_NO), [cell])
    assert values == [1]
    assert str(intake.waves["t1"]["told"].dtype) == "Int64"


def test_blanks_and_apostrophes_of_a_label_do_not_matter(bench):
    labels = [{"code": 1, "label": {"en": "A bit", "fr": "Plutôt d'accord"}}]
    values, _ = take_in(
        bench, bench.column("told", "category", values=labels), ["a  bit", "plutôt d’accord", "A\u00a0bit"]
    )
    assert values == [1, 1, 1]


def test_a_label_that_two_codes_could_mean_is_not_guessed(bench, rows):
    labels = [{"code": 1, "label": {"en": "GO", "fr": "x"}}, {"code": 2, "label": {"en": "Go", "fr": "y"}}]
    values, intake = take_in(bench, bench.column("told", "category", values=labels), ["GO", "Go", "go"])
    assert values == [1, 2, None]
    assert broken(rows, intake) == [(4, "values")]


@pytest.mark.parametrize("cell", ["3", "1.5", "Maybe", "-1"])
def test_a_code_or_label_that_is_not_in_the_contract_is_set_missing_and_listed(bench, rows, cell):
    values, intake = take_in(bench, bench.column("told", "category", values=YES_NO), [cell, "Yes"])
    assert values == [None, 1]
    assert rows(intake.quarantine, "row", "column", "rule", "severity", "allowed") == [
        (2, "told", "values", "value", "one of 1, 0, or their labels")
    ]
    assert rows(intake.ledger, "accepted", "values_set_missing") == [(2, 1)]


def test_codes_may_be_words(bench, rows):
    labels = [label("fr", "French", "Français"), label("en", "English", "Anglais")]
    values, intake = take_in(bench, bench.column("spoken", "category", values=labels), ["FR", "anglais", "de"])
    assert values == ["fr", "en", None]
    assert broken(rows, intake) == [(4, "values")]


MISSING = {"refused": [-8, "Refused"], "not_asked": [-9, ".n"], "left": [99], "unknown": ["?"]}


def test_missing_codes_become_gaps_with_their_reason(bench, rows):
    column = bench.column("told", "category", values=YES_NO, missing=MISSING)
    values, intake = take_in(bench, column, ["-8", "refused", "-9.0", ".n", "99", "?", "", "1"])
    assert values == [None] * 7 + [1]
    assert rows(intake.missing_reasons, "wave", "column", "reason") == [
        ("t1", "told", reason) for reason in ("refused", "refused", "not_asked", "not_asked", "left", "unknown")
    ]
    assert len(intake.quarantine) == 0


@pytest.mark.parametrize(
    ("type", "cell", "value"),
    [
        ("integer", "12", 12),
        ("integer", "+3", 3),
        ("integer", "3.0", 3),
        ("integer", "3.5", None),
        ("integer", "1,234", None),
        ("integer", "3 kg", None),
        ("integer", "99999999999999999999", None),
        ("number", "3.25", 3.25),
        ("number", "-.5", -0.5),
        ("number", "1e3", 1000.0),
        ("number", "3,25", 3.25),
        ("number", "1,234.5", None),
        ("number", "nan", None),
        ("number", "inf", None),
        ("number", "0x1f", None),
        ("boolean", "TRUE", True),
        ("boolean", "non", False),
        ("boolean", "0", False),
        ("boolean", "perhaps", None),
        ("text", "  as it is ", "as it is"),
        ("text", "=1+1", "=1+1"),
        ("category", "anything", "anything"),
    ],
)
def test_cells_are_read_by_the_type_of_their_column(bench, rows, type, cell, value):
    values, intake = take_in(bench, bench.column("told", type), [cell, ""])
    assert values == [value, None]
    assert broken(rows, intake) == ([] if value is not None else [(2, "type")])


@pytest.mark.parametrize(
    ("cells", "decimal", "expected"),
    [
        (["3,5", "4,25", "5"], None, [3.5, 4.25, 5.0]),
        (["3,5", "4,25", "1.5"], None, [3.5, 4.25, None]),
        (["3.5", "4.25", "1,5"], None, [3.5, 4.25, None]),
        (["3,5"], ".", [None]),
        (["1.234,5", "1.234"], ",", [None, None]),
    ],
)
def test_the_decimal_mark_is_that_of_most_cells_unless_declared(bench, cells, decimal, expected):
    values, _ = take_in(bench, bench.column("told", "number"), cells, decimal=decimal)
    assert values == expected


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2021-02-28", "2021-02-28"),
        ("28/02/2021", "2021-02-28"),
        ("2021-02-28 10:11:12", "2021-02-28 10:11:12"),
        ("31/02/2021", None),
        ("2021-13-01", None),
        ("28 Feb", None),
        ("44255", None),
    ],
)
def test_dates_are_read_by_the_formats_of_the_contract(bench, rows, cell, day):
    column = bench.column("told", "date", date_formats=["%Y-%m-%d", "%d/%m/%Y"])
    values, intake = take_in(bench, column, [cell])
    assert [None if value is None else str(value).removesuffix(" 00:00:00") for value in values] == [day]
    assert broken(rows, intake) == ([] if day else [(2, "type")])
    assert str(intake.waves["t1"]["told"].dtype) == "datetime64[us]"


def test_values_out_of_range_are_set_missing_and_those_on_its_ends_are_not(bench, rows):
    values, intake = take_in(bench, bench.column("told", "integer", range=[0, 10]), ["0", "10", "-1", "11"])
    assert values == [0, 10, None, None]
    assert rows(intake.quarantine, "row", "rule", "allowed") == [
        (4, "range", "from 0 to 10"),
        (5, "range", "from 0 to 10"),
    ]


def test_labels_at_the_ends_of_a_range_do_not_close_it(bench):
    ends = [label(0, "Not at all", "Pas du tout"), label(10, "Completely", "Tout à fait")]
    values, _ = take_in(bench, bench.column("told", "integer", range=[0, 10], values=ends), ["not at all", "5", "10"])
    assert values == [0, 5, 10]


def test_severity_row_quarantines_the_row_and_stop_stops(bench, rows):
    _, intake = take_in(bench, bench.column("told", "integer", range=[0, 10], severity="row"), ["11", "3"])
    assert rows(intake.quarantine, "row", "rule", "severity") == [(2, "range", "row")]
    assert rows(intake.ledger, "accepted", "quarantined", "values_set_missing") == [(1, 1, 0)]
    with pytest.raises(
        DataError, match=r"column 'told' breaks rule 'range' in 2 rows, first in row 3; allowed: from 0 to 10"
    ):
        take_in(bench, bench.column("told", "integer", range=[0, 10], severity="stop"), ["3", "44", "45"])


def test_a_row_without_a_required_value_is_quarantined_even_where_the_gap_has_a_reason(bench, rows):
    column = bench.column("told", "category", values=YES_NO, missing=MISSING, required=True)
    _, intake = take_in(bench, column, ["1", "", "-8", "maybe"])
    assert rows(intake.quarantine, "row", "rule", "severity") == [
        (3, "required", "row"),
        (4, "required", "row"),
        (5, "values", "row"),
    ]
    assert rows(intake.ledger, "accepted", "quarantined") == [(1, 3)]


def test_a_unique_value_that_comes_twice_is_set_missing_in_both_rows(bench, rows):
    values, intake = take_in(bench, bench.column("ticket", "text", unique=True), ["x", "y", "x", ""])
    assert values == [None, "y", None, None]
    assert broken(rows, intake) == [(2, "unique"), (4, "unique")]


def test_a_unique_value_of_severity_row_quarantines_both_rows(bench, rows):
    values, intake = take_in(bench, bench.column("ticket", "text", unique=True, severity="row"), ["x", "y", "x"])
    assert values == ["y"]
    assert rows(intake.ledger, "accepted", "quarantined") == [(1, 2)]
    assert len(intake.participants) == 1


def test_no_value_of_a_person_is_in_the_quarantine(bench):
    _, intake = take_in(bench, bench.column("told", "integer", range=[0, 10]), ["424242", "words"])
    assert "424242" not in intake.quarantine.to_csv()
    assert "words" not in intake.quarantine.to_csv()
    assert intake.quarantine["value_hash"].nunique() == 2
