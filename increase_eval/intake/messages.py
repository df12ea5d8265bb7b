"""What intake says about files, columns and records that costs nothing, in English and in French."""

from __future__ import annotations

from increase_eval.study.base import Text

MESSAGES: dict[str, Text] = {
    "unused_file": Text(
        en="no source takes this file; name it in `sources`, or take it out of the folder",
        fr="aucune source ne prend ce fichier ; le nommer dans `sources`, ou le retirer du dossier",
    ),
    "unexpected_column": Text(
        en="the contract does not know this column; map it, ignore it with a reason, or call it personal",
        fr="le contrat ne connaît pas cette colonne ; l'associer, l'ignorer avec un motif, ou la dire personnelle",
    ),
    "formulas": Text(
        en="cells with a formula: {n}; the value stored with it is taken",
        fr="cellules avec une formule : {n} ; la valeur enregistrée avec elle est prise",
    ),
    "order_unreadable": Text(
        en="cells that order duplicates and cannot be read: {n}; such a row counts as the earliest",
        fr="cellules qui ordonnent les doublons et sont illisibles : {n} ; une telle ligne compte comme la première",
    ),
    "undeclared_missing": Text(
        en="cells with a code that the file declares missing and the contract does not: {n}; reason: unknown",
        fr="cellules avec un code que le fichier dit manquant et que le contrat ignore : {n} ; motif : inconnu",
    ),
    "baseline_conflict": Text(
        en="the value differs from the participant's first record, which is kept",
        fr="la valeur diffère du premier enregistrement du participant, qui est gardé",
    ),
    "no_baseline": Text(
        en="the participant is met first here and has no baseline record: kept, with a missing baseline",
        fr="le participant apparaît ici pour la première fois, sans données de départ : gardé, données manquantes",
    ),
    "stale_correction": Text(
        en="corrections.csv names a file or row that is not here: not applied",
        fr="corrections.csv nomme un fichier ou une ligne absents d'ici : non appliqué",
    ),
    "idle_correction": Text(
        en="the row, or the one it is linked to, is in quarantine for another reason: correction not applied",
        fr="la ligne, ou celle à laquelle elle est liée, est écartée pour un autre motif : correction non appliquée",
    ),
    "correction": Text(en="a correction was applied to this row", fr="une correction a été appliquée à cette ligne"),
    "in_no_wave": Text(
        en="participants in no wave: {n} of {total}", fr="participants dans aucune vague : {n} sur {total}"
    ),
    "no_arm": Text(en="participants without an arm: {n} of {total}", fr="participants sans bras : {n} sur {total}"),
    "nesting": Text(
        en="records whose unit lies in another one than the contract says: {n}; kept as they are",
        fr="enregistrements dont l'unité est dans une autre que celle du contrat : {n} ; gardés tels quels",
    ),
}
"""Kind of finding -> what it says. Nothing here can hold an answer."""

DRIFT: dict[str, Text] = {
    "place": Text(en="{wave} ({source})", fr="{wave} ({source})"),
    "participants": Text(en="participants", fr="participants"),
    "contract": Text(en="contract", fr="contrat"),
    "labels": Text(
        en="code {code} is labelled {first} and {second}", fr="le code {code} est libellé {first} et {second}"
    ),
    "only_one": Text(en="only one of the two has {codes}", fr="un seul des deux a {codes}"),
    "ranges": Text(en="{first} and {second}", fr="{first} et {second}"),
    "range": Text(en="{low:g} to {high:g}", fr="{low:g} à {high:g}"),
    "no_range": Text(en="no range", fr="sans bornes"),
    "unknown_code": Text(
        en="code {code}, labelled {first}, is not in the contract",
        fr="le code {code}, libellé {first}, n'est pas dans le contrat",
    ),
    "outside": Text(en="answers that are not allowed: {n} of {total}", fr="réponses non admises : {n} sur {total}"),
    "moved": Text(en="answers run from {first}, and from {second}", fr="les réponses vont de {first}, et de {second}"),
}
"""What the comparison of codebooks says."""
