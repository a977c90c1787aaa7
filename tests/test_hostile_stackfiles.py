"""A stack's file, however it is broken or forged: a clean plan, or one clear refusal."""

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from infra import settings
from infra.problems import SettingsError
from infra.settings import Settings
from offline import stackfile, yamlfile
from offline.projectfile import read_project
from tests import hostile

PROJECT = Path(__file__).parent.parent
REAL = tuple((PROJECT / f"Pulumi.{stack}.yaml").read_text("utf-8") for stack in ("dev", "prod", "local"))
KEYS = tuple(settings.setting_types())
LONGEST_PART = 600
# YAML as it would stand behind a key.
VALUES = (
    *("true", "yes", "on", "NO", "~", "null", "''", '""', "0o17", "017", "0x1F", "1_000", "-0", "+5", "0b101", "1.0"),
    *(
        "1:30:00",
        "190:20:30",
        "1e400",
        "-1e400",
        "1e-400",
        ".inf",
        "-.INF",
        ".nan",
        "9" * 310,
        "0x" + "f" * 300,
        "9" * 500,
    ),
    *("18446744073709551616", "2026-01-02", "2026-01-02T03:04:05Z", "[]", "{}", "[[]]", "{a: {b: {c: d}}}"),
    *("[1, 'a', null, {b: c}]", "[null]", "{1: 2}", "{[a]: b}", "{a: b, a: c}", "{<<: {a: b}}", "[a, a]"),
    *("!!python/object/apply:os.system [touch canary]", "!!binary aGVsbG8=", "!!set {a, b}", "!!int 5", "!<tag:x> y"),
    *(
        "!!str 5",
        "!!float 5",
        "!!omap [a: b]",
        "&a [*a]",
        "&a x",
        "*a",
        "*unknown",
        "<<",
        "? a",
        "- a",
        "|\n    a\n  b",
    ),
    *(">-\n    x", "'unterminated", '"unterminated', '"\\x1b[31m"', '"\\uD800"', '"\\0"', '"\\N"', '"\\/"', "@at"),
    *("`tick", "%dir", "# nothing", "{secure: v1:abc:def}", "{secure: [1]}", "{secure: }", "{secure: a, b: c}"),
    *("[{secure: a}]", "{a: {secure: {secure: a}}}", "${PATH}", "$(touch canary)", "[" * 40, "{a: " * 40),
    *("10.0.0.0/16", "0.0.0.0/0", "[0.0.0.0/0, ::/0]", "10.0.0.0/33", "10.0.0.1/16", "010.0.0.0/8", "٣", "१०"),
    *("us-west-2", "local", "reference", "arn:aws:iam::123456789012:role/a", "[{principal: a, policy: b}]", "spot"),
)
written = st.sampled_from(VALUES) | hostile.texts.map(json.dumps) | st.integers().map(str) | st.floats().map(str)
keys = (
    st.sampled_from([f"helloworld:{key}" for key in KEYS])
    | st.sampled_from(
        [
            *("helloworld:tags.team", "helloworld:zones[0]", "helloworld:a.b[0]", "tags.team", "region", "5", "true"),
            *("helloworld:config:message", "aws:region", "aws:profile", "pulumi:disable-default-providers", "<<", "*a"),
            *("hell\u043eworld:message", "helloworld:M\u0435ssage", '"helloworld:message\\u200b"', "? [a]", '"\\e"'),
            *("secure", "x" * 300, "__proto__", "helloworld:", ":message", "a:b:c:d", "'helloworld: message'", "~"),
        ]
    )
    | hostile.texts.map(json.dumps)
)
GLUE = ("\n", ": ", "- ", "  ", "#", "&a ", "*a ", "---\n", "\t", ",", "}", "]")
WRAPPED: tuple[Callable[[str], bytes], ...] = (
    lambda text: text.encode("utf-8", "surrogatepass"),
    lambda text: b"\xef\xbb\xbf" + text.encode("utf-8", "replace"),
    lambda text: text.encode("utf-16"),
    lambda text: text.encode("utf-16-be", "surrogatepass"),
    lambda text: text.encode("latin-1", "replace"),
    lambda text: text.replace("\n", "\r\n").encode("utf-8", "replace"),
    lambda text: text.replace("\n", "\r").encode("utf-8", "replace"),
    lambda text: text.replace("  ", "\t").encode("utf-8", "replace"),
    lambda text: f"{text}---\n{text}".encode("utf-8", "replace"),
    lambda text: f"%YAML 9.9\n---\n{text}...\n".encode("utf-8", "replace"),
    lambda text: f"- {text}".encode("utf-8", "replace"),
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A real file with up to four of its lines changed, sometimes wrapped, cut or with rubbish in it."""
    lines = draw(st.sampled_from(REAL)).splitlines()
    for _ in range(draw(st.integers(1, 4))):
        at = draw(st.integers(0, len(lines) - 1))
        old = lines[at]
        indent = draw(st.sampled_from(["  ", "  ", "  ", "", "    ", "\t"]))
        match draw(st.integers(0, 6)):
            case 0:
                lines[at] = f"{old.partition(': ')[0]}: {draw(written)}"
            case 1 | 2 | 3:
                lines.append(f"{indent}{draw(keys)}: {draw(written)}")
            case 4:
                lines.insert(at, old)
            case 5:
                lines[at] = old[: draw(st.integers(0, len(old)))]
            case _:
                lines[at] = indent + old.lstrip()
    text = "\n".join(lines) + "\n"
    if draw(st.integers(0, 5)):
        return text.encode("utf-8", "surrogatepass")
    content = draw(st.sampled_from(WRAPPED))(text)
    start, length = draw(st.integers(0, len(content))), draw(st.integers(0, 20))
    return content[:start] + draw(st.binary(max_size=8)) + content[start + length :]


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A project like ours, whose own file is read once only: that would take most of the time."""
    made = tmp_path_factory.mktemp("stackfiles")
    (made / "Pulumi.yaml").write_bytes((PROJECT / "Pulumi.yaml").read_bytes())
    read = read_project(made, [])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stackfile, "read_project", lambda *_: read)
        yield made


def outcome(project: Path, content: bytes) -> Settings | str:
    """The settings of such a file, or the refusal; every part of a refusal is told, on one line, and short."""
    (project / "Pulumi.dev.yaml").write_bytes(content)
    problems: list[Any] = []
    accepted: Settings | None = None
    try:
        accepted = settings.parse(stackfile.load(project, "dev").config, stack="dev")
    except stackfile.StackFileError as error:
        problems, told = error.problems, str(error)
    except SettingsError as error:
        problems, told = list(error.problems), str(error)
    if accepted is not None:
        return accepted
    assert problems
    for each in problems:
        for part in (each.key, each.value, each.reason, each.cure):
            assert part, each
            assert part.isprintable(), each
            assert len(part) < LONGEST_PART, each
    assert "Traceback" not in told
    return told


def assert_fit_for_names(accepted: Settings) -> None:
    """What an accepted file puts into names, networks and ARNs."""
    assert not accepted.network_cidr.overlaps(accepted.service_cidr)
    for role in (accepted.deploy_role, accepted.review_role, accepted.preview_role, accepted.permissions_boundary):
        assert role is None or re.fullmatch(r"arn:aws:iam::(\d{12}|aws):[a-z]+/[\w+=,.@/-]+", role, re.ASCII)
    for text in (accepted.hostname, accepted.zone):
        assert text is None or re.fullmatch(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]*", text)
    for text in (accepted.message, *accepted.tags, *accepted.tags.values()):
        assert text.isprintable()
    for grant in accepted.access:
        for name in grant.namespaces:
            assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", name)
    assert len(set(accepted.zones)) == len(accepted.zones) in (2, 3)


def judged(project: Path, content: bytes) -> None:
    judgement = outcome(project, content)
    if isinstance(judgement, Settings):
        assert_fit_for_names(judgement)


@hostile.many(3000)
@given(content=mutated())
@example(content=b"config:\n  message: \xed\xa0\x80\n")
@example(content=b"\x00" * 1000)
@example(content=b"config: &a {<<: *a}\n")
def test_a_mutated_stack_file_is_accepted_or_refused_in_words(project: Path, content: bytes) -> None:
    judged(project, content)


@hostile.many(200)
@given(content=mutated())
def test_the_same_file_gets_the_same_answer(project: Path, content: bytes) -> None:
    assert outcome(project, content) == outcome(project, content)


def test_the_mutations_reach_both_ends(project: Path) -> None:
    """Else the property above would hold of nothing."""
    for real in REAL:
        assert isinstance(outcome(project, real.encode()), Settings)
    read = [text for text in VALUES if not yamlfile.read(f"config:\n  a: {text}\n".encode())[1]]
    assert 20 < len(read) < len(VALUES) - 20


@hostile.many(4000)
@given(st.lists(st.sampled_from(VALUES + GLUE), max_size=12))
def test_any_pieces_of_yaml_are_a_value_or_a_flaw_with_a_cure(parts: list[str]) -> None:
    content = "".join(parts).encode("utf-8", "surrogatepass")
    value, flaws = yamlfile.read(content)
    assert yamlfile.read(content) == (value, flaws)
    assert all(flaw.reason and flaw.cure for flaw in flaws)


structures = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | hostile.texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(hostile.texts, inner, max_size=4),
    max_leaves=8,
)


@hostile.many(3000)
@given(st.dictionaries(st.sampled_from(KEYS) | hostile.texts, structures.map(json.dumps) | hostile.texts, max_size=5))
@example({"zones": '{"a": NaN}'})
def test_whatever_the_engine_hands_over_is_settings_or_a_refusal(handed_over: dict[str, str]) -> None:
    configuration = {f"helloworld:{key}": text for key, text in handed_over.items()}
    try:
        accepted = settings.parse(configuration, stack="dev")
    except SettingsError as error:
        for each in error.problems:
            assert each.key.isprintable()
            assert all(part and part.isprintable() for part in (each.value, each.reason, each.cure)), each
            assert len(str(each)) < 3 * LONGEST_PART
    else:
        assert_fit_for_names(accepted)


@hostile.many(1000)
@given(hostile.texts)
def test_a_message_is_taken_if_all_of_it_can_be_seen(text: str) -> None:
    try:
        accepted = settings.parse({"helloworld:message": text}).message
    except SettingsError:
        assert not text.isprintable() or len(text) > 200
    else:
        assert accepted == text or text == ""
        assert text.isprintable()


@pytest.mark.parametrize("text", ["[" * 100_000, "9" * 5000, "1e400", "{" * 100_000, '"' + "a" * 100_000, "NaN"])
@pytest.mark.parametrize("key", ["tags", "replicasMin", "zones"])
def test_a_value_that_would_break_a_reader_of_json_is_refused(key: str, text: str) -> None:
    with pytest.raises(SettingsError) as caught:
        settings.parse({f"helloworld:{key}": text})
    (problem,) = caught.value.problems
    assert problem.key == f"helloworld:{key}"


@pytest.mark.parametrize("character", ["x", "\u00e9"])
def test_a_long_text_that_aliases_repeat_is_refused_before_it_takes_memory(project: Path, character: str) -> None:
    """Half a megabyte, said nine thousand times, would be more than the machine has."""
    text = f"config:\n  helloworld:message: &a '{character * 250_000}'\n"
    text += f"  helloworld:zones: [{', '.join(['*a'] * 9000)}]\n"
    refused = outcome(project, text.encode())
    assert isinstance(refused, str)
    assert "more than 1000000 characters, aliases expanded" in refused


def test_a_file_that_is_as_large_as_may_be_is_judged(project: Path) -> None:
    for filling in ("x" * 900_000, "- " * 450_000, "? " * 450_000, "{a: " * 200_000, "[" * 900_000, "9" * 900_000):
        assert isinstance(outcome(project, f"config:\n  helloworld:zones: {filling}\n".encode()), str)


@pytest.mark.parametrize("kind", ["directory", "pipe", "link to nowhere", "link to itself", "link to a device"])
def test_what_is_no_file_is_refused_and_not_waited_for(tmp_path: Path, kind: str) -> None:
    (tmp_path / "Pulumi.yaml").write_bytes((PROJECT / "Pulumi.yaml").read_bytes())
    path = tmp_path / "Pulumi.dev.yaml"
    match kind:
        case "directory":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case "link to nowhere":
            path.symlink_to("nowhere")
        case "link to itself":
            path.symlink_to(path)
        case _:
            path.symlink_to("/dev/zero")
    with pytest.raises((stackfile.StackFileError, stackfile.UnknownStackError)) as caught:
        stackfile.load(tmp_path, "dev")
    assert re.search(r"not a file|no stack", str(caught.value))


def test_a_file_that_may_not_be_read_is_refused_with_the_reason(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    (project / "Pulumi.dev.yaml").write_text("")
    monkeypatch.setattr(Path, "read_bytes", refuse)
    with pytest.raises(stackfile.StackFileError, match="cannot be read: Permission denied"):
        stackfile.load(project, "dev")
