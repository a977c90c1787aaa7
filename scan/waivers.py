"""What a scanner says and this project does not follow: one line each in waivers.toml, with the reason."""

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from pydantic_core import ErrorDetails

from scan.finding import Finding, ScanError

FILE = Path(__file__).with_name("waivers.toml")
SHORTEST_REASON = 15
TOOL = "waivers"


class Waiver(BaseModel):
    """A rule of a tool that does not count somewhere.

    `where` is a file, or a statement of a policy, as findings tell it, and `what` the text of a finding; both may have
    the wildcards `*` and `?`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    tool: Annotated[str, Field(min_length=1)]
    rule: Annotated[str, Field(min_length=1)]
    where: str
    what: str = "*"
    reason: Annotated[str, Field(min_length=SHORTEST_REASON)]

    @field_validator("where")
    @classmethod
    def _names_a_place(cls, where: str) -> str:
        # The first part says what it is about (a folder, a file): to waive a rule everywhere is to turn it off.
        if not where or set("*?[") & set(where.partition("/")[0]):
            raise ValueError("it must begin with the name of a file or folder")
        return where

    def covers(self, finding: Finding) -> bool:
        """Whether it is about that finding."""
        return (
            (self.tool, self.rule) == (finding.tool, finding.rule)
            and fnmatchcase(finding.where, self.where)
            and fnmatchcase(finding.what, self.what)
        )

    def __str__(self) -> str:
        """The waiver as a person finds it again."""
        return f"{self.tool} {self.rule} {self.where}" + ("" if self.what == "*" else f" {self.what!r}")


@dataclass(frozen=True)
class Judgement:
    """What is left after the waivers: findings that count, and how many do not."""

    findings: Sequence[Finding]
    waived: Sequence[Finding]


def read(text: str) -> list[Waiver]:
    """The waivers in a file's text.

    Raises:
        ScanError: some are refused; all of them are told, each with what is wrong with it.
    """
    try:
        entries = tomllib.loads(text).get("waivers")
    except tomllib.TOMLDecodeError as error:
        raise ScanError(f"scan/waivers.toml is no TOML: {error}") from None
    if not isinstance(entries, list):
        raise ScanError("scan/waivers.toml has no list named waivers")
    waivers, problems = [], []
    for number, entry in enumerate(entries, 1):
        try:
            waivers.append(Waiver.model_validate(entry))
        except ValidationError as error:
            problems += [f"  waiver {number}, {_told(entry)}: {_problem(each)}" for each in error.errors()]
    seen: set[Waiver] = set()
    for waiver in waivers:
        if waiver in seen:
            problems.append(f"  {waiver}: it is there twice")
        seen.add(waiver)
    if problems:
        raise ScanError(
            "\n".join(["scan/waivers.toml is refused", *problems])
            + "\n  cure: each waiver has tool, rule, where (a file, or a pattern that begins with a folder), reason, "
            "and what if not all of the rule's findings there are meant"
        )
    return waivers


def judge(findings: Sequence[Finding], waivers: Sequence[Waiver]) -> Judgement:
    """The findings that no waiver covers, and one for each waiver that covers nothing."""
    waived = [each for each in findings if any(waiver.covers(each) for waiver in waivers)]
    unused = [waiver for waiver in waivers if not any(waiver.covers(each) for each in findings)]
    return Judgement(
        [
            *(each for each in findings if each not in waived),
            *(Finding(TOOL, "unused", "scan/waivers.toml", str(each), 0, "take the line out") for each in unused),
        ],
        waived,
    )


def _told(entry: object) -> str:
    if not isinstance(entry, dict):
        return repr(entry)
    return " ".join(str(entry[key]) for key in ("tool", "rule", "where") if key in entry)


def _problem(error: ErrorDetails) -> str:
    place = ".".join(str(each) for each in error["loc"])
    return f"{place}: {error['msg']}"
