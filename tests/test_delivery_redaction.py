"""No secret reaches what is shown."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.console import Console
from delivery.redaction import MASK, SHORTEST, Redactor, secrets_of

secrets = st.text(min_size=SHORTEST, max_size=40).filter(
    lambda text: text.strip() == text and len(text.splitlines()) == 1
)
plain = secrets.filter(lambda text: text not in MASK and not set("[]") & set(text))


@given(st.lists(plain, min_size=1, max_size=5), st.lists(st.text(), min_size=1, max_size=5))
def test_no_secret_is_in_what_is_left(hidden: list[str], around: list[str]) -> None:
    text = "".join(f"{part}{secret}" for part in around for secret in hidden)
    shown = Redactor(hidden)(text)
    assert MASK in shown
    assert not [secret for secret in hidden if secret in shown]


@given(plain)
def test_a_secret_is_hidden_inside_json(secret: str) -> None:
    assert json.dumps(secret)[1:-1] not in Redactor([secret])(json.dumps({"key": secret}))


@given(st.text("0123456789", min_size=SHORTEST), st.text(st.characters(exclude_characters="0123456789=")))
def test_what_has_no_secret_in_it_stays_as_it_is(secret: str, text: str) -> None:
    assert Redactor([secret, "", "short"])(text) == text


@given(secrets)
def test_a_secret_of_several_lines_is_hidden_line_by_line(secret: str) -> None:
    shown = Redactor([f"-----BEGIN KEY-----\n{secret}\n-----END KEY-----"])(f"it says {secret}, alone")
    assert secret in MASK or secret not in shown.replace(MASK, "")


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN",
        "AWS_SECRET_ACCESS_KEY",
        "AWS_SESSION_TOKEN",
        "AWS_ACCESS_KEY_ID",
        "SLACK_WEBHOOK_URL",
        "PULUMI_CONFIG_PASSPHRASE",
        "PULUMI_ACCESS_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "db_password",
    ],
)
def test_variables_that_hold_secrets_are_known_by_their_names(name: str) -> None:
    assert secrets_of({name: "a secret value", "OTHER": "not one"}) == {"a secret value"}


def test_a_variable_that_names_a_file_holds_no_secret() -> None:
    assert secrets_of({"PULUMI_CONFIG_PASSPHRASE_FILE": "/run/passphrase"}) == frozenset()


def test_a_password_in_an_address_is_a_secret() -> None:
    assert secrets_of({"PULUMI_BACKEND_URL": "postgres://user:hunter-two@db.example.com/state"}) == {"hunter-two"}


def test_what_is_learnt_later_is_hidden_from_then_on() -> None:
    out = io.StringIO()
    console = Console(out, out, Redactor([]))
    console.hide(["a new secret"])
    console.say("here is a new secret")
    console.warn("and a new secret")
    assert out.getvalue() == f"here is {MASK}\nwarning: and {MASK}\n"


def test_nothing_said_is_taken_for_a_command_by_a_runner() -> None:
    out = io.StringIO()
    Console(out, out, Redactor([])).say("fine\n  ::stop-commands::x\npod | ##[set-output]y")
    assert out.getvalue() == "fine\n|   ::stop-commands::x\npod | ## [set-output]y\n"


def test_a_console_that_nobody_reads_any_more_stops_nothing() -> None:
    closed = io.StringIO()
    closed.close()
    Console(closed, closed, Redactor([])).say("still at work")
