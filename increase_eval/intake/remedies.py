"""What a field officer should do about each kind of finding, in English and in French."""

from __future__ import annotations

from increase_eval.study.base import Text

REMEDIES: dict[str, Text] = {
    "empty_row": Text(
        en="Delete the row, or leave it: it holds nothing.", fr="Supprimer la ligne, ou la laisser : vide."
    ),
    "ragged_row": Text(
        en="The row has more or fewer cells than the header. Look for a missing quotation mark or a stray delimiter.",
        fr="La ligne n'a pas le nombre de cellules de l'en-tête. Chercher un guillemet ou un séparateur en trop.",
    ),
    "truncated_row": Text(
        en="The file ends in the middle of this row. Export it again.",
        fr="Le fichier s'arrête au milieu de cette ligne. Refaire l'export.",
    ),
    "key_missing": Text(
        en="Find out who answered and enter the key in the source.",
        fr="Retrouver la personne et saisir son identifiant dans la source.",
    ),
    "key_malformed": Text(
        en="The key is not of the agreed form. Correct it in the source.",
        fr="L'identifiant n'a pas la forme convenue. Le corriger dans la source.",
    ),
    "unknown_wave": Text(
        en="Enter the wave of this row, or add what the file writes to `wave_values`.",
        fr="Saisir la vague de cette ligne, ou ajouter cette écriture à `wave_values`.",
    ),
    "preview": Text(
        en="A trial answer made while the survey was built. Nothing to do.",
        fr="Réponse d'essai faite pendant la mise au point du questionnaire. Rien à faire.",
    ),
    "required": Text(
        en="This column may not be blank. Complete it in the source.",
        fr="Cette colonne ne peut pas être vide. La compléter dans la source.",
    ),
    "type": Text(
        en="Check the answer in the source; if it is written another way there, say so in the contract.",
        fr="Vérifier la réponse dans la source ; si elle y est écrite autrement, le dire dans le contrat.",
    ),
    "date": Text(
        en="Check the date in the source; if dates are written in this way as well, add it to `date_formats` of the "
        "column in the contract.",
        fr="Vérifier la date dans la source ; si des dates sont aussi écrites ainsi, ajouter cette écriture à "
        "`date_formats` de la colonne dans le contrat.",
    ),
    "values": Text(
        en="Check the answer in the source; if the code or label is right, add it to the contract.",
        fr="Vérifier la réponse dans la source ; si le code ou le libellé est juste, l'ajouter au contrat.",
    ),
    "range": Text(
        en="Check the answer in the source and correct it there.",
        fr="Vérifier la réponse dans la source et l'y corriger.",
    ),
    "unique": Text(
        en="Two rows have the same value. Find out which is right and correct the other.",
        fr="Deux lignes ont la même valeur. Déterminer la bonne et corriger l'autre.",
    ),
    "label_contradiction": Text(
        en="The file's label for this code belongs to another code of the contract. Find out which is right and set "
        "`values_by` for this source.",
        fr="Le libellé de ce code dans le fichier est celui d'un autre code du contrat. Déterminer lequel est juste et "
        "renseigner `values_by` pour cette source.",
    ),
    "arm": Text(
        en="The value is no arm of the study. Correct it in the source, or add it to the arm's aliases.",
        fr="Cette valeur n'est pas un bras de l'étude. La corriger dans la source, ou l'ajouter aux alias du bras.",
    ),
    "waves_out_of_order": Text(
        en="The answer is dated before one of an earlier wave. Check both dates.",
        fr="La réponse est datée avant celle d'une vague antérieure. Vérifier les deux dates.",
    ),
    "unknown_participant": Text(
        en="Nobody has this key. See the proposed links; what you confirm goes into corrections.csv.",
        fr="Personne n'a cet identifiant. Voir les liens proposés ; confirmer dans corrections.csv.",
    ),
    "dropped_by_correction": Text(
        en="Nothing to do: corrections.csv says to leave this row out.",
        fr="Rien à faire : corrections.csv dit d'écarter cette ligne.",
    ),
    "participant": Text(en="Run the intake again.", fr="Relancer l'import."),
}
"""Kind of rule -> remedy. Rules of the contract bring their own."""


def allowed_values(codes: list[str]) -> Text:
    """Describe a closed list of codes, briefly where it is long."""
    if len(codes) > 12:
        return Text(en=f"one of {len(codes)} codes or their labels", fr=f"un des {len(codes)} codes ou leurs libellés")
    listed = ", ".join(codes)
    return Text(en=f"one of {listed}, or their labels", fr=f"{listed}, ou leurs libellés")


def allowed_type(kind: str, formats: tuple[str, ...]) -> Text:
    """Describe what a column of a type holds."""
    if kind == "date":
        listed = " / ".join(formats)
        return Text(en=f"a date written as {listed}", fr=f"une date écrite comme {listed}")
    return {
        "integer": Text(en="a whole number", fr="un nombre entier"),
        "number": Text(en="a number", fr="un nombre"),
        "boolean": Text(en="yes or no (1 or 0)", fr="oui ou non (1 ou 0)"),
    }.get(kind, Text(en="a text", fr="un texte"))


def allowed_range(low: float, high: float) -> Text:
    """Describe a range."""
    return Text(en=f"from {low:g} to {high:g}", fr=f"de {low:g} à {high:g}")
