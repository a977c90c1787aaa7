"""An `aws` that records how it is called and plays an account: who asks, roles, repositories."""

import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

PERSON = "arn:aws:iam::123456789012:user/ann"
SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
SESSION = "FwoGZXIvYXdzEXAMPLETOKEN//////////wEaDEXAMPLE"
KEY_ID = "ASIAIOSFODNN7EXAMPLE"


class FakeAws:
    """The test's side.

    Args:
        folder: of the test; `path` is where the executable goes.
    """

    def __init__(self, folder: Path, path: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.set(caller=PERSON, repositories={}, errors={})
        # The executable, which is this file too, has no packages.
        from tests import programs

        here = str(Path(__file__).resolve().parent)
        call = f"sys.exit(fake_aws.answer({str(folder)!r}, sys.argv[1:]))"
        programs.install(path, f"import sys\nsys.path.insert(0, {here!r})\nimport fake_aws\n{call}", "-SE")

    def set(self, **values: Any) -> None:
        """Set `caller` (an ARN), `repositories` (name to {tag: digest}) or `errors` (operation to what stderr says)."""
        file = self.folder / "aws.json"
        known = json.loads(file.read_text("utf-8")) if file.exists() else {}
        file.write_text(json.dumps({**known, **values}), "utf-8")

    @property
    def calls(self) -> list[dict[str, Any]]:
        """What was called, in order: `argv`, and the `region` and `key` (id) of the environment."""
        log = self.folder / "aws.jsonl"
        return [json.loads(line) for line in log.read_text("utf-8").splitlines()] if log.exists() else []


def answer(folder: str, argv: list[str]) -> int:
    """What the executable does."""
    code, out, err = play(Path(folder), argv, os.environ)
    sys.stdout.write(out)
    sys.stderr.write(err)
    return code


def play(folder: Path, argv: list[str], environ: Mapping[str, str]) -> tuple[int, str, str]:
    """The same in this process: exit code, stdout and stderr."""
    state = json.loads((folder / "aws.json").read_text("utf-8"))
    with (folder / "aws.jsonl").open("a", encoding="utf-8") as log:
        entry = {"argv": argv, "region": environ.get("AWS_REGION"), "key": environ.get("AWS_ACCESS_KEY_ID")}
        log.write(f"{json.dumps(entry)}\n")
    operation = argv[1]
    if operation in state["errors"]:
        return 254, "", str(state["errors"][operation])
    if operation == "get-caller-identity":
        told: dict[str, Any] = {"Account": "123456789012", "Arn": state["caller"]}
    elif operation == "assume-role":
        told = {"Credentials": {"AccessKeyId": KEY_ID, "SecretAccessKey": SECRET, "SessionToken": SESSION}}
    else:
        name = argv[argv.index("--repository-name") + 1]
        if name not in state["repositories"]:
            return (
                254,
                "",
                "An error occurred (RepositoryNotFoundException) when calling the DescribeImages operation: no",
            )
        rows = [{"imageTags": [tag], "imageDigest": digest} for tag, digest in state["repositories"][name].items()]
        told = {"imageDetails": rows}
    return 0, json.dumps(told), ""
