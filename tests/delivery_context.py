"""What a command of delivery is given in a test, with what it said."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from delivery.console import Console
from delivery.context import Context
from delivery.redaction import Redactor, secrets_of


@dataclass(frozen=True)
class Told:
    """The context, and its two streams."""

    context: Context
    out: StringIO
    err: StringIO

    @property
    def text(self) -> str:
        """Everything that was said."""
        return self.out.getvalue() + self.err.getvalue()


def told(project: Path, environ: Mapping[str, str]) -> Told:
    """A context as the command line makes it."""
    out, err = StringIO(), StringIO()
    console = Console(out, err, Redactor(secrets_of(environ)))
    return Told(Context(project=project, environ=dict(environ), console=console), out, err)
