"""`make test`: everything, on SQLite and PostgreSQL, and then in a real browser; one closing line for all of it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from tests import browser, postgres

ROOT = Path(__file__).parent.parent
# Three at a time, also on two cores: much of a test is waiting for the disk, the database or the browser.
AT_ONCE = ("-n", "3", "--maxschedchunk", "1")
PARTS = {
    "rules, store and pages on both engines": ["tests/unit", "tests/http", *AT_ONCE],
    "processes killed, contended, backed up; and journeys in the browser": [
        *("tests/processes", "tests/e2e"),
        *("-p", "no:randomly", *AT_ONCE),
    ],
}


def main() -> int:
    """0 when everything passed. What this machine lacks is named in one sentence, with what helps."""
    began = time.monotonic()
    try:
        print(f"Browser: {browser.executable()}", flush=True)
        os.environ["PORTAL_TEST_DATABASE_URL"] = postgres.address()
        os.environ.pop(
            "PYTHONDONTWRITEBYTECODE", None
        )  # hundreds of processes start: compiled once is enough
        print("PostgreSQL: ready", flush=True)
    except (browser.NoBrowserError, postgres.NoPostgresError) as error:
        print(error, file=sys.stderr)
        return 2
    passed = failed = skipped = 0
    left_out: list[str] = []
    worst = 0
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, arguments) in enumerate(PARTS.items()):
            report = Path(folder) / f"{number}.xml"
            print(f"\n== {name}", flush=True)
            command = [sys.executable, "-m", "pytest", *arguments, f"--junitxml={report}", *sys.argv[1:]]
            code = subprocess.run(command, cwd=ROOT, check=False).returncode
            worst = max(worst, 1 if code else 0)
            if report.is_file():
                counts = _read(report, left_out)
                passed, failed, skipped = passed + counts[0], failed + counts[1], skipped + counts[2]
    print(f"\nLeft out because the shared public data is not here: {len(left_out)}")
    print(f"Time: {time.monotonic() - began:.0f} s")
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    return worst or (1 if failed or not passed else 0)


def _read(report: Path, left_out: list[str]) -> tuple[int, int, int]:
    suite = ElementTree.parse(report).getroot().find("testsuite")  # noqa: S314 written by pytest just now
    if suite is None:
        return 0, 1, 0
    total, failures, errors, skipped = (
        int(suite.get(key, "0")) for key in ("tests", "failures", "errors", "skipped")
    )
    for mark in suite.iter("skipped"):
        if re.match("left out", mark.get("message", "")):
            left_out.append(mark.get("message", ""))
    return total - failures - errors - skipped, failures + errors, skipped


if __name__ == "__main__":
    sys.exit(main())
