"""A column should mean the same in every wave and every source; where it does not, the difference is listed."""

import pandas as pd
import pyreadstat
import pytest

HEAD = "id,group,age,mood,score\n"


def drift(rows, intake):
    return rows(intake.drift, "column", "first", "second", "kind", "difference")


def spss(bench, name, labels, codes=(1.0, 2.0), **columns):
    table = pd.DataFrame({"id": ["a", "b"], "group": "one", "age": 30.0, "mood": codes, "score": 5.0, **columns})
    pyreadstat.write_sav(table, bench.folder / name, variable_value_labels={"mood": labels})


AGREE = {1: "Disagree", 2: "Neither", 3: "Agree"}


@pytest.mark.parametrize(
    "labels",
    [
        AGREE,
        {1: "disagree ", 2: "NEITHER", 3: "agreed"},
        {1: "Pas d’accord", 2: "Ni l'un ni l'autre"},
        {**AGREE, -8: "No"},
    ],
)
def test_labels_that_are_those_of_the_contract_are_no_drift(bench, rows, labels):
    spss(bench, "answers.sav", labels)
    assert drift(rows, bench.take_in(bench.study(sources=[bench.source(files=["answers.sav"])]))) == []


def test_a_label_that_reads_otherwise_and_a_code_that_is_not_there(bench, rows):
    spss(bench, "answers.sav", {**AGREE, 2: "Perhaps", 4: "Fully"})
    intake = bench.take_in(bench.study(sources=[bench.source(files=["answers.sav"])]))
    assert drift(rows, intake) == [
        ("mood", "t1 (answers)", "contract", "labels", "code 2 is labelled 'Perhaps' and 'Neither'"),
        ("mood", "t1 (answers)", "contract", "codes", "code 4, labelled 'Fully', is not in the contract"),
    ]


def two_waves(bench, first, second, **source):
    sources = [bench.source("one", ["one.sav"], **source), bench.source("two", ["two.sav"], wave="t2", **source)]
    tables = {
        "people": bench.people,
        "first": {**bench.wave, "columns": [first, bench.score]},
        "second": {**bench.wave, "waves": ["t2"], "columns": [second, bench.score]},
    }
    return bench.study(waves=("t1", "t2"), sources=sources, tables=tables)


def test_labels_that_change_places_between_waves_are_seen_in_the_files(bench, rows):
    study = two_waves(bench, bench.item, bench.item, values_by="code")
    spss(bench, "one.sav", AGREE)
    spss(bench, "two.sav", {1: "Neither", 2: "Disagree", 3: "Agree"})
    intake = bench.take_in(study)
    between = [row for row in drift(rows, intake) if row[1:3] == ("t1 (one)", "t2 (two)")]
    assert [row[4] for row in between] == [
        "code 1 is labelled 'Disagree' and 'Neither'",
        "code 2 is labelled 'Neither' and 'Disagree'",
    ]


def test_two_languages_are_no_drift(bench, rows):
    spss(bench, "one.sav", AGREE)
    spss(bench, "two.sav", {1: "Pas d'accord", 2: "Ni l'un ni l'autre", 3: "D'accord"})
    assert drift(rows, bench.take_in(two_waves(bench, bench.item, bench.item))) == []


def test_codebooks_of_the_contract_that_differ_between_waves(bench, rows):
    later = {**bench.item, "values": [*bench.agree[:1], {**bench.agree[1], "label": bench.text("None", "Rien")}]}
    spss(bench, "one.sav", {})
    spss(bench, "two.sav", {})
    assert drift(rows, bench.take_in(two_waves(bench, bench.item, later))) == [
        ("mood", "t1 (contract)", "t2 (contract)", "labels", "code 2 is labelled 'Neither' and 'None'"),
        ("mood", "t1 (contract)", "t2 (contract)", "codes", "only one of the two has 3"),
    ]


def test_ranges_of_the_contract_that_differ_between_waves(bench, rows):
    first, later = (bench.column("mood", "integer", range=pair) for pair in ([0, 10], [1, 10]))
    spss(bench, "one.sav", {})
    spss(bench, "two.sav", {})
    assert drift(rows, bench.take_in(two_waves(bench, first, later))) == [
        ("mood", "t1 (contract)", "t2 (contract)", "range", "0 to 10 and 1 to 10")
    ]


def answers(values, first=0):
    return HEAD + "".join(f"p{n + first},one,30,1,{value}\n" for n, value in enumerate(values))


def scored(bench, **score):
    column = bench.column("score", "integer", **score)
    sources = [bench.source("one", ["one.csv"]), bench.source("two", ["two.csv"], wave="t2")]
    tables = {"people": bench.people, "all": {**bench.wave, "waves": ["t1", "t2"], "columns": [bench.item, column]}}
    return bench.study(waves=("t1", "t2"), sources=sources, tables=tables)


def test_answers_that_run_from_one_in_one_wave_and_from_nought_in_another(bench, rows):
    bench.put(one_csv=answers([1, 2, 3, 4, 5] * 6), two_csv=answers([0, 1, 2, 3, 4] * 6))
    assert drift(rows, bench.take_in(scored(bench, range=[0, 5]))) == [
        ("score", "t1 (one)", "t2 (two)", "range", "answers run from 1 to 5, and from 0 to 4")
    ]


def test_extremes_of_few_answers_or_of_long_scales_say_nothing(bench, rows):
    bench.put(one_csv=answers([1, 2, 3, 4, 5]), two_csv=answers([0, 1, 2, 3, 4]))
    assert drift(rows, bench.take_in(scored(bench, range=[0, 5]))) == []
    bench.put(one_csv=answers([1, 2, 3, 4, 5] * 6), two_csv=answers([0, 1, 2, 3, 4] * 6))
    assert drift(rows, bench.take_in(scored(bench, range=[0, 100]))) == []


def test_many_answers_outside_what_is_allowed_are_another_coding_and_one_is_a_slip(bench, rows):
    bench.put(one_csv=answers([1, 2] * 50 + [7]), two_csv=answers([10, 20] * 50))
    assert drift(rows, bench.take_in(scored(bench, range=[0, 5])))[0] == (
        "score", "t2 (two)", "contract", "range", "answers that are not allowed: 100 of 100"
    )  # fmt: skip
    assert not any(
        row[1:3] == ("t1 (one)", "contract") for row in drift(rows, bench.take_in(scored(bench, range=[0, 5])))
    )


def test_the_comparison_speaks_french(bench, rows):
    spss(bench, "answers.sav", {**AGREE, 2: "Perhaps"})
    study = bench.study(sources=[bench.source(files=["answers.sav"])])
    assert drift(rows, bench.take_in(study, language="fr")) == [
        ("mood", "t1 (answers)", "contrat", "labels", "le code 2 est libellé 'Perhaps' et \"Ni l'un ni l'autre\"")
    ]
