"""Run the benchmarks one after the other: ``make bench``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
SCRIPTS = (["mmrm.py", "--quick"], ["programme.py"])


def main() -> None:
    """Run each script in a process of its own; stop at the first that fails."""
    for script, *arguments in SCRIPTS:
        print(f"\n{script}\n")
        subprocess.run([sys.executable, str(HERE / script), *arguments], check=True)


if __name__ == "__main__":
    main()
