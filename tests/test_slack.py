"""What delivery says to Slack, against a server on this machine."""

import os
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from delivery import slack
from delivery.slack import escaped, notify
from tests import github_server
from tests.delivery_context import told
from tests.github_server import WEBHOOK, FakeGitHub
from tests.recorded_http import DROP_THE_CONNECTION


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def fake() -> Iterator[FakeGitHub]:
    with github_server.serving() as served:
        yield served


def said(url: str, text: str = "deployed") -> str:
    """What is said on this side."""
    command = told(Path(), {"SLACK_WEBHOOK_URL": url})
    notify(command.context, text)
    return command.text


def test_a_message_is_posted(fake: FakeGitHub) -> None:
    assert said(f"{fake.url}{WEBHOOK}") == ""
    assert fake.messages == [{"text": "deployed"}]


def test_without_a_webhook_nothing_happens(fake: FakeGitHub) -> None:
    assert said("") == ""
    assert fake.requests == []


def test_nothing_in_a_message_mentions_anybody_or_is_a_link(fake: FakeGitHub) -> None:
    said(f"{fake.url}{WEBHOOK}", "<!channel> <https://evil.example.com|look> & more")
    assert fake.messages == [{"text": "&lt;!channel&gt; &lt;https://evil.example.com|look&gt; &amp; more"}]


def test_a_secret_is_not_posted(fake: FakeGitHub) -> None:
    said(f"{fake.url}{WEBHOOK}", f"failed at {fake.url}{WEBHOOK}")
    assert fake.messages == [{"text": "failed at [secret]"}]


def test_a_long_message_is_cut() -> None:
    assert len(escaped("x" * 10_000)) == slack.MOST_CHARACTERS


@pytest.mark.parametrize("status", [400, 403, 404, 429, 500, 302, DROP_THE_CONNECTION])
def test_a_slack_that_fails_is_a_warning_without_the_address(fake: FakeGitHub, status: int) -> None:
    fake.refuse("POST", WEBHOOK, status)
    warning = said(f"{fake.url}{WEBHOOK}")
    assert warning.startswith("warning: Slack was not told")
    assert "averysecretwebhook" not in warning
    assert "127.0.0.1" not in warning


def test_a_slack_that_does_not_answer_is_a_warning(fake: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slack, "TIMEOUT", httpx.Timeout(0.05))
    fake.refuse("POST", WEBHOOK, 200, headers={"X-Slow": "1"})
    assert "ReadTimeout" in said(f"{fake.url}{WEBHOOK}")


@pytest.mark.parametrize(
    "url", ["nonsense", "ftp://slack.example.com/x", "http://127.0.0.1:9/secretpath", "http://[bad", "http://a\x00b"]
)
def test_an_address_that_is_none_is_a_warning_without_it(url: str) -> None:
    warning = said(url)
    assert warning.startswith("warning: Slack was not told")
    assert url not in warning
