"""`make check`: format, lint, types, floors, words, rulebooks. Each runs; the exit status says whether all held."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
BIN = Path(sys.executable).parent
CHECKS = {
    "format": [BIN / "ruff", "format", "--check", "-q", "."],
    "lint": [BIN / "ruff", "check", "-q", "."],
    "types": [BIN / "mypy", "--no-error-summary"],
    "floors": [BIN / "lint-imports"],
    "words": [sys.executable, "-m", "pytest", "-q", "-p", "no:randomly", "tests/unit/test_house.py"],
    "rulebooks": [sys.executable, "-c", "from portal.cli import main; main()", "rules", "check"],
}


def main() -> int:
    failed = []
    for name, command in CHECKS.items():
        found = subprocess.run(
            [str(part) for part in command], cwd=ROOT, check=False, capture_output=True, text=True
        )
        print(f"{'ok  ' if found.returncode == 0 else 'FAIL'} {name}", flush=True)
        if found.returncode:
            failed.append(name)
            print(found.stdout[-6000:], found.stderr[-2000:])
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
