"""A Chromium for the tests: a setting, the machine's, Playwright's own, or installed here where that may be done."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class NoBrowserError(Exception):
    """No browser can be had here; the message says what to do."""


@cache
def executable() -> str:
    """The browser's path. Installs one when there is none: Playwright's own, else the distribution's package."""
    found = _found()
    if found:
        return found
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "check": False}
    print("No Chromium here yet: installing one for the browser tests ...", flush=True)
    subprocess.run(
        [sys.executable, "-m", "playwright", "install", "--with-deps", "chromium"], timeout=600, **quiet
    )
    found = _found()
    if not found and shutil.which("apt-get") and os.geteuid() == 0:
        subprocess.run(["apt-get", "update", "-qq"], timeout=600, **quiet)
        subprocess.run(["apt-get", "install", "-y", "-qq", "chromium"], timeout=1200, **quiet)
        found = _found()
    if not found:
        raise NoBrowserError(
            "The browser tests need Chromium, and none could be found or installed. Install it (on Debian: apt-get "
            "install chromium) or set PORTAL_CHROMIUM to its path, and run make test again."
        )
    return found


def _found() -> str | None:
    given = os.environ.get("PORTAL_CHROMIUM")
    if given:
        if not Path(given).is_file():
            raise NoBrowserError(
                f"PORTAL_CHROMIUM is {given}, and no file is there. Set it to Chromium's path."
            )
        return given
    for name in NAMES:
        path = shutil.which(name)
        if path:
            return path
    own = sorted(Path("~/.cache/ms-playwright").expanduser().glob("chromium-*/chrome-linux*/chrome"))
    return str(own[-1]) if own else None
