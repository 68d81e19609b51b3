"""A key ring for the tests, in a file of its own for the processes they start."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

from portal.store.keys import new_ring

_FOLDER = Path(tempfile.mkdtemp(prefix="portal-keys-"))
atexit.register(shutil.rmtree, _FOLDER, ignore_errors=True)
FILE = _FOLDER / "keys.json"
RING = new_ring(FILE)
