"""GitHub's REST API for one repository and a Slack webhook, in a thread: what delivery asks, and what it sent."""

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.recorded_http import DROP_THE_CONNECTION, Request

REPOSITORY = "example/helloworld"
TOKEN = "ghs_averysecrettokenindeed"
WEBHOOK = "/services/T000/B000/averysecretwebhook"
BOT = {"login": "github-actions[bot]", "type": "Bot"}

Json = dict[str, Any]


@dataclass
class _Refusal:
    method: str
    path: str
    status: int
    body: bytes
    headers: Mapping[str, str]
    times: int
    done: bool


@dataclass
class FakeGitHub:
    """What is in the repository, to be set up by a test, and the requests that arrived.

    The token is an app's, which writes as a bot and is nobody's user, unless `user` is set.
    """

    url: str = ""
    user: str | None = None
    pulls: list[Json] = field(default_factory=list)
    issues: list[Json] = field(default_factory=list)
    comments: list[Json] = field(default_factory=list)
    messages: list[Any] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    protests: list[str] = field(default_factory=list)
    slow: threading.Event = field(default_factory=threading.Event)
    _refusals: list[_Refusal] = field(default_factory=list)
    _afterwards: list[tuple[str, str, Callable[[], None]]] = field(default_factory=list)
    _ids: int = 1000

    @property
    def environ(self) -> dict[str, str]:
        """What a job has in its environment."""
        return {
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_REPOSITORY": REPOSITORY,
            "GITHUB_API_URL": self.url,
            "GITHUB_SERVER_URL": "https://github.example.com",
            "GITHUB_RUN_ID": "42",
        }

    def add_pull(
        self,
        number: int,
        *,
        state: str = "open",
        labels: tuple[str, ...] = ("stage",),
        branch: str = "topic",
        sha: str = "a" * 40,
        repository: str | None = REPOSITORY,
    ) -> Json:
        """A pull request; of a fork that is gone if `repository` is None."""
        owner = (repository or "somebody/gone").partition("/")[0]
        pull = {
            "number": number,
            "state": state,
            "labels": [{"name": label} for label in labels],
            "head": {
                "ref": branch,
                "label": f"{owner}:{branch}",
                "sha": sha,
                "repo": {"full_name": repository} if repository else None,
            },
            "base": {"ref": "main"},
            "author_association": "MEMBER",
            "html_url": f"https://github.example.com/{REPOSITORY}/pull/{number}",
        }
        self.pulls.append(pull)
        return pull

    def add_comment(self, pull_request: int, body: str, user: Mapping[str, str] | None = None) -> Json:
        """A comment, of a bot if no user is given."""
        comment = {"id": self._next(), "issue": pull_request, "body": body, "user": dict(user or BOT)}
        self.comments.append(comment)
        return comment

    def add_issue(self, body: str, labels: tuple[str, ...], user: Mapping[str, str] | None = None, **more: Any) -> Json:
        """An issue, of a bot if no user is given."""
        issue = {
            "number": self._next(),
            "title": "a title",
            "body": body,
            "state": "open",
            "labels": [{"name": label} for label in labels],
            "user": dict(user or BOT),
            **more,
        }
        self.issues.append(issue)
        return issue

    def comments_on(self, number: int) -> list[str]:
        """The texts of the comments on an issue or pull request."""
        return [each["body"] for each in self.comments if each["issue"] == number]

    def refuse(
        self,
        method: str,
        path: str,
        status: int,
        body: Any = None,
        *,
        headers: Mapping[str, str] | None = None,
        times: int = 1000,
        done: bool = False,
    ) -> None:
        """Answer the next requests to paths that match with that status, or drop the connection.

        With `done` the request is carried out all the same.
        """
        text = body if isinstance(body, bytes) else json.dumps(body or {"message": "refused by the test"}).encode()
        self._refusals.append(_Refusal(method, path, status, text, dict(headers or {}), times, done))

    def afterwards(self, method: str, path: str, action: Callable[[], None]) -> None:
        """Let something happen once, after the next such request was carried out."""
        self._afterwards.append((method, path, action))

    def calls(self) -> list[tuple[str, str]]:
        """Method and path of what arrived."""
        return [(each.method, each.path) for each in self.requests]

    def writes(self) -> list[tuple[str, str]]:
        """As `calls`, without questions."""
        return [each for each in self.calls() if each[0] != "GET"]

    def answer(self, request: Request) -> tuple[int, bytes, Mapping[str, str]]:
        """Status, body and headers for a request."""
        self.requests.append(request)
        if request.path == WEBHOOK:
            refusal = self._refusal(request)
            if refusal is None:
                self.messages.append(request.body)
            return (refusal.status, refusal.body, refusal.headers) if refusal else (200, b"ok", {})
        assert request.headers.get("accept") == "application/vnd.github+json", request.headers
        assert request.headers.get("x-github-api-version") == "2022-11-28", request.headers
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return 401, b'{"message": "Bad credentials"}', {}
        refusal = self._refusal(request)
        if refusal and not refusal.done:
            return refusal.status, refusal.body, refusal.headers
        status, found = self._carried_out(request)
        for each in [one for one in self._afterwards if one[0] == request.method and re.search(one[1], request.path)]:
            self._afterwards.remove(each)
            each[2]()
        if refusal:
            return refusal.status, refusal.body, refusal.headers
        return status, b"" if found is None else json.dumps(found).encode(), {}

    def _refusal(self, request: Request) -> _Refusal | None:
        for each in self._refusals:
            if each.method == request.method and re.search(each.path, request.path) and each.times:
                each.times -= 1
                return each
        return None

    def _carried_out(self, request: Request) -> tuple[int, Any]:
        if request.path == "/user":
            return (200, {"login": self.user}) if self.user else (403, _said("Resource not accessible by integration"))
        root = f"/repos/{REPOSITORY}/"
        if not request.path.startswith(root):
            return 404, _said("Not Found")
        kind, *rest = request.path.removeprefix(root).split("/")
        assert kind in ("pulls", "issues"), request.path
        if kind == "pulls":
            return self._about_pulls(request, rest)
        return self._about_comments(request, rest) if "comments" in rest else self._about_issues(request, rest)

    def _about_pulls(self, request: Request, rest: list[str]) -> tuple[int, Any]:
        if rest:
            assert request.method == "GET"
            return _found([each for each in self.pulls if each["number"] == int(rest[0])])
        if request.method == "POST":
            return 201, self.add_pull(self._next(), branch=request.body["head"])
        return 200, self._page(request, [each for each in self.pulls if self._is_asked(each, request.query)])

    def _about_comments(self, request: Request, rest: list[str]) -> tuple[int, Any]:
        if rest[0] == "comments":
            return self._change(self.comments, "id", int(rest[1]), request)
        if request.method == "POST":
            return 201, self.add_comment(int(rest[0]), _of_length(request.body["body"]), self._writer())
        return 200, self._page(request, [each for each in self.comments if each["issue"] == int(rest[0])])

    def _about_issues(self, request: Request, rest: list[str]) -> tuple[int, Any]:
        if rest:
            assert request.method == "PATCH"
            return self._change(self.issues, "number", int(rest[0]), request)
        if request.method == "POST":
            body, labels = _of_length(request.body["body"]), tuple(request.body["labels"])
            return 201, self.add_issue(body, labels, self._writer(), title=request.body["title"])
        label, state = request.query["labels"], request.query["state"]
        with_label = [each for each in self.issues if label in {one["name"] for one in each["labels"]}]
        return 200, self._page(request, [each for each in with_label if state in ("all", each["state"])])

    def _is_asked(self, pull: Json, query: Mapping[str, str]) -> bool:
        return bool(pull["state"] == query["state"] and query["head"] == pull["head"]["label"])

    def _page(self, request: Request, found: list[Json]) -> list[Json]:
        size, page = int(request.query["per_page"]), int(request.query["page"])
        assert 1 <= size <= 100
        return found[(page - 1) * size : page * size]

    def _change(self, items: list[Json], key: str, number: int, request: Request) -> tuple[int, Any]:
        found = [each for each in items if each[key] == number]
        if not found:
            return 404, _said("Not Found")
        if request.method == "DELETE":
            items.remove(found[0])
            return 204, None
        _of_length(request.body.get("body", ""))
        found[0].update(request.body)
        return 200, found[0]

    def _writer(self) -> Mapping[str, str]:
        return {"login": self.user, "type": "User"} if self.user else BOT

    def _next(self) -> int:
        self._ids += 1
        return self._ids


def _said(message: str) -> Json:
    return {"message": message, "documentation_url": "https://docs.github.com/rest"}


def _of_length(body: str) -> str:
    assert len(body.encode("utf-16-le")) // 2 <= 65_536, "body is too long (maximum is 65536 characters)"
    return body


def _found(items: list[Json]) -> tuple[int, Any]:
    return (200, items[0]) if items else (404, _said("Not Found"))


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing of a client that did not wait."""


@contextmanager
def serving() -> Iterator[FakeGitHub]:
    """A repository with an API on a port of this machine."""
    fake = FakeGitHub()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            url = urlsplit(self.path)
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {key.lower(): value for key, value in self.headers.items()}
            query = dict(parse_qsl(url.query))
            request = Request(self.command, url.path, query, headers, json.loads(text) if text else None)
            try:
                with lock:
                    status, body, extra = fake.answer(request)
            except AssertionError as error:
                fake.protests.append(str(error))
                status, body, extra = 500, str(error).encode(), {}
            if "X-Slow" in extra:
                fake.slow.wait(60)
            if status == DROP_THE_CONNECTION:
                return
            self.send_response(status)
            for key, value in extra.items():
                self.send_header(key, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_DELETE = _handle  # noqa: N815 - as http.server asks

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        fake.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
        thread.start()
        try:
            yield fake
        finally:
            fake.slow.set()
            server.shutdown()
            thread.join()
    assert not fake.protests, fake.protests
