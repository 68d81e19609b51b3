"""`make words`: collects the words of code and pages into locales/, keeping what is translated."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent.parent


PYBABEL = [sys.executable, "-m", "babel.messages.frontend"]


def extract(template: Path) -> None:
    """`template` holds every sentence of code and pages. Raises when a template does not parse."""
    options = [
        "-F",
        "babel.cfg",
        "-k",
        "_",
        "-k",
        "ngettext:1,2",
        "--no-location",
        "--omit-header",
        "--sort-output",
    ]
    subprocess.run(
        [*PYBABEL, "extract", *options, "-o", str(template), "."], cwd=HERE, check=True, capture_output=True
    )


def collect() -> None:
    """locales/en holds every sentence of the portal, new ones with an empty translation, gone ones dropped."""
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "portal.pot"
        extract(template)
        update = [
            "update",
            "-i",
            str(template),
            "-d",
            "locales",
            "-D",
            "portal",
            "-l",
            "en",
            "--omit-header",
            "--no-wrap",
            "--no-fuzzy-matching",
            "--ignore-obsolete",
        ]
        subprocess.run([*PYBABEL, *update], cwd=HERE, check=True, capture_output=True)


if __name__ == "__main__":
    collect()
