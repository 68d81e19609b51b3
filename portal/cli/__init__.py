"""The `portal` command. Words and files in, words and files out; everything it knows it asks of the floors below."""

from portal.cli.group import main

__all__ = ["main"]
