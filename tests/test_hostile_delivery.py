"""What others hand to the delivery code: events, answers, histories and texts, none of which is taken for more."""

import argparse
import contextlib
import io
import itertools
import json
import os
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pulumi.automation import UpdateSummary

from delivery import (
    aws,
    bootstrap_files,
    configuration,
    github_answers,
    kube_context,
    preview,
    registry,
    releases,
    smoke_checks,
    stack_edits,
)
from delivery.console import Console
from delivery.github import GitHub
from delivery.github_answers import PullRequest
from delivery.problems import DeliveryError
from delivery.redaction import MASK, Redactor
from delivery.reports import CheckRun, read_event
from delivery.rest import Rest
from delivery.review_environment import write_for_destruction
from delivery.review_stack import review_stack
from tests import hostile
from tests.delivery_context import told

PROJECT = Path(__file__).parent.parent
LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
REST = Rest(name="it", url="https://api.example.com", headers={}, cure=lambda *_: None, pause=lambda _: None)
GITHUB = GitHub(token="t", repository="a/b", pause=lambda _: None)
CALLS: tuple[Callable[[], object], ...] = (
    lambda: GITHUB.pull_requests_of("a", "topic"),
    lambda: GITHUB.open_pull_request("topic", "main", "a", "b"),
    lambda: GITHUB.upsert_comment(7, "M", "a"),
    lambda: GITHUB.has_comment(7, "M"),
    lambda: GITHUB.upsert_issue("M", "a", "b", ["drift"]),
    lambda: GITHUB.close_issue("M", "a", "drift"),
)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | hostile.texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(hostile.texts, inner, max_size=3),
    max_leaves=5,
)


def odd(usual: Any) -> st.SearchStrategy[Any]:
    """Mostly what is usual, so that the other fields are looked at, too."""
    return st.just(usual) | st.just(usual) | json_values


EVENTS = st.fixed_dictionaries(
    {
        "workflow_run": odd(None)
        | st.fixed_dictionaries(
            {
                "id": odd(7),
                "event": odd("pull_request"),
                "head_branch": odd("topic"),
                "head_sha": odd("0" * 40),
                "head_repository": odd(None)
                | st.fixed_dictionaries({"full_name": odd("a/b"), "owner": odd({"login": "a"})}),
            }
        )
    }
)
PULLS = st.fixed_dictionaries(
    {
        "number": odd(7),
        "state": odd("open"),
        "labels": odd([{"name": "stage"}]),
        "head": odd({"sha": "0" * 40, "repo": {"full_name": "a/b"}}),
    }
)


OURS = st.fixed_dictionaries(
    {
        "id": odd(7),
        "number": odd(7),
        "body": odd("M\na"),
        "user": odd({"type": "Bot"}),
        "state": odd("open"),
        "title": odd("a"),
        "html_url": odd("https://example.com"),
    }
)


MESSAGES = st.tuples(hostile.texts, hostile.texts).map(
    lambda pair: f"deploy dev\n\nImage: {pair[0]}\nCommit: {pair[1]}\nRejected: {pair[1]}"
)


def assert_told_in_words(error: DeliveryError) -> None:
    """What a person is told: of lines that can be seen, none of them a command to a runner."""
    out = io.StringIO()
    Console(out, out, Redactor(())).fail(str(error))
    assert_shown(out.getvalue())


def assert_one_line(said: object) -> None:
    assert str(said).isprintable()


def assert_shown(text: str) -> None:
    for line in text.split("\n"):
        assert line.replace("\t", "").isprintable(), line
        assert not line.lstrip().startswith("::"), line
        assert "##[" not in line, line


class TestConsole:
    @hostile.many(300)
    @given(
        text=hostile.texts, how=st.sampled_from(["say", "warn", "fail"]), encoding=st.sampled_from(["utf-8", "ascii"])
    )
    @example(text="\ud800 is all that there is", how="fail", encoding="utf-8")
    @example(text="fine\n \t::add-mask::x", how="say", encoding="utf-8")
    @example(text="❌ failed: d\u00e9v", how="fail", encoding="ascii")
    @example(text="\x1b[31m\r::add-mask::x\x0b##[group]", how="say", encoding="utf-8")
    def test_every_text_is_shown_and_commands_nobody(self, text: str, how: str, encoding: str) -> None:
        raw = io.BytesIO()
        stream = io.TextIOWrapper(raw, encoding, newline="\n")
        getattr(Console(stream, stream, Redactor(())), how)(text)
        said = raw.getvalue().decode(encoding)
        assert said.endswith("\n")
        assert_shown(said)
        assert all(word in said for word in re.findall("[A-Za-z]{2,}", text))

    @hostile.many(200)
    @given(secret=hostile.texts.filter(lambda text: len(text.strip()) >= 6), around=hostile.texts)
    @example(secret="a##[bcdef", around="")
    @example(secret="secret-one", around="##")
    def test_what_is_made_harmless_hides_secrets_first(self, secret: str, around: str) -> None:
        out = io.StringIO()
        console = Console(out, out, Redactor(()))
        console.hide([secret])
        console.say(f"{around}{secret}")
        assert_shown(out.getvalue())
        if secret not in f"{around}{MASK}":
            assert secret not in out.getvalue()


class TestEvents:
    @hostile.many(300)
    @given(event=EVENTS | json_values)
    @example(event={"workflow_run": {"id": float("inf"), "head_repository": {"owner": {"login": "a"}, "full_name": "b"},
                                     "head_branch": "c", "head_sha": "d", "event": "pull_request"}})  # fmt: skip
    def test_an_event_is_a_run_of_plain_lines_or_a_refusal(
        self, tmp_path_factory: pytest.TempPathFactory, event: Any
    ) -> None:
        path = tmp_path_factory.getbasetemp() / "event.json"
        path.write_text(json.dumps(event))
        try:
            found = read_event(path)
        except DeliveryError as error:
            assert_told_in_words(error)
        else:
            assert isinstance(found, CheckRun)
            assert all(text.isprintable() for text in (found.owner, found.repository, found.branch, found.sha))

    @pytest.mark.parametrize(
        "content", [b"", b"\xff\xfe", b"[" * 100_000, b"9" * 10_000, b"{" * 3_000_000, b'"\\ud800"']
    )
    def test_a_file_that_is_no_event_is_refused(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "event.json").write_bytes(content)
        with pytest.raises(DeliveryError, match=r"no workflow_run event|more than"):
            read_event(tmp_path / "event.json")

    @pytest.mark.parametrize("kind", ["pipe", "directory", "device", "nothing"])
    def test_what_is_no_file_is_not_waited_for(self, tmp_path: Path, kind: str) -> None:
        path = tmp_path / "event"
        match kind:
            case "pipe":
                os.mkfifo(path)
            case "directory":
                path.mkdir()
            case "device":
                path = Path("/dev/zero")
        with pytest.raises(DeliveryError, match="plain file"):
            read_event(path)


class TestAnswers:
    @hostile.many(300)
    @given(answer=PULLS | json_values)
    @example(answer={"number": float("inf"), "state": "open", "labels": [], "head": {"sha": "", "repo": None}})
    def test_an_answer_is_a_pull_request_or_a_refusal(self, answer: Any) -> None:
        try:
            found = github_answers.pull_request(answer)
        except DeliveryError as error:
            assert_told_in_words(error)
        else:
            assert isinstance(found, PullRequest)
            assert isinstance(found.number, int)

    @hostile.many(200)
    @given(
        status=st.sampled_from([200, 204, 301, 400, 401, 403, 404, 422, 429, 500, 502]),
        content=st.binary(max_size=60) | json_values.map(lambda value: json.dumps(value).encode()),
        message=json_values,
        header=st.sampled_from(["retry-after", "x-ratelimit-reset", "location", "content-type", "x-other"]),
        value=st.sampled_from(["9" * 400, "-1", "nan", "inf", "1e400", "", " 7", "\u0663", "http://[::1", "1_0"]),
    )
    @example(status=429, content=b"", message=None, header="retry-after", value="9" * 400)
    @example(status=403, content=b"[" * 100_000, message=None, header="x-other", value="")
    def test_whatever_a_server_answers_is_an_answer_or_a_refusal(
        self, status: int, content: bytes, message: Any, header: str, value: str
    ) -> None:
        body = content if message is None else json.dumps({"message": message, "errors": message}).encode()
        headers = [(header.encode(), value.encode()), (b"x-ratelimit-remaining", b"0")]

        def answer(_: httpx.Request) -> httpx.Response:
            return httpx.Response(status, headers=headers, content=body)

        REST._client = httpx.Client(transport=httpx.MockTransport(answer))
        for call in (lambda: REST.get("/x"), lambda: list(REST.pages("/x")), lambda: REST.post("/x", {})):
            try:
                call()
            except DeliveryError as error:
                assert_told_in_words(error)

    @hostile.many(200)
    @given(said=st.lists(json_values | OURS | st.lists(OURS | json_values, max_size=2), min_size=1, max_size=3))
    @example(said=[[None]])
    @example(said=[["pull_request"]])
    def test_whatever_github_answers_a_command_is_done_or_ends_in_words(self, said: list[Any]) -> None:
        bodies = itertools.cycle([json.dumps(each).encode() for each in said])
        transport = httpx.MockTransport(lambda _: httpx.Response(200, content=next(bodies)))
        GITHUB._rest._client = httpx.Client(transport=transport)
        for call in CALLS:
            try:
                call()
            except DeliveryError as error:
                assert_told_in_words(error)

    @hostile.many(100)
    @given(answer=json_values | st.fixed_dictionaries({"imageDetails": json_values | st.lists(st.fixed_dictionaries(
        {}, optional={"imageDigest": json_values, "imageTags": json_values}), max_size=3)}))  # fmt: skip
    def test_whatever_a_registry_answers_is_its_images_or_a_refusal(self, answer: Any) -> None:
        context = told(PROJECT, {}).context
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(aws, "call", lambda *_: answer)
            try:
                found = registry.images(context, "123456789012.dkr.ecr.us-west-2.amazonaws.com/app")
            except aws.AwsError as error:
                assert_told_in_words(error)
            else:
                assert found is not None
                assert all(isinstance(each, str) for each in (*found.tags, *found.tags.values(), *found.digests))

    @hostile.many(100)
    @given(status=st.sampled_from([200, 301, 404, 503]), body=st.binary(max_size=60) | st.builds(
        lambda commit: json.dumps({"commit": commit}).encode(), json_values), target=st.sampled_from(
            ["", "https://[::1", "//x", "https://x\x7f", "\u00e9"]))  # fmt: skip
    @example(status=200, body=b"[" * 100_000, target="")
    def test_whatever_a_service_answers_is_a_check_that_holds_or_not(
        self, status: int, body: bytes, target: str
    ) -> None:
        def answer(_: httpx.Request) -> httpx.Response:
            return httpx.Response(status, headers=[(b"location", target.encode())], content=body)

        client = httpx.Client(transport=httpx.MockTransport(answer))
        checks = list(smoke_checks.checked(client, "http://dev.example.com", "0123456"))
        assert [check.name for check in checks] == ["status", "version"]
        for check in checks:
            assert check.holds in (True, False)
            assert_told_in_words(DeliveryError(check.said))


class TestHistory:
    @hostile.many(200)
    @given(message=hostile.texts | MESSAGES, wanted=hostile.texts)
    def test_whatever_an_updates_message_says_no_digest_comes_of_it_that_is_none(
        self, message: str, wanted: str
    ) -> None:
        now = datetime(2026, 11, 21, tzinfo=UTC)
        update = UpdateSummary(
            kind="update", start_time=now, end_time=now, message=message, environment={}, config={}, version=1,
            result="succeeded", resource_changes={},
        )  # fmt: skip
        there = releases.releases([update])
        assert all(each.digest == "" or releases.DIGEST.fullmatch(each.digest) for each in there)
        assert releases.distinct(there) == [each for each in there if each.digest]
        assert all(each in there for each in releases.named(there, wanted))
        for each in there:
            assert_told_in_words(DeliveryError(str(each)))


class TestNames:
    @hostile.many(200)
    @given(text=hostile.texts | st.integers().map(str))
    def test_a_pull_requests_number_makes_a_name_that_kubernetes_takes(self, text: str) -> None:
        try:
            number = github_answers.pull_request_number(text)
        except argparse.ArgumentTypeError as error:
            assert_one_line(error)
        else:
            assert LABEL.fullmatch(review_stack(number))

    @hostile.many(100)
    @given(stack=hostile.texts)
    def test_no_text_is_taken_for_a_stack_that_is_none(self, stack: str) -> None:
        context = told(PROJECT, {}).context
        for ask in (configuration.require_stack_name, lambda name: configuration.settings_of(context, name)):
            try:
                ask(stack)
            except DeliveryError as error:
                assert_one_line(str(error).replace("\n", ""))
            else:
                assert LABEL.fullmatch(stack)

    @pytest.mark.parametrize("name", ["../dev", "dev/../prod", "a" * 300, "dev\n", "Dev", "\udcff", ""])
    def test_a_preview_of_no_stack_says_so_and_writes_no_report(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "Pulumi.yaml").write_bytes((PROJECT / "Pulumi.yaml").read_bytes())
        with pytest.raises(DeliveryError, match="no stack's name"):
            preview.run(told(tmp_path, {}).context, argparse.Namespace(stack=name))
        assert [path.name for path in tmp_path.rglob("*")] == ["Pulumi.yaml"]

    @hostile.many(100)
    @given(
        names=st.tuples(hostile.texts, hostile.texts, hostile.texts | st.sampled_from(["https://[::1", "http://[x]"]))
    )
    def test_a_kubeconfig_of_any_names_is_judged(self, names: tuple[str, str, str]) -> None:
        answer = kube_context.refusal(*names, throw_away=False)
        assert answer is None or answer


BROKEN_FILES: Mapping[str, bytes] = {
    "cut": b"secretsprovider: 'awskms\nconfig: [",
    "latin-1": b"config:\n  helloworld:message: \xe9\n",
    "a tag": b"config: !!python/object/apply:os.system [touch canary]\n",
    "nested": b"config: " + b"[" * 100_000,
    "utf-16": "config: {}\n".encode("utf-16"),
    "a list": b"- a\n",
}


@pytest.mark.parametrize("name", BROKEN_FILES)
def test_a_broken_file_of_dev_keeps_no_review_environment_alive(tmp_path: Path, name: str) -> None:
    (tmp_path / "Pulumi.yaml").write_bytes((PROJECT / "Pulumi.yaml").read_bytes())
    (tmp_path / "Pulumi.dev.yaml").write_bytes(BROKEN_FILES[name])
    command = told(tmp_path, {})
    write_for_destruction(command.context, 7)
    assert "platformStack: dev" in (tmp_path / "Pulumi.pr-7.yaml").read_text()
    assert "cannot be made from dev's file" in command.text
    assert_shown(command.text)


@hostile.many(100)
@given(
    st.lists(
        st.sampled_from(["config:", "[a]", "? ", ": ", "a", "- ", "\n", "\n  ", "{", "}", "&a ", "*a", "'", "!t "]),
        max_size=12,
    )
)
@example(["[a]", ": ", "a"])
def test_a_broken_stack_file_is_edited_or_is_no_yaml(parts: list[str]) -> None:
    for edit in (stack_edits.top, lambda text: stack_edits.without(text, ("secretsprovider",))):
        with contextlib.suppress(yaml.YAMLError):
            edit("".join(parts))


ACCOUNTS: Mapping[str, bytes] = {
    "a byte order mark": b"\xef\xbb\xbfconfig:\n  helloworld-bootstrap:region: ''\n",
    "tabs": b"config:\n  helloworld-bootstrap:region:\t''\t# none yet\n",
    "a short key": b"config:\n  region: ''\n",
    "the old form of a key": b"config:\n  helloworld-bootstrap:config:region: ''\n",
}


@pytest.mark.parametrize("name", ACCOUNTS)
def test_an_accounts_file_takes_a_region_however_it_is_written(tmp_path: Path, name: str) -> None:
    (tmp_path / "Pulumi.yaml").write_bytes((PROJECT / "bootstrap" / "Pulumi.yaml").read_bytes())
    file = tmp_path / "Pulumi.account.yaml"
    file.write_bytes(ACCOUNTS[name])
    given_region = {"region": "eu-west-1", "repository": "a/b"}
    bootstrap_files.settle(tmp_path, given_region)
    once = file.read_bytes()
    assert bootstrap_files.checked(tmp_path).region == "eu-west-1"
    bootstrap_files.settle(tmp_path, given_region)
    assert file.read_bytes() == once
