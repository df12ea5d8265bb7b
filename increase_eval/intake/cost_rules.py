"""What is allowed in each cell of a sheet of costs, and what a finance officer should do where it is not."""

from __future__ import annotations

from increase_eval.study.base import Text
from increase_eval.study.services import ServiceStatistics
from increase_eval.study.structure import Level

YEARS = (1900, 2200)
"""First and last year that a cell may hold."""

LARGEST_AMOUNT = 1e12
"""More than any programme costs, in any currency; above it a cell holds something else."""

_YEAR = Text(en="Write one year with four digits.", fr="Écrire une année à quatre chiffres.")

REMEDIES = {
    "unknown_unit": Text(
        en="Correct the name of the unit, or add it to the level of the contract. Rows of totals may stay: they are "
        "left out.",
        fr="Corriger le nom de l'unité, ou l'ajouter au niveau du contrat. Les lignes de totaux peuvent rester : elles "
        "sont écartées.",
    ),
    "unknown_category": Text(
        en="Correct the category, or add it to `cost_categories`.",
        fr="Corriger la catégorie, ou l'ajouter à `cost_categories`.",
    ),
    "year": _YEAR,
    "price_year": _YEAR,
    "amount": Text(
        en="Enter a plain number, 0 or more, without currency sign and without marks between thousands; where decimals "
        "are written with a comma, declare `decimal`.",
        fr="Saisir un nombre simple, 0 ou plus, sans symbole monétaire ni séparateur de milliers ; si les décimales "
        "sont écrites avec une virgule, déclarer `decimal`.",
    ),
    "currency": Text(
        en="Write the three letters of the currency, such as GBP; its rate stands in `exchange_rates`.",
        fr="Écrire les trois lettres de la monnaie, comme EUR ; son taux figure dans `exchange_rates`.",
    ),
    "contradicting_cost": Text(
        en="Another row gives another amount or price year for the same unit, category, year and currency. Find out "
        "which counts and delete the other, or put both together.",
        fr="Une autre ligne donne un autre montant ou une autre année de prix pour la même unité, catégorie, année et "
        "monnaie. Déterminer laquelle compte et supprimer l'autre, ou réunir les deux.",
    ),
}
"""Rule -> remedy."""

RULES = {
    "unit": "unknown_unit",
    "category": "unknown_category",
    **{field: field for field in ("year", "amount", "currency", "price_year")},
}
"""Column of the table -> the rule that its cells can break."""


def allowed_cells(services: ServiceStatistics, level: Level) -> dict[str, Text]:
    """Describe what each column of a sheet of costs may hold."""
    units, categories = (", ".join(one.id for one in many) for many in (level.units, services.cost_categories))
    known = sorted({currency for rate in services.exchange_rates for currency in (rate.currency, rate.per)})
    year = Text(en="a year from 1900 to 2200", fr="une année de 1900 à 2200")
    return {
        "unit": Text(en=f"one of {units}, or their labels", fr=f"{units}, ou leurs libellés"),
        "category": Text(en=f"one of {categories}, or their labels", fr=f"{categories}, ou leurs libellés"),
        "year": year,
        "amount": Text(en="a number, 0 or more", fr="un nombre, 0 ou plus"),
        "currency": Text(en=", ".join(known), fr=", ".join(known))
        if known
        else Text(en="three letters, as in ISO 4217", fr="trois lettres, comme dans ISO 4217"),
        "price_year": year,
    }
