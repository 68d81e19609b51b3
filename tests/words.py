"""`make words`: collects the words of code and pages into locales/, keeping what is translated."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent.parent


def collect() -> None:
    """locales/en holds every sentence of the portal, new ones with an empty translation, gone ones dropped."""
    pybabel = [sys.executable, "-m", "babel.messages.frontend"]
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "portal.pot"
        extract = [
            "extract",
            "-F",
            "babel.cfg",
            "-k",
            "_",
            "-k",
            "ngettext:1,2",
            "--no-location",
            "--omit-header",
            "--sort-output",
            "-o",
            str(template),
            ".",
        ]
        subprocess.run([*pybabel, *extract], cwd=HERE, check=True, capture_output=True)
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
        subprocess.run([*pybabel, *update], cwd=HERE, check=True, capture_output=True)


if __name__ == "__main__":
    collect()
