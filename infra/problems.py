"""What is wrong with a configuration, as the person who has to mend it reads it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi

SHOWN_CHARACTERS = 80
REASON_CHARACTERS = 200
# Stands for the value of a secret.
HIDDEN = '"[secret]"'


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the configuration: the key, the value as far as it can be shown, the reason and the cure."""

    key: str
    value: str
    reason: str
    cure: str

    def __str__(self) -> str:
        return f"  {self.key} = {self.value}\n    reason: {self.reason}\n    cure:   {self.cure}"


class SettingsError(pulumi.RunError):
    """The configuration is refused. `problems` has every problem; the message lists them all."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems = problems
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__("\n".join([f"the settings have {count}:", *map(str, problems)]))


def shown(value: str, most: int = SHOWN_CHARACTERS) -> str:
    """`value` on one line, printable and of at most so many characters, as a message may show it."""
    text = ascii(value[: most + 1])[1:-1].replace("\\'", "'")
    return f'"{text}"' if len(text) <= most else f'"{text[:most]}…"'
