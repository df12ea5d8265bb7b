"""What a validation says, in English and in French."""

from __future__ import annotations

from increase_eval.study.base import Text

TEXTS: dict[str, Text] = {
    "title": Text(en="check of the raw files", fr="contrôle des fichiers bruts"),
    "cannot": Text(en="the files cannot be taken in", fr="les fichiers ne peuvent pas être importés"),
    "clean": Text(en="nothing to mend", fr="rien à corriger"),
    "mend": Text(
        en="the files can be taken in; some rows or values would be left out",
        fr="les fichiers peuvent être importés ; certaines lignes ou valeurs seraient écartées",
    ),
    "ledger": Text(en="Every row accounted for", fr="Chaque ligne est comptée"),
    "list": Text(en="Everything to look at", fr="Tout ce qui est à regarder"),
    "stop": Text(en="stop", fr="arrêt"),
    "row": Text(en="row left out", fr="ligne écartée"),
    "value": Text(en="value set missing", fr="valeur rendue manquante"),
    "duplicate": Text(en="duplicate", fr="doublon"),
    "notice": Text(en="notice", fr="remarque"),
    "drift": Text(en="codebook differs", fr="codes divergents"),
    "links": Text(
        en="links proposed for rows under a key that nobody has: {rows} rows, {lines} candidates; "
        "copy those that are right into corrections.csv",
        fr="liens proposés pour les lignes dont personne n'a l'identifiant : {rows} lignes, {lines} candidats ; "
        "copier ceux qui sont justes dans corrections.csv",
    ),
    "line": Text(en="row", fr="ligne"),
    "allowed": Text(en="allowed:", fr="admis :"),
    "more": Text(en="and {count} more", fr="et {count} de plus"),
    "ledger_file": Text(en="file", fr="fichier"),
    "ledger_source": Text(en="source", fr="source"),
    "ledger_rows_read": Text(en="rows read", fr="lignes lues"),
    "ledger_accepted": Text(en="accepted", fr="acceptées"),
    "ledger_duplicate": Text(en="duplicate", fr="doublons"),
    "ledger_quarantined": Text(en="quarantined", fr="écartées"),
    "ledger_values_set_missing": Text(en="values set missing", fr="valeurs rendues manquantes"),
    "listing_what": Text(en="what", fr="nature"),
    "listing_file": Text(en="file", fr="fichier"),
    "listing_row": Text(en="row", fr="ligne"),
    "listing_column": Text(en="column", fr="colonne"),
    "listing_rule": Text(en="rule", fr="règle"),
    "listing_allowed": Text(en="allowed", fr="admis"),
    "listing_remedy": Text(en="what to do", fr="que faire"),
}
