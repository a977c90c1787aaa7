"""Secrets taken out of what is shown."""

import base64
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import quote, urlsplit

MASK = "[secret]"
# Shorter ones would take half of every line with them.
SHORTEST = 6
NAMES = re.compile(r"TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|WEBHOOK|CREDENTIAL|(API|ACCESS|PRIVATE|SIGNING)_?KEY")
# What these name is a place, not a secret.
PLACES = ("_FILE", "_PATH", "_DIR")


class Redactor:
    """Replaces every secret in a text, plain or as JSON, URLs and base64 write it.

    A secret of several lines is also hidden line by line. One of fewer than six characters is not hidden.
    """

    def __init__(self, secrets: Iterable[str]) -> None:
        self.secrets = frozenset(secrets)
        forms = {form for secret in self.secrets for form in _forms(secret)}
        # The longest first, so that a secret inside another one does not leave the rest of it.
        ordered = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def __call__(self, text: str) -> str:
        return self._pattern.sub(MASK, text) if self._pattern else text

    def and_also(self, secrets: Iterable[str]) -> "Redactor":
        """A redactor of these secrets, too."""
        return Redactor(self.secrets | frozenset(secrets))


def secrets_of(environ: Mapping[str, str]) -> frozenset[str]:
    """The values of the variables that hold secrets, going by their names, and passwords inside URLs."""
    named = (value for name, value in environ.items() if NAMES.search(name.upper()) and not name.endswith(PLACES))
    passwords = (_password(value) for value in environ.values() if "://" in value)
    return frozenset(value for value in (*named, *passwords) if len(value) >= SHORTEST)


def _password(url: str) -> str:
    try:
        return urlsplit(url).password or ""
    except ValueError:
        return ""


def _forms(secret: str) -> Iterator[str]:
    for part in {secret, secret.strip(), *secret.splitlines(), *map(str.strip, secret.splitlines())}:
        if len(part) >= SHORTEST and part not in MASK:
            encoded = _bytes(part)
            yield from (part, json.dumps(part)[1:-1], quote(encoded, safe=""), base64.b64encode(encoded).decode())


def _bytes(text: str) -> bytes:
    try:
        # As an environment variable has it that is not UTF-8.
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
