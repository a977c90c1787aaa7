"""GitHub's REST API for one repository: comments, issues and pull requests.

A comment or an issue of ours is found again by a marker, an HTML comment on its first line. The marker alone proves
nothing: whoever can comment can write it, and could change the text later. So the author counts too: a bot, which in
a repository is an app that its owners have installed (a workflow's token acts as github-actions[bot]), or the user
that the token belongs to.
"""

import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from delivery import github_answers as answers
from delivery.context import Context
from delivery.github_answers import Comment, PullRequest
from delivery.problems import DeliveryError
from delivery.rest import RefusedError, Rest, UncertainError
from infra.problems import shown

API_VERSION = "2022-11-28"
DEFAULT_API = "https://api.github.com"
REPOSITORY = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,38}/(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}")
TOKEN = re.compile(r"[!-~]{1,1000}")
ATTEMPTS = 6
# The permission of a workflow's job, by what is called.
PERMISSIONS = (
    ("/issues", "issues: write, or on a pull request pull-requests: write"),
    ("/pulls", "pull-requests: write"),
)


class GitHub:
    """GitHub's REST API for one repository.

    Args:
        token: goes into the Authorization header and nowhere else.
        repository: owner/name.
        api: the API's address.
        pause: waits that many seconds; `time.sleep` if it is not given.
        now: seconds since the epoch.

    Raises:
        DeliveryError: one of them cannot be right.
    """

    def __init__(
        self,
        *,
        token: str,
        repository: str,
        api: str = DEFAULT_API,
        pause: Callable[[float], None] | None = None,
        now: Callable[[], float] = time.time,
    ) -> None:
        if not REPOSITORY.fullmatch(repository):
            raise DeliveryError(f"GITHUB_REPOSITORY = {shown(repository)}: it is not owner/name")
        if not TOKEN.fullmatch(token):
            raise DeliveryError("GITHUB_TOKEN: it has characters that no token has; was a line break pasted with it?")
        self.repository = repository
        self._pause = pause or time.sleep
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": API_VERSION,
            "User-Agent": "helloworld-delivery",
        }
        self._rest = Rest(name="GitHub", url=api, headers=headers, cure=_cure, pause=self._pause, now=now)
        self._root = f"/repos/{repository}"

    @classmethod
    def from_environ(cls, context: Context) -> "GitHub | None":
        """The repository that the environment names; None when there is no token or no repository.

        Raises:
            DeliveryError: what the environment says cannot be right.
        """
        environ = context.environ
        token, repository = environ.get("GITHUB_TOKEN", "").strip(), environ.get("GITHUB_REPOSITORY", "")
        if not token or not repository:
            return None
        return cls(token=token, repository=repository, api=environ.get("GITHUB_API_URL") or DEFAULT_API)

    def pull_request(self, number: int) -> PullRequest:
        """A pull request by its number.

        Raises:
            DeliveryError: there is none, or GitHub does not say.
        """
        return answers.pull_request(self._rest.get(f"{self._root}/pulls/{number}"))

    def pull_requests_of(self, owner: str, branch: str) -> list[PullRequest]:
        """The open pull requests from that branch of that owner's fork, or of this repository.

        Raises:
            DeliveryError: GitHub does not say.
        """
        query = {"state": "open", "head": f"{owner}:{branch}"}
        return [answers.pull_request(each) for each in self._rest.pages(f"{self._root}/pulls", query)]

    def open_pull_request(self, head: str, base: str, title: str, body: str) -> str:
        """Open a pull request, or find the one that is open from `head` to `base` already.

        Returns:
            Its address.

        Raises:
            DeliveryError: GitHub says no.
        """
        path = f"{self._root}/pulls"
        owner = self.repository.partition("/")[0]
        query = {"state": "open", "head": f"{owner}:{head}", "base": base}
        there = next(self._rest.pages(path, query), None)
        if not there:
            try:
                there = self._rest.post(path, {"head": head, "base": base, "title": title, "body": body})
            except UncertainError:
                there = next(self._rest.pages(path, query), None)
                if not there:
                    raise
        return answers.text(there, "html_url")

    def upsert_comment(self, pull_request: int, marker: str, body: str) -> None:
        """Let the one comment with that marker say `body`, whether it is there already or not.

        Raises:
            DeliveryError: GitHub says no.
        """
        text = f"{marker}\n{body}"
        self.edit_comment(pull_request, marker, lambda _: text, lambda now: answers.same(now, text))

    def edit_comment(
        self, pull_request: int, marker: str, edit: Callable[[Sequence[str]], str], settled: Callable[[str], bool]
    ) -> None:
        """Change the one comment with that marker, in which others may be writing at the same time.

        GitHub has no write that fails when somebody else wrote in between, so what was written is read again, and
        written again if another's write has undone it. Of two comments made at once the older one stays.

        Args:
            pull_request: the number.
            marker: the comment's first line.
            edit: the new text, from the texts of all comments with the marker, the oldest first; it begins with the
                marker.
            settled: whether a text has in it what was to be written.

        Raises:
            DeliveryError: GitHub says no, or others wrote each time.
        """
        problem = DeliveryError(
            f"the comment on pull request {pull_request} was changed by others each time it was written\n"
            "  cure: run it again"
        )
        for attempt in range(ATTEMPTS):
            if attempt:
                # Whoever else writes has done it by then; unequal pauses keep two from colliding for ever.
                self._pause(1 + secrets.randbelow(2000) / 1000)
            there = self._comments(pull_request, marker)
            if len(there) == 1 and settled(there[0].body):
                return
            if attempt + 1 < ATTEMPTS:
                problem = self._write(pull_request, there, edit([each.body for each in there])) or problem
        raise problem

    def _write(self, pull_request: int, there: Sequence[Comment], text: str) -> DeliveryError | None:
        """Write the comment and delete its doubles; what is answered is a failure that another look may resolve."""
        try:
            if not there:
                self._rest.post(f"{self._root}/issues/{pull_request}/comments", {"body": text})
                return None
            first, *doubles = (f"{self._root}/issues/comments/{each.number}" for each in there)
            self._rest.patch(first, {"body": text})
        except UncertainError as error:
            return error
        except RefusedError as error:
            # Somebody deleted the comment since it was read.
            if there and error.status in (404, 410):
                return error
            raise
        for double in doubles:
            self._rest.delete(double)
        return None

    def has_comment(self, pull_request: int, marker: str) -> bool:
        """Whether there is a comment of ours with that marker.

        Raises:
            DeliveryError: GitHub does not say.
        """
        return bool(self._comments(pull_request, marker))

    def upsert_issue(self, marker: str, title: str, body: str, labels: Sequence[str]) -> int:
        """Let the one issue with that marker be open and say `body`; a closed one is opened again.

        Args:
            marker: the first line of its text.
            title: its title.
            body: its text below the marker.
            labels: at least one; issues are looked for among those with the first.

        Returns:
            Its number.

        Raises:
            DeliveryError: GitHub says no.
        """
        wanted = {"title": title, "body": f"{marker}\n{body}"}
        there = self._issues(marker, labels[0])
        if not there:
            try:
                return answers.number(self._rest.post(f"{self._root}/issues", {**wanted, "labels": list(labels)}))
            except UncertainError:
                there = self._issues(marker, labels[0])
                if not there:
                    raise
        first = there[0]
        if (
            first.get("state") != "open"
            or first.get("title") != title
            or not answers.same(first["body"], wanted["body"])
        ):
            self._rest.patch(f"{self._root}/issues/{answers.number(first)}", {**wanted, "state": "open"})
        for double in there[1:]:
            self._close(double, f"The same as #{answers.number(first)}.")
        return answers.number(first)

    def close_issue(self, marker: str, comment: str, label: str) -> int | None:
        """Close the issue with that marker, with a last word, if there is one and it is open.

        Returns:
            Its number, or None if nothing was open.

        Raises:
            DeliveryError: GitHub says no.
        """
        number = None
        for issue in self._issues(marker, label):
            if issue.get("state") == "open":
                self._close(issue, comment)
                number = answers.number(issue)
        return number

    def _close(self, issue: Mapping[str, Any], comment: str) -> None:
        if issue.get("state") != "open":
            return
        path = f"{self._root}/issues/{answers.number(issue)}"
        # Closed first: interrupted in between, the last word is missing, and no other run says it twice.
        self._rest.patch(path, {"state": "closed", "state_reason": "completed"})
        self._rest.post(f"{path}/comments", {"body": comment})

    def _issues(self, marker: str, label: str) -> list[Mapping[str, Any]]:
        query = {"state": "all", "labels": label, "sort": "created", "direction": "asc"}
        found = self._rest.pages(f"{self._root}/issues", query)
        return [each for each in found if "pull_request" not in each and self._is_ours(each, marker)]

    def _comments(self, pull_request: int, marker: str) -> list[Comment]:
        found = self._rest.pages(f"{self._root}/issues/{pull_request}/comments")
        ours = [
            Comment(number=answers.number(each, "id"), body=each["body"])
            for each in found
            if self._is_ours(each, marker)
        ]
        return sorted(ours, key=lambda each: each.number)

    def _is_ours(self, item: Mapping[str, Any], marker: str) -> bool:
        body, author = item.get("body"), item.get("user")
        if not isinstance(body, str) or body.replace("\r\n", "\n").partition("\n")[0] != marker:
            return False
        if not isinstance(author, dict):
            return False
        return author.get("type") == "Bot" or (bool(self._me) and author.get("login") == self._me)

    @cached_property
    def _me(self) -> str:
        """The login of the user that the token belongs to; empty for an app's, such as a workflow's."""
        try:
            return answers.text(self._rest.get("/user"), "login")
        except RefusedError as error:
            if error.status not in (403, 404):
                raise
            return ""


def _cure(method: str, path: str, status: int) -> str | None:
    """What a person can do about GitHub's answer."""
    if status == 401:
        return "GITHUB_TOKEN is wrong or has expired: set another one"
    if status == 403:
        needed = next((text for part, text in PERMISSIONS if part in path), "contents: read")
        if method == "GET":
            needed = needed.replace("write", "read")
        return (
            f"the workflow's job needs `permissions:` {needed}; a token of a person needs the same right. "
            "A run for a pull request from a fork never has it"
        )
    if status == 404:
        return "look at GITHUB_REPOSITORY and the number; to a token without the right to read it, it looks absent too"
    if status == 410:
        return "it was deleted, or issues are switched off in the repository's settings"
    return None
