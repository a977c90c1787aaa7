"""The page for browsers."""

import base64
import hashlib
import html
import re
from collections.abc import Mapping
from importlib import resources
from string import Template


class Page:
    """`page.html`, ready to fill in. `policy` is the Content-Security-Policy that lets exactly its own code run."""

    def __init__(self) -> None:
        source = resources.files("helloworld").joinpath("page.html").read_text(encoding="utf-8")
        self._template = Template(source)
        self.policy = (
            f"default-src 'none'; style-src {_hash_of(source, 'style')}; script-src {_hash_of(source, 'script')}; "
            "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
        )

    def render(self, facts: Mapping[str, object]) -> str:
        """Return the page with `facts` in it, each escaped for HTML.

        Raises:
            KeyError: if the page needs a fact that is not there.
        """
        rows = "".join(
            f"<dt>{html.escape(name)}</dt><dd>{html.escape(_shown(value))}</dd>"
            for name, value in facts.items()
            if name != "message"
        )
        return self._template.substitute(message=html.escape(str(facts["message"])), rows=rows)


def _shown(value: object) -> str:
    # As the page's own script shows it.
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {part}" for name, part in value.items())
    return "unknown" if value is None else str(value)


def _hash_of(source: str, tag: str) -> str:
    # The hash is over the text as the browser sees it, so nothing may be filled in between these tags.
    (text,) = re.findall(rf"<{tag}>(.*?)</{tag}>", source, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
    return f"'sha256-{digest}'"
