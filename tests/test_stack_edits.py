"""Edits of a stack's file leave the rest of it alone."""

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from delivery.stack_edits import SECRETS_KEYS, edit, top, without

FILE = """# Ours.
config:
  # Of the next line.
  helloworld:region: us-west-2   # here
  helloworld:zones: [a, b]
  helloworld:empty: ""
"""
ROLE = "arn:aws:iam::123456789012:role/deploy"
PROVIDER = "awskms://alias/helloworld-pulumi?region=us-west-2"


def test_values_are_added_and_every_other_line_stays() -> None:
    edited = edit(FILE, {"secretsprovider": PROVIDER, "encryptedkey": "a+b/c=="}, {"helloworld:deployRole": ROLE})
    assert edited.text == FILE.replace(
        "config:\n", f"secretsprovider: {PROVIDER}\nencryptedkey: a+b/c==\nconfig:\n  helloworld:deployRole: {ROLE}\n"
    )
    assert edited.written == ("secretsprovider", "encryptedkey", "helloworld:deployRole")


def test_writing_again_writes_nothing() -> None:
    once = edit(FILE, {"secretsprovider": PROVIDER}, {"helloworld:deployRole": ROLE})
    again = edit(once.text, {"secretsprovider": PROVIDER}, {"helloworld:deployRole": ROLE})
    assert (again.text, again.written, again.other) == (once.text, (), {})


def test_another_value_is_told_and_kept() -> None:
    edited = edit(FILE, {}, {"helloworld:region": "eu-west-1", "helloworld:zones": "x"})
    assert edited.text == FILE
    assert edited.other == {"helloworld:region": "us-west-2", "helloworld:zones": "[a, b]"}


@pytest.mark.parametrize("empty", ['""', "''", ""])
def test_an_empty_value_is_filled_in_place(empty: str) -> None:
    text = f"config:\n  helloworld:deployRole: {empty}\n  helloworld:region: a\n"
    edited = edit(text, {}, {"helloworld:deployRole": ROLE})
    assert yaml.safe_load(edited.text) == {"config": {"helloworld:deployRole": ROLE, "helloworld:region": "a"}}
    assert len(edited.text.splitlines()) == 3


@pytest.mark.parametrize("text", ["", "# only this", "config:\n", "config:", "config:\n# nothing yet\n", "a: b"])
def test_a_file_without_settings_gets_them(text: str) -> None:
    edited = edit(text, {"secretsprovider": PROVIDER}, {"helloworld:deployRole": ROLE})
    document = yaml.safe_load(edited.text)
    assert (document["secretsprovider"], document["config"]) == (PROVIDER, {"helloworld:deployRole": ROLE})
    assert [line for line in text.splitlines() if line.startswith("#")] == [
        line for line in edited.text.splitlines() if line.startswith("#")
    ]


@pytest.mark.parametrize("text", ["config: {}\n", "config: {a: b}\n", "config: []\n", "config: ''\n"])
def test_what_cannot_be_edited_is_told(text: str) -> None:
    edited = edit(text, {}, {"helloworld:deployRole": ROLE})
    assert (edited.text, list(edited.other)) == (text, ["helloworld:deployRole"])


def test_keys_of_the_file_itself_are_read_and_removed() -> None:
    text = edit(FILE, {"encryptionsalt": "v1:x"}, {}).text
    assert top(text) == {"encryptionsalt": "v1:x"}
    assert without(text, ["encryptionsalt", "secretsprovider"]) == FILE


KEYS = st.from_regex(r"\A[a-z]{1,8}:[a-zA-Z]{1,8}\Z")
VALUES = st.from_regex(r"\A[a-z0-9]{1,8}\Z").map(lambda text: f"v-{text}")


@given(st.dictionaries(KEYS, VALUES, max_size=5), st.dictionaries(KEYS, VALUES, max_size=3), st.integers(1, 6))
def test_what_is_read_afterwards_is_both(there: dict[str, str], new: dict[str, str], indent: int) -> None:
    lines = [f"{' ' * indent}{key}: {value}\n" for key, value in there.items()]
    edited = edit("".join(["config:\n", *lines]), {}, new)
    assert (yaml.safe_load(edited.text)["config"] or {}) == {**new, **there}
    assert set(edited.other) == {key for key in new if there.get(key, new[key]) != new[key]}


@pytest.mark.parametrize("written", ["region", "helloworld:config:region", '"helloworld:region"'])
def test_a_key_is_found_however_the_file_writes_it(written: str) -> None:
    text = f"config:\n  {written}: us-west-2\n"
    edited = edit(text, {}, {"helloworld:region": "eu-west-1"})
    assert (edited.text, edited.other) == (text, {"helloworld:region": "us-west-2"})


def test_tabs_that_the_engine_takes_stay() -> None:
    text = 'config:\n  helloworld:a:\tb\t# tab\n  helloworld:c:\t""\n'
    assert edit(text, {}, {"helloworld:c": "d"}).text == text.replace('""', " d")


@pytest.mark.parametrize("text", ["config: " + "[" * 100_000 + "]" * 100_000, "config: " + "{a: " * 100_000])
def test_a_file_nested_deeper_than_any_setting_is_no_yaml(text: str) -> None:
    for look in (top, lambda text: without(text, SECRETS_KEYS), lambda text: edit(text, {}, {"helloworld:a": "b"})):
        with pytest.raises(yaml.YAMLError, match="nested"):
            look(text)
