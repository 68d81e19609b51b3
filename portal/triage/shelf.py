"""Which rulebook holds for a municipality on a day, and the very one that a dialogue or case is pinned to.

Both are functions of the files: national editions and municipal layers, the built-in ones and those a municipality has
published. Nothing here reads a clock or a database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cache, lru_cache
from itertools import product

from portal.domain.errors import NotFoundError
from portal.triage.layers import hash_of, laid, lay, old_hash_of
from portal.triage.reader import open_rulebook
from portal.triage.rulebook import Rulebook
from portal.triage.source import Source, built_in, built_in_layers


@dataclass(frozen=True)
class Shelf:
    """Rulebook sources: whole ones, and layers of any number of municipalities."""

    national: tuple[Source, ...]
    layers: tuple[Source, ...] = ()

    def with_layers(self, layers: Sequence[Source]) -> Shelf:
        return replace(self, layers=(*self.layers, *layers))

    def edition(self, day: date) -> Source:
        """The national edition for `day`: the one that holds from the latest day up to it, of those the newest.
        NotFoundError before the first."""
        begun = [source for source in self.national if source.holds_on(day)]
        if not begun:
            raise NotFoundError("rulebook.none", on=day)
        return max(begun, key=lambda source: source.in_order)

    def layers_on(self, municipality: str, day: date) -> tuple[Source, ...]:
        """The layers that hold there on `day`, in the order they are laid: of each layer id the newest version."""
        newest: dict[str, Source] = {}
        for layer in sorted(self._of(municipality, day), key=lambda source: source.in_order):
            newest[str(layer.content.get("id"))] = layer
        return tuple(sorted(newest.values(), key=lambda source: source.in_order))

    def of_municipality(self, municipality: str) -> tuple[Source, ...]:
        """Everything that may hold there on any day."""
        return (*self.national, *(one for one in self.layers if one.municipality == municipality))

    def _of(self, municipality: str, day: date) -> list[Source]:
        return [one for one in self.layers if one.municipality == municipality and one.holds_on(day)]

    def in_force(self, municipality: str, day: date) -> Rulebook:
        """The rulebook of that municipality on `day`. Should its layers not read together, which the proof keeps from being
        published, then the national edition: people are served by the law, and `broken` says so."""
        try:
            return opened(self.edition(day), self.layers_on(municipality, day), day)
        except ValueError:
            return opened(self.edition(day), (), day)

    def broken(self, municipality: str, day: date) -> str:
        """Why the municipality's layers cannot hold on `day`; empty when they can."""
        try:
            opened(self.edition(day), self.layers_on(municipality, day), day)
        except ValueError as error:
            return str(error)
        return ""

    def pinned(self, stamp: Mapping[str, str], municipality: str, day: date) -> Rulebook:
        """The very rulebook something began with, opened on the day it began. NotFoundError when it is not here.

        Editions and layers that came later are passed over, so what is pinned stays what it was.
        """
        edition, *versions = stamp["version"].split("+")
        holding = self._of(municipality, day)
        of_each = [[layer for layer in holding if layer.version == version] for version in versions]
        for national in self.national:
            for layers in product(*of_each) if national.version == edition else ():
                if stamp["hash"] in (hash_of(national, layers), old_hash_of(national, layers)):
                    return opened(national, layers, day)
        raise NotFoundError("rulebook.pinned", **stamp)


@cache
def built_in_shelf() -> Shelf:
    """What comes with the portal."""
    return Shelf(built_in(), built_in_layers())


@lru_cache(maxsize=1024)
def opened(national: Source, layers: tuple[Source, ...], day: date) -> Rulebook:
    """The layered rulebook on `day`; ValueError for one with faults, which nobody could have published."""
    source, faults = lay(national, layers, day)
    book, more = open_rulebook(source, day)
    if book is None or faults:
        raise ValueError(f"a published rulebook does not read: {[*faults, *more][:3]}")
    return replace(book, laid=tuple(laid(layer) for layer in layers if layer.holds_on(day)))


def rulebook_on(day: date, municipality: str = "") -> Rulebook:
    """The built-in rulebook on `day`: the national one, or a municipality's. NotFoundError before the first."""
    return built_in_shelf().in_force(municipality, day)
