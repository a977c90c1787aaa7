"""parliament: IAM policies against AWS's own list of actions, the resources they take and the conditions they know.

https://github.com/duo-labs/parliament
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from scan.finding import Finding
from scan.policies import sid_at
from scan.tool import Tool

NAME = "parliament"
# Of a list of actions, which may have hundreds.
_SHOWN = 3
REFERENCE = "https://docs.aws.amazon.com/service-authorization/latest/reference/"


def tool(binaries: Path, stage: Path) -> Tool:
    """Run parliament over the policies of the stage.

    Args:
        binaries: the folder of its program.
        stage: the folder to look at.
    """
    folder = stage / "policies"
    command = [str(binaries / "parliament"), "--directory=.", "--json"]
    return Tool(NAME, command, folder, lambda output: parse(output, stage))


def parse(output: str, stage: Path) -> list[Finding]:
    """The findings in its output, a line of JSON for each; one for each resource that an action wants and has not.

    Args:
        output: what it has written.
        stage: the folder whose policies it has read: what it says by lines is told by statements.
    """
    return [each for line in output.splitlines() for each in _findings(json.loads(line), stage)]


def _findings(found: Mapping[str, Any], stage: Path) -> Iterator[Finding]:
    location = found["location"]
    file = f"policies/{Path(location['filepath']).as_posix()}"
    line = location.get("line", location.get("lineno", 0))
    sid = sid_at((stage / file).read_text("utf-8"), line)
    where = f"{file}#{sid}" if sid else file
    for detail in sorted(set(_details(found["detail"]))):
        yield Finding(NAME, found["issue"], where, f"{detail}: {found['title']}", line, REFERENCE)


def _details(detail: Any) -> Iterator[str]:
    """What it says besides the rule: a text, actions, or actions with the resources that they want."""
    if isinstance(detail, list) and all(isinstance(each, Mapping) for each in detail):
        yield from (f"{each['action']} wants {each['required_format']}" for each in detail)
    elif isinstance(detail, list):
        more = f" and {len(detail) - _SHOWN} more" if len(detail) > _SHOWN else ""
        yield ", ".join(str(each) for each in detail[:_SHOWN]) + more
    else:
        yield str(detail)
