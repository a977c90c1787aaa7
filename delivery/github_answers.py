"""What GitHub answers, as far as it is used."""

import argparse
import re
from dataclasses import dataclass
from typing import Any

from delivery.problems import DeliveryError
from infra.problems import shown


@dataclass(frozen=True, kw_only=True)
class PullRequest:
    """A pull request. `head_repository` is None when the fork that it came from is gone."""

    number: int
    state: str
    labels: frozenset[str]
    head_sha: str
    head_repository: str | None


@dataclass(frozen=True, kw_only=True)
class Comment:
    """A comment of ours."""

    number: int
    body: str


def pull_request_number(text: str) -> int:
    """The number of a pull request, as an argument has it.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    if not re.fullmatch(r"(?a)[1-9]\d{0,8}", text):
        raise argparse.ArgumentTypeError(f"{shown(text)} is not the number of a pull request, e.g. 7")
    return int(text)


def same(left: str, right: str) -> bool:
    """Whether two texts are the same to GitHub, which may hand out other line ends and no blanks at the end."""
    return left.replace("\r\n", "\n").rstrip() == right.replace("\r\n", "\n").rstrip()


def pull_request(answer: Any) -> PullRequest:
    """A pull request.

    Raises:
        DeliveryError: the answer is none.
    """
    try:
        head = answer["head"]
        return PullRequest(
            number=int(answer["number"]),
            state=str(answer["state"]),
            labels=frozenset(str(label["name"]) for label in answer["labels"]),
            head_sha=str(head["sha"]),
            head_repository=str(head["repo"]["full_name"]) if head.get("repo") else None,
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
        raise DeliveryError("GitHub's answer is no pull request; is GITHUB_API_URL its API?") from None


def number(answer: Any, key: str = "number") -> int:
    """The number that an answer has.

    Raises:
        DeliveryError: it has none.
    """
    return int(_field(answer, key, int))


def text(answer: Any, key: str) -> str:
    """The text that an answer has.

    Raises:
        DeliveryError: it has none.
    """
    return str(_field(answer, key, str))


def _field(answer: Any, key: str, kind: type) -> Any:
    if not isinstance(answer, dict) or not isinstance(answer.get(key), kind):
        raise DeliveryError(f"GitHub's answer has no {key}; is GITHUB_API_URL its API?")
    return answer[key]
