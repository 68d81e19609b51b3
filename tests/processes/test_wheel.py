"""A wheel built from the project runs in an empty folder: pages, words, rules, assets and migrations are all in it."""

from __future__ import annotations

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx
import pytest

from tests.processes.servers import PORTAL, end, environment, free_port, wait_for

pytestmark = pytest.mark.long

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel's content in a folder of its own, away from the checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    wheel = next(folder.glob("*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


def _environment(unpacked: Path, folder: Path) -> dict[str, str]:
    url = f"sqlite+aiosqlite:///{folder / 'portal.db'}"
    more = {"PYTHONPATH": str(unpacked), "PORTAL_KEYS_FILE": str(folder / "keys.json")}
    return environment(url, **more)


def test_it_runs_in_an_empty_folder(unpacked: Path, tmp_path: Path) -> None:
    env = _environment(unpacked, tmp_path)
    where = subprocess.run(
        [sys.executable, "-c", "import portal; print(portal.__file__)"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=True,
    )
    assert where.stdout.startswith(str(unpacked))
    for command in (["migrate"], ["load-demo"], ["rules", "check"], ["verify"]):
        done = subprocess.run(
            [*PORTAL, *command], cwd=tmp_path, env=env, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
    port = free_port()
    with (tmp_path / "log").open("w") as log:
        running = subprocess.Popen(
            [*PORTAL, "serve"],
            cwd=tmp_path,
            env={**env, "PORTAL_PORT": str(port)},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        address = f"http://localhost:{port}"
        wait_for(address, running, tmp_path / "log")
        front = httpx.get(f"{address}/silkeborg?lang=en", trust_env=False)
        assert "What do you need?" in front.text
        assets = re.findall(r'(?:href|src)="(/static/[^"]+)"', front.text)
        assert len(assets) >= 5
        for asset in assets:
            assert httpx.get(address + asset, trust_env=False).status_code == 200, asset
    finally:
        end(running)


def test_the_wheel_holds_no_test_no_key_and_no_data(unpacked: Path) -> None:
    names = [path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()]
    assert not [
        name for name in names if "test" in name.split("/")[0] or name.endswith((".db", "keys.json", ".env"))
    ]
