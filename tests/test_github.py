"""What delivery says to GitHub, against a server on this machine."""

import os
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest

from delivery import rest
from delivery.console import Console
from delivery.context import Context
from delivery.github import GitHub
from delivery.github_answers import pull_request_number
from delivery.problems import DeliveryError
from delivery.redaction import Redactor
from delivery.rest import Rest
from tests import github_server
from tests.github_server import BOT, REPOSITORY, TOKEN, FakeGitHub
from tests.recorded_http import DROP_THE_CONNECTION

MARKER = "<!-- helloworld:test -->"
ROOT = f"/repos/{REPOSITORY}"
NOW = 1_000_000.0


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with github_server.serving() as served:
        yield served


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def github(fake: FakeGitHub, pauses: list[float]) -> GitHub:
    return GitHub(token=TOKEN, repository=REPOSITORY, api=fake.url, pause=pauses.append, now=lambda: NOW)


def context(environ: dict[str, str]) -> Context:
    out = StringIO()
    return Context(project=Path(), environ=environ, console=Console(out, out, Redactor([])))


def message_of(call: Callable[[], Any]) -> str:
    with pytest.raises(DeliveryError) as caught:
        call()
    said = str(caught.value)
    assert TOKEN not in said
    assert TOKEN not in repr(caught.value.__cause__)
    return said


class TestCommentsAreWrittenInPlace:
    def test_the_first_time_it_is_made(self, fake: FakeGitHub, github: GitHub) -> None:
        github.upsert_comment(7, MARKER, "hello")
        assert fake.comments_on(7) == [f"{MARKER}\nhello"]

    def test_then_it_is_changed(self, fake: FakeGitHub, github: GitHub) -> None:
        github.upsert_comment(7, MARKER, "one")
        github.upsert_comment(7, MARKER, "two")
        assert fake.comments_on(7) == [f"{MARKER}\ntwo"]

    def test_what_it_says_already_is_not_written_again(self, fake: FakeGitHub, github: GitHub) -> None:
        github.upsert_comment(7, MARKER, "hello")
        before = fake.writes()
        github.upsert_comment(7, MARKER, "hello")
        assert fake.writes() == before

    def test_it_is_found_behind_many_others(self, fake: FakeGitHub, github: GitHub) -> None:
        for number in range(250):
            fake.add_comment(7, f"chatter {number}", {"login": "somebody", "type": "User"})
        fake.add_comment(7, f"{MARKER}\nold")
        github.upsert_comment(7, MARKER, "new")
        assert [each for each in fake.comments_on(7) if MARKER in each] == [f"{MARKER}\nnew"]

    def test_other_comments_stay(self, fake: FakeGitHub, github: GitHub) -> None:
        fake.add_comment(8, f"{MARKER}\nof another pull request")
        fake.add_comment(7, "<!-- another:marker -->\nanother bot's")
        github.upsert_comment(7, MARKER, "hello")
        assert fake.comments_on(8) == [f"{MARKER}\nof another pull request"]
        assert fake.comments_on(7)[0] == "<!-- another:marker -->\nanother bot's"

    def test_a_user_who_writes_the_marker_is_not_taken_for_us(self, fake: FakeGitHub, github: GitHub) -> None:
        fake.add_comment(7, f"{MARKER}\nI am the bot", {"login": "mallory", "type": "User"})
        github.upsert_comment(7, MARKER, "hello")
        assert fake.comments_on(7) == [f"{MARKER}\nI am the bot", f"{MARKER}\nhello"]

    def test_a_bot_that_quotes_the_marker_is_not_taken_for_us(self, fake: FakeGitHub, github: GitHub) -> None:
        fake.add_comment(7, f"> {MARKER}\n> hello\n\nsaid somebody")
        github.upsert_comment(7, MARKER, "hello")
        assert len(fake.comments_on(7)) == 2

    def test_a_persons_token_finds_that_persons_comment(self, fake: FakeGitHub, github: GitHub) -> None:
        fake.user = "octavia"
        github.upsert_comment(7, MARKER, "one")
        github.upsert_comment(7, MARKER, "two")
        assert fake.comments_on(7) == [f"{MARKER}\ntwo"]
        assert fake.comments[0]["user"]["login"] == "octavia"

    def test_line_ends_that_github_changed_are_no_difference(self, fake: FakeGitHub, github: GitHub) -> None:
        fake.add_comment(7, f"{MARKER}\r\none\r\ntwo")
        github.upsert_comment(7, MARKER, "one\ntwo\n")
        assert fake.writes() == []

    def test_of_two_that_were_made_at_once_the_older_stays(self, fake: FakeGitHub, github: GitHub) -> None:
        another = {"id": 1, "issue": 7, "body": MARKER, "user": BOT}
        fake.afterwards("POST", "/comments", lambda: fake.comments.insert(0, another))
        github.upsert_comment(7, MARKER, "hello")
        assert [(each["id"], each["body"]) for each in fake.comments] == [(1, f"{MARKER}\nhello")]

    def test_a_double_goes_even_if_the_older_says_all(self, fake: FakeGitHub, github: GitHub) -> None:
        first = fake.add_comment(7, f"{MARKER}\nhello")
        fake.add_comment(7, f"{MARKER}\nhello")
        github.upsert_comment(7, MARKER, "hello")
        assert [each["id"] for each in fake.comments] == [first["id"]]

    def test_what_another_job_wrote_over_is_written_again(
        self, fake: FakeGitHub, github: GitHub, pauses: list[float]
    ) -> None:
        fake.add_comment(7, f"{MARKER}\nold")
        fake.afterwards("PATCH", "/comments/", lambda: fake.comments[0].update(body=f"{MARKER}\nanother's"))
        github.upsert_comment(7, MARKER, "hello")
        assert fake.comments_on(7) == [f"{MARKER}\nhello"]
        assert pauses

    def test_others_who_write_for_ever_end_in_an_error(self, fake: FakeGitHub, github: GitHub) -> None:
        comment = fake.add_comment(7, f"{MARKER}\nold")

        def write_over() -> None:
            comment.update(body=f"{MARKER}\nanother's")
            fake.afterwards("PATCH", "/comments/", write_over)

        write_over()
        assert "changed by others" in message_of(lambda: github.upsert_comment(7, MARKER, "hello"))
        assert len(fake.writes()) <= 6

    def test_a_comment_that_is_deleted_meanwhile_is_made_again(self, fake: FakeGitHub, github: GitHub) -> None:
        fake.add_comment(7, f"{MARKER}\nold")
        fake.afterwards("GET", "/user|/comments", fake.comments.clear)
        github.upsert_comment(7, MARKER, "hello")
        assert fake.comments_on(7) == [f"{MARKER}\nhello"]


class TestIssues:
    def test_the_first_time_one_is_opened(self, fake: FakeGitHub, github: GitHub) -> None:
        number = github.upsert_issue(MARKER, "Drift", "differs", ["drift"])
        (issue,) = fake.issues
        assert (issue["number"], issue["title"], issue["body"]) == (number, "Drift", f"{MARKER}\ndiffers")
        assert issue["labels"] == [{"name": "drift"}]

    def test_then_it_is_changed(self, fake: FakeGitHub, github: GitHub) -> None:
        first = github.upsert_issue(MARKER, "Drift", "differs", ["drift"])
        assert github.upsert_issue(MARKER, "Drift", "differs more", ["drift"]) == first
        assert [each["body"] for each in fake.issues] == [f"{MARKER}\ndiffers more"]

    def test_a_closed_one_is_opened_again(self, fake: FakeGitHub, github: GitHub) -> None:
        issue = fake.add_issue(f"{MARKER}\nold", ("drift",), state="closed")
        assert github.upsert_issue(MARKER, "Drift", "differs", ["drift"]) == issue["number"]
        assert issue["state"] == "open"

    def test_a_users_issue_or_a_pull_request_with_the_marker_is_not_ours(
        self, fake: FakeGitHub, github: GitHub
    ) -> None:
        fake.add_issue(f"{MARKER}\nmine", ("drift",), {"login": "mallory", "type": "User"})
        fake.add_issue(f"{MARKER}\na pull request", ("drift",), pull_request={})
        github.upsert_issue(MARKER, "Drift", "differs", ["drift"])
        assert [each["body"] for each in fake.issues] == [
            f"{MARKER}\nmine",
            f"{MARKER}\na pull request",
            f"{MARKER}\ndiffers",
        ]

    def test_closing_closes_and_says_why(self, fake: FakeGitHub, github: GitHub) -> None:
        issue = fake.add_issue(f"{MARKER}\nold", ("drift",))
        assert github.close_issue(MARKER, "the same again", "drift") == issue["number"]
        assert issue["state"] == "closed"
        assert fake.comments_on(issue["number"]) == ["the same again"]

    def test_closing_what_is_closed_or_absent_says_nothing(self, fake: FakeGitHub, github: GitHub) -> None:
        fake.add_issue(f"{MARKER}\nold", ("drift",), state="closed")
        assert github.close_issue(MARKER, "the same again", "drift") is None
        assert fake.writes() == []

    def test_an_issue_that_was_made_although_the_answer_was_lost_is_not_made_twice(
        self, fake: FakeGitHub, github: GitHub
    ) -> None:
        fake.refuse("POST", "/issues$", 502, times=1, done=True)
        number = github.upsert_issue(MARKER, "Drift", "differs", ["drift"])
        assert [each["number"] for each in fake.issues] == [number]


class TestPullRequests:
    def test_it_is_read(self, fake: FakeGitHub, github: GitHub) -> None:
        fake.add_pull(7, labels=("stage", "bug"), sha="b" * 40, repository="somebody/helloworld")
        found = github.pull_request(7)
        assert (found.number, found.state, sorted(found.labels)) == (7, "open", ["bug", "stage"])
        assert (found.head_sha, found.head_repository) == ("b" * 40, "somebody/helloworld")

    def test_the_repository_of_a_fork_that_is_gone_is_none(self, fake: FakeGitHub, github: GitHub) -> None:
        fake.add_pull(7, repository=None)
        assert github.pull_request(7).head_repository is None

    def test_one_is_opened_once(self, fake: FakeGitHub, github: GitHub) -> None:
        first = github.open_pull_request("revert", "main", "Revert", "because")
        assert github.open_pull_request("revert", "main", "Revert", "because") == first
        assert len(fake.pulls) == 1

    @pytest.mark.parametrize("text", ["0", "-1", "07", "1e3", "٣", "7\n", "", "9999999999", "7;id"])
    def test_what_is_no_number_is_refused(self, text: str) -> None:
        with pytest.raises(Exception, match="not the number of a pull request"):
            pull_request_number(text)


class TestFailures:
    @pytest.mark.parametrize(
        ("status", "cure"),
        [
            (401, "set another one"),
            (403, "`permissions:` issues: write"),
            (404, "GITHUB_REPOSITORY"),
            (422, "Validation Failed"),
            (500, "run it again later"),
        ],
    )
    def test_an_error_names_the_call_the_status_githubs_words_and_the_cure(
        self, fake: FakeGitHub, github: GitHub, status: int, cure: str
    ) -> None:
        fake.refuse("POST", "/comments", status, {"message": "Validation Failed"})
        said = message_of(lambda: github.upsert_comment(7, MARKER, "hello"))
        assert f"POST {ROOT}/issues/7/comments: {status} Validation Failed" in said
        assert cure in said

    def test_a_refusal_is_not_tried_again(self, fake: FakeGitHub, github: GitHub) -> None:
        fake.refuse("GET", "/pulls/7", 403)
        message_of(lambda: github.pull_request(7))
        assert len(fake.requests) == 1

    @pytest.mark.parametrize("status", [502, 503, 504, DROP_THE_CONNECTION])
    def test_a_gateway_that_fails_for_a_moment_is_asked_again(
        self, fake: FakeGitHub, github: GitHub, status: int, pauses: list[float]
    ) -> None:
        fake.add_pull(7)
        fake.refuse("GET", "/pulls/7", status, times=2)
        assert github.pull_request(7).number == 7
        assert pauses == [1, 2]

    def test_a_gateway_that_stays_down_is_an_error_after_a_few_tries(self, fake: FakeGitHub, github: GitHub) -> None:
        fake.refuse("GET", "/pulls/7", 503)
        assert "503" in message_of(lambda: github.pull_request(7))
        assert len(fake.requests) == rest.TRIES

    @pytest.mark.parametrize("status", [502, DROP_THE_CONNECTION])
    @pytest.mark.parametrize("done", [True, False])
    def test_a_comment_whose_making_is_uncertain_is_there_once(
        self, fake: FakeGitHub, github: GitHub, status: int, done: bool
    ) -> None:
        fake.refuse("POST", "/comments", status, times=1, done=done)
        github.upsert_comment(7, MARKER, "hello")
        assert fake.comments_on(7) == [f"{MARKER}\nhello"]

    def test_a_limit_is_waited_for_as_long_as_github_says(
        self, fake: FakeGitHub, github: GitHub, pauses: list[float]
    ) -> None:
        fake.add_pull(7)
        fake.refuse("GET", "/pulls/7", 429, headers={"Retry-After": "17"}, times=1)
        github.pull_request(7)
        assert pauses == [17]

    def test_the_hours_limit_is_waited_for_when_it_is_near(
        self, fake: FakeGitHub, github: GitHub, pauses: list[float]
    ) -> None:
        fake.add_pull(7)
        headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW) + 30)}
        fake.refuse("GET", "/pulls/7", 403, headers=headers, times=1)
        github.pull_request(7)
        assert pauses == [30]

    def test_a_limit_that_ends_much_later_is_an_error_that_says_when(
        self, fake: FakeGitHub, github: GitHub, pauses: list[float]
    ) -> None:
        headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(NOW) + 3000)}
        fake.refuse("GET", "/pulls/7", 403, headers=headers)
        assert "run it again in 3000 seconds" in message_of(lambda: github.pull_request(7))
        assert pauses == []

    @pytest.mark.parametrize("body", [b"<html>", b"[1]", b"{}", b"null", b"\xff\xfe", b'{"number": {}}'])
    def test_an_answer_that_is_none_is_an_error(self, fake: FakeGitHub, github: GitHub, body: bytes) -> None:
        fake.refuse("GET", "/pulls/7", 200, body)
        assert "GitHub" in message_of(lambda: github.pull_request(7))

    def test_an_error_in_no_known_form_is_told_by_its_status(self, fake: FakeGitHub, github: GitHub) -> None:
        fake.refuse("GET", "/pulls/7", 418, b"<html>\x1b[31mteapot")
        assert "418 I'm a Teapot" in message_of(lambda: github.pull_request(7))

    def test_a_moved_repository_is_not_followed_with_the_token(self, fake: FakeGitHub, github: GitHub) -> None:
        fake.refuse("GET", "/pulls/7", 301, headers={"Location": f"{fake.url}/elsewhere"})
        assert "renamed" in message_of(lambda: github.pull_request(7))
        assert len(fake.requests) == 1

    def test_a_slow_answer_ends_in_an_error(
        self, fake: FakeGitHub, github: GitHub, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(rest, "TIMEOUT", httpx.Timeout(0.05))
        impatient = GitHub(token=TOKEN, repository=REPOSITORY, api=fake.url, pause=lambda _: None)
        fake.refuse("GET", "/pulls/7", 200, headers={"X-Slow": "1"})
        assert "the connection broke (ReadTimeout)" in message_of(lambda: impatient.pull_request(7))

    def test_nobody_there_is_an_error(self) -> None:
        alone = GitHub(token=TOKEN, repository=REPOSITORY, api="http://127.0.0.1:9", pause=lambda _: None)
        assert "cannot be reached" in message_of(lambda: alone.pull_request(7))

    def test_what_github_says_cannot_command_a_terminal(self, fake: FakeGitHub, github: GitHub) -> None:
        fake.refuse("GET", "/pulls/7", 422, {"message": "\x1b[31m\n::error::x" + "y" * 10_000})
        said = message_of(lambda: github.pull_request(7))
        assert "\x1b" not in said
        assert "\n::" not in said
        assert len(said) < 1000


class TestTheToken:
    def test_it_goes_into_one_header_and_nowhere_else(self, fake: FakeGitHub, github: GitHub) -> None:
        fake.add_pull(7)
        github.pull_request(7)
        (request,) = fake.requests
        assert [key for key, value in request.headers.items() if TOKEN in value] == ["authorization"]
        assert TOKEN not in request.path + str(request.query) + str(request.body)

    @pytest.mark.parametrize("token", [f"{TOKEN}\nx", f"{TOKEN}é", f"a {TOKEN}", ""])
    def test_one_that_is_none_is_refused_unseen(self, token: str) -> None:
        said = message_of(lambda: GitHub(token=token, repository=REPOSITORY))
        assert "GITHUB_TOKEN" in said

    @pytest.mark.parametrize(
        "api", ["http://api.github.example.com", "ftp://x", "nonsense", "https://user@api.example.com", "http://[bad"]
    )
    def test_it_is_sent_nowhere_unencrypted(self, api: str) -> None:
        assert "https" in message_of(lambda: GitHub(token=TOKEN, repository=REPOSITORY, api=api))

    @pytest.mark.parametrize("repository", ["helloworld", "a/b/c", "a/..", "a/b?x=1", "a/b#", "-a/b", "a /b", "a/b\n"])
    def test_a_repository_that_is_none_is_refused(self, repository: str) -> None:
        assert "owner/name" in message_of(lambda: GitHub(token=TOKEN, repository=repository))

    def test_without_a_token_or_a_repository_there_is_no_github(self) -> None:
        assert GitHub.from_environ(context({"GITHUB_TOKEN": TOKEN})) is None
        assert GitHub.from_environ(context({"GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": ""})) is None
        assert GitHub.from_environ(context({"GITHUB_REPOSITORY": REPOSITORY, "GITHUB_TOKEN": f"{TOKEN}\n"})) is not None


def test_a_list_without_an_end_is_an_error(fake: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rest, "MOST_PAGES", 2)
    for number in range(300):
        fake.add_comment(7, f"chatter {number}", BOT)
    github = GitHub(token=TOKEN, repository=REPOSITORY, api=fake.url, pause=lambda _: None)
    assert "more than 200 entries" in message_of(lambda: github.upsert_comment(7, MARKER, "hello"))


def test_deleting_what_is_gone_is_fine(fake: FakeGitHub) -> None:
    headers = {
        "Authorization": f"Bearer {TOKEN}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    api = Rest(name="GitHub", url=fake.url, headers=headers, cure=lambda *_: None)
    api.delete(f"{ROOT}/issues/comments/1")
    assert fake.writes() == [("DELETE", f"{ROOT}/issues/comments/1")]
