"""``increase-eval studies``: which studies there are, and what each is able to do."""

from __future__ import annotations

from increase_eval.cli.options import Json
from increase_eval.cli.output import complain, say, say_json, say_table

HELP = "List the studies that contracts were found for, and what each is able to do."
EXAMPLES = ("increase-eval studies", "increase-eval studies --json")


def command(as_json: Json = False) -> None:
    """List the studies."""
    from increase_eval.errors import ContractError
    from increase_eval.study import find_studies, load_study

    rows, broken = [], []
    for name, folder in find_studies().items():
        try:
            study = load_study(folder)
        except ContractError as error:
            broken.append(str(error))
            continue
        rows.append(
            {
                "study": name,
                "title": study.head.title.en,
                "waves": len(study.wave_ids),
                "arms": len(study.arm_ids),
                "scales": len(study.scales),
                "data": study.head.provenance,
                "able_to": sorted(study.capabilities),
                "contract": str(folder),
            }
        )
    if as_json:
        say_json(rows)
    else:
        columns = ["study", "waves", "arms", "scales", "data", "title"]
        say_table(columns, [[row[column] for column in columns] for row in rows])
        say("\nA study is a folder with a study.yaml: in INCREASE_EVAL_CONTRACTS, in the checkout's data_contracts,")
        say("or in the package. Any other is called by its folder.")
    for message in broken:
        complain(message)
    if broken:
        raise SystemExit(ContractError.exit_code)
