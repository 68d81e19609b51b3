"""A build step: the words are compiled, and what is to be learnt from examples is learnt, so that the wheel carries both. Run as a
script it only does that."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

sys.path.insert(0, str(Path(__file__).parent))  # a build does not look here by itself
from portal.triage.understanding import examples


class Words(BuildHookInterface[Any]):
    """Every locales/<lang>/LC_MESSAGES/portal.po will have its .mo beside it, and the examples what was learnt from them."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        compile_words(Path(self.root) / "locales")
        examples.keep()


def compile_words(folder: Path) -> None:
    for po in sorted(folder.glob("*/LC_MESSAGES/*.po")):
        with po.open("rb") as source, po.with_suffix(".mo").open("wb") as target:
            write_mo(target, read_po(source, locale=po.parts[-3]))


if __name__ == "__main__":
    compile_words(Path(__file__).parent / "locales")
    examples.keep()
