"""Which characteristics are given as shares, and which as means?"""

from increase_eval.study import find_studies, load_study
from pipelines.assets.comparison import demographic_columns


def test_numbers_with_labels_are_shares_and_bare_numbers_are_means():
    for folder in find_studies().values():
        study = load_study(folder)
        means = set(demographic_columns(study)) - set(demographic_columns(study, only_categories=True))
        columns = {column.name: column for column in study.participant_columns}
        assert all(columns[name].type in ("integer", "number") for name in means)
        assert not [name for name in means if columns[name].values]


def test_a_coded_yes_or_no_is_no_mean():
    study = next(study for folder in find_studies().values() if (study := load_study(folder)).cohort is not None)
    coded = [
        column.name
        for column in study.participant_columns
        if column.role == "demographic" and column.type == "integer" and column.values
    ]
    assert coded
    assert set(coded) <= set(demographic_columns(study, only_categories=True))
