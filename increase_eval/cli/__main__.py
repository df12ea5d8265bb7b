"""``python -m increase_eval.cli``: the same commands where the script is not on the path."""

from increase_eval.cli import main

main()
