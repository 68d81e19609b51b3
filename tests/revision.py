"""`make revision`: a draft of the next migration, from what the tables' classes have and the newest schema lacks."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from portal.store import schema


def main(message: str) -> int:
    """The draft will lie in portal/store/migrations/versions, to be read, named and tested before it is kept."""
    if not message:
        print('Say what changes: make revision MESSAGE="add the employer\'s phone"', file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite+aiosqlite:///{Path(folder) / 'schema.db'}"
        schema.migrate(url)
        schema.new_revision(url, message)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
