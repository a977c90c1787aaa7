"""Text that others wrote, as a terminal or a log may show it."""

import argparse
from typing import NoReturn


def plain(text: str) -> str:
    r"""`text` with what cannot be seen written out (`\x1b`), be it colours, another direction or a broken letter.

    Line breaks and tabs stay.
    """
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() or each in "\n\t" else _written_out(each) for each in text)


def _written_out(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")


class Parser(argparse.ArgumentParser):
    """argparse's, which quotes what it does not know as it is: a line of it could be a command to a CI's runner."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong on one line of its own, and exit with 2."""
        super().error(plain(message).replace("\n", "\\n"))
