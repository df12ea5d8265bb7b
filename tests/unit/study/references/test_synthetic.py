"""References in `synthetic.yaml` and `published.yaml`: broken once each, one line of error each."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import yaml

from increase_eval.errors import ContractError
from increase_eval.study import find_studies, load_study
from increase_eval.study.documents import Document, read_document
from increase_eval.study.references.names import Names
from increase_eval.study.references.published import published_problems
from increase_eval.study.references.synthetic import synthetic_problems

# where it stands (keys, and places in lists), the wrong name, what it is said not to be, one that is allowed
WRONG = {
    "a step of the funnel": (["funnel", 0, "step"], "engage", "step of the pathway", "engaged"),
    "an outcome in the funnel": (["funnel", 1, "step"], "job", "step of the pathway", "prepared"),
    "a column of the funnel": (["funnel", 0, "column"], "engaged_at", "column of the participants", "engaged_on"),
    "a started step": (["started_step"], "begun", "step of the funnel", "started"),
    "a completed step": (["completed_step"], "complete", "step of the funnel", "completed"),
    "an outcome": (["outcomes", 0, "step"], "engaged", "outcome of the service", "business"),
    "a column of an outcome": (["outcomes", 1, "column"], "job_at", "column of the participants", "job_on"),
    "a recorded outcome": (["recorded_as", 0], "work", "outcome of the service", "job"),
    "a level": (["unit_level"], "providers", "level", "provider"),
    "a column of choices": (["choices", 0, "column"], "gender", "column of the participants", "sex"),
    "a birth year": (["birth_year_column"], "born", "column of the participants", "birth_year"),
    "a course": (["course_column"], "session", "column of the participants", "course"),
    "a trainer": (["trainer_column"], "teacher", "column of the participants", "trainer"),
    "a scale of selection": (["selection_scales", 0], "mood", "scale with a trait", "life_satisfaction"),
    "a shocked scale": (["shocked_scales", 0], "mood", "scale with a trait", "social_wellbeing"),
    "a scale of response": (["response_scales", 0], "mood", "scale with a trait", "social_wellbeing"),
    "a shifted item": (["shifts", 0, "item"], "mhc_99", "item of a scale with a trait", "mhc_10"),
    "a language of a shift": (["shifts", 0, "language"], "de", "language of a country", "fr"),
    "a state variable": (["employment", "variable"], "work", "state variable", "employment"),
    "a driver": (["employment", "driver"], "courage", "scale with a trait", "self_efficacy"),
    "a column always answered": (["always_answered", 0], "job", "column of the waves", "employment"),
    "a mode column": (["mode_column"], "modes", "column of the waves", "mode"),
    "a language column": (["language_column"], "language", "column of the waves", "questionnaire_language"),
    "a side business": (["side_business_column"], "hobby", "column of the waves", "side_business"),
    "a language": (["language_by_country", "france"], "es", "code of the column of languages", "fr"),
    "a country of a platform": (["platforms", "france", "country"], "spain", "country", "france"),
    "a wave with labels": (["platforms", "france", "labels_in", 0], "t9", "wave", "t2"),
    "a stated column": (["stated", "birth_year_stated"], "born", "column of the participants", "birth_year"),
    "a currency": (["costs", "currency_by_country", "france"], "CHF", "currency with a rate per GBP", "EUR"),
}
# where a mapping stands, the key that is renamed, what it is said not to be
WRONG_KEYS = {
    "a unit": (["unit_shares"], "clarion", "unit"),
    "a country of trainers": (["trainers"], "france", "country"),
    "a code of choices": (["choices", 0, "shares"], "F", "code of the column"),
    "a unit of choices": (["choices", 0, "by_unit"], "optivo", "unit"),
    "a country of counts": (["outcomes", 0, "by_date", 0], "england", "country"),
    "a scale": (["traits"], "self_efficacy", "scale"),
    "a wave of change": (["traits", "self_efficacy", "change"], "t2", "wave"),
    "an arm of change": (["traits", "training_enjoyment", "change_by_arm"], "collective", "arm"),
    "a wave of change by arm": (["traits", "training_enjoyment", "change_by_arm", "collective"], "t2", "wave"),
    "a level of clusters": (["intraclass_correlation"], "course", "level"),
    "an initial state": (["employment", "initial"], "employee", "state"),
    "a wave of moves": (["employment", "into"], "t2", "wave"),
    "an arm of moves": (["employment", "into", "t2"], "parallel", "arm"),
    "a state of moves": (["employment", "into", "t2", "parallel"], "employee", "state"),
    "a wave of answers": (["response", "rates"], "t1", "wave"),
    "an arm of answers": (["response", "rates", "t1"], "parallel", "arm"),
    "a wave of days": (["elapsed_days"], "t1", "wave"),
    "a mode": (["modes"], "online", "code of the column"),
    "a country of languages": (["language_by_country"], "france", "country"),
    "a platform": (["platforms"], "france", "platform of a source"),
    "a state of side businesses": (["side_business"], "employee", "state"),
    "a cost category": (["costs", "categories"], "staff", "cost category"),
    "a country of currencies": (["costs", "currency_by_country"], "france", "country"),
    "a wave column": (["stated"], "birth_year_stated", "column of the waves"),
}
RECIPES = {
    "a step": ("sh_engaged", "steps", ["engage"], "step"),
    "a denominator": ("er_share_job", "among", "begun", "step"),
    "a wave": ("er_resp_t2", "wave", "t9", "wave"),
    "an earlier wave": ("er_nochange_t2", "since", "t0", "wave"),
    "an arm": ("er_sample_collab", "arm", "collab", "arm"),
    "a state variable": ("er_nochange_t2", "variable", "work", "state variable"),
    "a state": ("er_t3_work", "states", ["working"], "state of employment"),
    "a target": ("uea_target_businesses", "target", "shops", "target"),
    "a level": ("er_partners", "level", "partner", "level"),
    "a column": ("sh_women", "column", "gender", "column of the participants"),
    "a code": ("sh_women", "codes", ["W"], "code of sex"),
    "a unit": ("pp_optivo_women", "unit", "optiva", "unit of provider"),
    "a value of an attribute": ("pp_uk_business", "where", {"country": "uk"}, "value of the attribute country"),
}


@pytest.fixture(scope="module")
def original() -> Path:
    return next(folder for folder in find_studies().values() if (folder / "synthetic.yaml").is_file())


@pytest.fixture(scope="module")
def documents(original) -> dict[str, Document]:
    paths = [*original.glob("*.yaml"), *(original / "waves").glob("*.yaml")]
    names = {path.relative_to(original).as_posix(): path for path in paths}
    return {name: read_document(path, name) for name, path in names.items()}


@pytest.fixture
def problems_after(documents, tmp_path) -> Callable[[str, Callable[[Any], None]], list[str]]:
    """Change one file, and say what is then wrong in it."""

    def change_and_check(name: str, change: Callable[[Any], None]) -> list[str]:
        contract = deepcopy(documents[name].value)
        change(contract)
        path = tmp_path / "changed.yaml"
        path.write_text(yaml.safe_dump(contract, allow_unicode=True, sort_keys=False), encoding="utf-8")
        names = Names({**documents, name: read_document(path, name)})
        return [str(problem) for problem in (*synthetic_problems(names), *published_problems(names))]

    return change_and_check


def go(contract: Any, keys: list[Any]) -> Any:
    for key in keys:
        by_place = isinstance(contract, dict) and isinstance(key, int)
        contract = list(contract.values())[key] if by_place else contract[key]
    return contract


def said(name: str, value: str, what: str) -> re.Pattern[str]:
    return re.compile(rf"^{re.escape(name)}, line \d+, .*: '{re.escape(value)}' is no {re.escape(what)}; allowed: ")


def test_the_contract_as_it_stands_has_no_problem(problems_after):
    assert problems_after("synthetic.yaml", lambda _: None) == []


def test_loading_a_study_says_what_is_wrong_here(original, tmp_path):
    folder = shutil.copytree(original, tmp_path / original.name)
    for name, old, new in (
        ("synthetic.yaml", "started_step: started", "started_step: begun"),
        ("published.yaml", "wave: t2, among: completed", "wave: t9, among: completed"),
    ):
        text = (folder / name).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (folder / name).write_text(text.replace(old, new), encoding="utf-8")
    with pytest.raises(ContractError) as caught:
        load_study(folder)
    assert [line.partition(",")[0] for line in caught.value.problems] == ["synthetic.yaml", "published.yaml"]


@pytest.mark.parametrize(("keys", "wrong", "what", "allowed"), WRONG.values(), ids=WRONG)
def test_a_name_that_nobody_has_is_an_error_with_its_place(problems_after, keys, wrong, what, allowed):
    def change(contract):
        go(contract, keys[:-1])[keys[-1]] = wrong

    lines = problems_after("synthetic.yaml", change)
    hits = [line for line in lines if said("synthetic.yaml", wrong, what).match(line)]
    assert len(hits) == 1, lines
    # A long list of what is allowed is cut short.
    assert re.search(rf"\b{allowed}\b|\band \d+ more\b", hits[0].partition("; allowed: ")[2])


@pytest.mark.parametrize(("keys", "old", "what"), WRONG_KEYS.values(), ids=WRONG_KEYS)
def test_a_key_that_nobody_has_is_an_error_with_its_place(problems_after, keys, old, what):
    def change(contract):
        mapping = go(contract, keys)
        renamed = {("unheard_of" if key == old else key): value for key, value in mapping.items()}
        mapping.clear()
        mapping.update(renamed)

    lines = problems_after("synthetic.yaml", change)
    hits = [line for line in lines if said("synthetic.yaml", "unheard_of", what).match(line)]
    assert len(hits) == 1, lines
    assert old in hits[0].partition("; allowed: ")[2]


@pytest.mark.parametrize(
    ("keys", "key"),
    [(["unit_shares"], "clarion"), (["modes"], "paper"), (["employment", "initial"], "other"),
     (["choices", 0, "shares"], "M"), (["costs", "categories"], "staff"), (["costs", "years"], 2018)],
)  # fmt: skip
def test_shares_of_a_whole_add_up_to_it(problems_after, keys, key):
    def change(contract):
        go(contract, keys)[key] /= 2

    assert any("the shares add up to 0." in line for line in problems_after("synthetic.yaml", change))


@pytest.mark.parametrize(("figure", "field", "wrong", "what"), RECIPES.values(), ids=RECIPES)
def test_a_recipe_names_what_is_there(problems_after, figure, field, wrong, what):
    def change(contract):
        contract["recomputed"][figure] = {**contract["recomputed"][figure], field: wrong}

    word = next(iter(wrong.values())) if isinstance(wrong, dict) else wrong[0] if isinstance(wrong, list) else wrong
    lines = problems_after("published.yaml", change)
    assert any(said("published.yaml", word, what).match(line) for line in lines), lines


def test_a_figure_is_recomputed_or_not_computable_and_never_both(problems_after):
    def change(contract):
        contract["not_computable"][0]["ids"].append("er_helped")

    lines = problems_after("published.yaml", change)
    assert any("the figure 'er_helped' is declared twice" in line for line in lines)


def test_a_budget_needs_costs(problems_after):
    lines = problems_after("service_statistics.yaml", lambda services: services.pop("cost_source"))
    assert any("has no costs to add up" in line for line in lines)
