"""The key ring: what seals CPR numbers and article 9 data, and finds a number again without holding it.

A ring is a file of its own, kept apart from the database and its backups. Each sealed value says which key it needs, so
old and new keys live side by side while data are sealed anew. Whoever loses the ring loses the data.
"""

from __future__ import annotations

import base64
import binascii
import fcntl
import hashlib
import hmac
import json
import os
import re
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES = 32
NONCE_BYTES = 12
MARK = "portal"
_NAME = re.compile(r"k[1-9][0-9]{0,5}")


class KeyRingError(Exception):
    """The ring cannot be used; the message says why, and what to do."""


class SealBrokenError(Exception):
    """A sealed value cannot be opened: its key is not on the ring, or it was changed or moved since it was sealed."""


def place(table: str, column: str, municipality: str, row_id: str) -> str:
    """Where a value belongs: sealed for one place, it does not open in another."""
    return f"{table}.{column}|{municipality}|{row_id}"


@dataclass(frozen=True)
class _Keys:
    current: str
    sealing: dict[str, bytes]
    index: bytes


class KeyRing:
    """Seals with the current key, opens with any. A ring from a file follows the file: it looks there again whenever it has
    changed, and before it says that a key is unknown, because another process may have made one or dropped one."""

    def __init__(self, keys: _Keys, path: Path | None = None) -> None:
        self._keys = keys
        self.path = path
        self._ciphers: dict[str, AESGCM] = {}
        self._seen = _state_of(path)

    @property
    def current(self) -> str:
        """The key that seals, as the file says now."""
        if self.path is not None and _state_of(self.path) != self._seen:
            self.read_again()
        return self._keys.current

    @property
    def names(self) -> list[str]:
        return sorted(self._keys.sealing, key=lambda name: int(name[1:]))

    def seal(self, plain: bytes, where: str, key: str = "") -> str:
        """AES-256-GCM under the current key (or `key`), bound to `where`; as `key:text`, safe in any column."""
        name, nonce = key or self.current, secrets.token_bytes(NONCE_BYTES)
        sealed = self._cipher(name).encrypt(nonce, plain, where.encode())
        return f"{name}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, sealed: str, where: str) -> bytes:
        """The plain value; SealBrokenError when it cannot be had."""
        name, _, text = sealed.partition(":")
        if name not in self._keys.sealing:
            self.read_again()
        if name not in self._keys.sealing:
            raise SealBrokenError(f"the key ring has no key {name}")
        try:
            raw = base64.b64decode(text, validate=True)
            return self._cipher(name).decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], where.encode())
        except (InvalidTag, binascii.Error, ValueError) as error:
            raise SealBrokenError(f"a value sealed with {name} does not open") from error

    def blind(self, what: str, municipality: str, value: str) -> str:
        """A keyed hash to find `value` by: the same in one municipality, another in the next."""
        said = f"{what}|{municipality}|{value}".encode()
        return hmac.new(self._keys.index, said, hashlib.sha256).hexdigest()

    def derived(self, purpose: str) -> bytes:
        """32 bytes of its own for a purpose that is no data at rest (the login's cookie)."""
        return hmac.new(self._keys.index, b"derived|" + purpose.encode(), hashlib.sha256).digest()

    def add_key(self) -> str:
        """One more key, which opens and does not seal yet: every municipality must say first that it needs it."""
        with self._changing():
            name = f"k{int(self.names[-1][1:]) + 1}"
            sealing = {**self._keys.sealing, name: secrets.token_bytes(KEY_BYTES)}
            self._write(replace(self._keys, sealing=sealing))
        return name

    def use(self, name: str) -> None:
        """`name` seals from now on, in every process that has this ring's file."""
        with self._changing():
            if name not in self._keys.sealing:
                raise KeyRingError(f"{name} is not on the ring.")
            self._write(replace(self._keys, current=name))

    def drop(self, name: str) -> None:
        """The ring no longer has a key that nothing is sealed with any more."""
        with self._changing():
            if name == self._keys.current or name not in self._keys.sealing:
                raise KeyRingError(f"{name} is the current key, or not on the ring: it cannot be dropped.")
            kept = {key: value for key, value in self._keys.sealing.items() if key != name}
            self._write(replace(self._keys, sealing=kept))

    @contextmanager
    def _changing(self) -> Iterator[None]:
        """One process at a time changes the file, from what the file says now."""
        if self.path is None:
            yield
            return
        with self.path.with_name(f"{self.path.name}.lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.read_again()
            yield

    def _write(self, keys: _Keys) -> None:
        self._keys = keys
        if self.path is not None:
            _write(self.path, keys)
            self._seen = _state_of(self.path)

    def _cipher(self, name: str) -> AESGCM:
        if name not in self._ciphers:
            self._ciphers[name] = AESGCM(self._keys.sealing[name])
        return self._ciphers[name]

    def read_again(self) -> None:
        """What the file says now is what the ring holds."""
        if self.path is not None:
            self._seen = _state_of(self.path)
            self._keys = _read(self.path)


def _state_of(path: Path | None) -> tuple[int, ...]:
    """Tells whether the file is still the one that was read; changes when it is written anew."""
    try:
        found = path.stat() if path is not None else None
    except OSError:
        return ()
    return (found.st_mtime_ns, found.st_ino, found.st_size) if found else ()


def new_ring(path: Path | None = None) -> KeyRing:
    """A ring with one key; written to `path`, which must not exist, readable by its owner alone."""
    keys = _Keys("k1", {"k1": secrets.token_bytes(KEY_BYTES)}, secrets.token_bytes(KEY_BYTES))
    if path is not None:
        if path.exists():
            raise KeyRingError(
                f"{path} exists already. A ring is never written over: data may need its keys."
            )
        _write(path, keys)
    return KeyRing(keys, path)


def open_ring(path: Path) -> KeyRing:
    """The ring in the file; KeyRingError when it is missing, readable by others, or no ring."""
    return KeyRing(_read(path), path)


def _read(path: Path) -> _Keys:
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except OSError:
        raise KeyRingError(
            f"The key ring {path} cannot be read. Without it nothing sealed in the database can be opened: put the ring "
            "back from where you keep its copy. (`portal keys new` makes one for an empty database.)"
        ) from None
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise KeyRingError(f"The key ring {path} can be read by others. Run: chmod 600 {path}")
    try:
        found = json.loads(text)
        sealing = {str(name): base64.b64decode(key, validate=True) for name, key in found["keys"].items()}
        keys = _Keys(str(found["current"]), sealing, base64.b64decode(found["index"], validate=True))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise KeyRingError(
            f"{path} is not a key ring. Put the ring back from where you keep its copy."
        ) from None
    whole = all(_NAME.fullmatch(name) and len(key) == KEY_BYTES for name, key in keys.sealing.items())
    if not whole or keys.current not in keys.sealing or len(keys.index) != KEY_BYTES:
        raise KeyRingError(f"The key ring {path} is damaged. Put it back from where you keep its copy.")
    return keys


def _write(path: Path, keys: _Keys) -> None:
    """Whole or not at all: a new file beside it, on the disk before it takes the old one's place."""
    content = {
        "current": keys.current,
        "keys": {name: base64.b64encode(key).decode() for name, key in keys.sealing.items()},
        "index": base64.b64encode(keys.index).decode(),
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}.new")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    beside.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
