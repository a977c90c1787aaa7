"""detect-secrets: keys and tokens in the files of the repository.

Only what has a form of its own: what merely looks random (digests) or stands beside the word "password" (half of the
tests) is not asked for. Python's literals beside such words are what ruff's S105 to S107 look at.
https://github.com/bridgecrewio/detect-secrets
"""

import json
from collections.abc import Sequence
from pathlib import Path

from scan.finding import Finding
from scan.planted import MISTAKES
from scan.tool import Tool

NAME = "detect-secrets"
_NOT_ASKED = ("Base64HighEntropyString", "HexHighEntropyString", "KeywordDetector")
# As AWS writes keys in its documents: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html
_EXAMPLE = "EXAMPLE(KEY)?$"
_INLINE = "detect_secrets.filters.allowlist.is_line_allowlisted"
CURE = "take it out, and withdraw it where it was issued: git keeps what was committed"


def tool(binaries: Path, files: Sequence[str], stage: Path) -> Tool:
    """Run detect-secrets over the repository.

    Args:
        binaries: the folder of its program.
        files: the copies of the repository's files, relative to the stage.
        stage: the folder to look at.
    """
    planted = [each.file for each in MISTAKES if each.tool == NAME]
    switches = [*(f"--disable-plugin={name}" for name in _NOT_ASKED), f"--exclude-secrets={_EXAMPLE}"]
    command = [str(binaries / "detect-secrets"), "scan", "--no-verify", *switches, f"--disable-filter={_INLINE}"]
    return Tool(NAME, [*command, *files, *planted], stage, parse, codes=(0,))


def parse(output: str) -> list[Finding]:
    """The findings in its JSON. What was found is not told, only where."""
    return [
        Finding(NAME, each["type"], file, "it looks like one", each["line_number"], CURE)
        for file, secrets in json.loads(output)["results"].items()
        for each in secrets
    ]
