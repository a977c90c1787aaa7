"""`make`, given anything: what a caller says reaches Python as one word, and nothing of it is run."""

import os
import re
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).parent.parent
MAKEFILE = (PROJECT / "Makefile").read_text("utf-8")
SWITCHES = tuple(re.findall(r"^\$\(foreach switch,([A-Z_ ]+),", MAKEFILE, re.MULTILINE)[0].split())
TAKEN = frozenset(re.findall(r"^override (\w+) := \$\(value \1\)$", MAKEFILE, re.MULTILINE))
# Those that call the project's Python, by whatever name it has there.
RULES = re.compile(r"^([a-z-]+): \$\(VENV\)/installed(?:-dev)? ##.*\n((?:\t.*\n)+)", re.MULTILINE)
TARGETS = {name: recipe for name, recipe in RULES.findall(MAKEFILE) if "$(DELIVERY)" in recipe or "$(RUN) -m" in recipe}
FORMS = (
    "$(shell touch canary)",
    "$$(touch canary)",
    "`touch canary`",
    "'; touch canary; '",
    '"; touch canary; "',
    "$(eval $(shell touch canary))${IFS}",
    "a b\tc * ? ~ {x,y} \\ %",
    "-x --help",
    "\u202e\x1b[31m",
)
# What only the environment can hold: of an argument, make reads the first line.
LINES = ("a\n\ttouch canary\n", "a\nall: ; touch canary")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """The Makefile alone, with a Python that writes down what it is called with, one word a line of NUL."""
    (tmp_path / "Makefile").write_text(MAKEFILE)
    for stamp in ("requirements.txt", "requirements-dev.txt", ".venv/python", ".venv/installed", ".venv/installed-dev"):
        (tmp_path / stamp).parent.mkdir(exist_ok=True)
        (tmp_path / stamp).touch()
    (tmp_path / "app").mkdir()
    stub = tmp_path / ".venv" / "bin" / "python"
    stub.parent.mkdir()
    stub.write_text(f"#!/bin/sh\nprintf '%s\\0' \"$@\" >>'{tmp_path}/calls'\n")
    stub.chmod(0o755)
    return tmp_path


def called(house: Path, target: str, given: dict[str, str], way: str) -> tuple[int, list[str]]:
    """make's exit code, and the words that Python was called with."""
    inherited = {key: value for key, value in os.environ.items() if key not in TAKEN and not key.startswith("MAKE")}
    arguments = [f"{key}={value}" for key, value in given.items()] if way == "argument" else []
    environment = {**inherited, **(given if way == "environment" else {})}
    done = subprocess.run(
        ["make", "--silent", target, *arguments], cwd=house, env=environment, capture_output=True, check=False
    )
    calls = house / "calls"
    return done.returncode, calls.read_bytes().decode("utf-8", "surrogateescape").split("\0") if calls.exists() else []


@pytest.mark.parametrize("way", ["argument", "environment"])
@pytest.mark.parametrize("target", sorted(TARGETS))
def test_whatever_a_caller_gives_is_one_word_and_is_not_run(house: Path, target: str, way: str) -> None:
    used = set(re.findall(r"\$\$\{?([A-Z_]+)", TARGETS[target])) & TAKEN
    for text in FORMS if way == "argument" else (*FORMS, *LINES):
        (house / "calls").unlink(missing_ok=True)
        _, words = called(house, target, dict.fromkeys(sorted(TAKEN - {*SWITCHES, "TIMES"}), text), way)
        assert words, text
        found = [word for word in words if word in (text, word.partition("=")[0] + "=" + text)]
        assert len(found) >= len(used - {"TIMES"}), (words, text)
        assert not list(house.rglob("canary*")), text


@pytest.mark.parametrize("way", ["argument", "environment"])
@pytest.mark.parametrize("switch", SWITCHES)
def test_a_switch_that_says_anything_but_yes_stops_everything(house: Path, switch: str, way: str) -> None:
    for text in ("no", "Yes", "yes no", "yes; touch canary", "$(shell touch canary)", "`touch canary`", "\u202e"):
        code, words = called(house, "deploy", {switch: text}, way)
        assert (code, words) == (2, []), text
        assert not (house / "canary").exists(), text


@pytest.mark.parametrize("way", ["argument", "environment"])
def test_how_long_to_try_hostile_input_is_a_number_or_nothing_is_tried(house: Path, way: str) -> None:
    for text in ("many", "0", "-1", "1.5", "10000", "1 2", *FORMS, *(LINES if way == "environment" else ())):
        assert called(house, "fuzz", {"TIMES": text}, way) == (2, []), text
        assert not list(house.rglob("canary*")), text
    for text in ("", "1", "9999"):
        code, words = called(house, "fuzz", {"TIMES": text}, way)
        assert (code, words[:2]) == (0, ["-m", "pytest"]), text
        (house / "calls").unlink()


def test_every_variable_that_a_recipe_reads_is_taken_as_text() -> None:
    read = {name for recipe in TARGETS.values() for name in re.findall(r"\$\$\{?([A-Z_]+)", recipe)}
    assert {"STACK", "PR", "AGAINST", "EVENT"} <= read <= TAKEN
    exported = re.findall(r"^export (.*)$", MAKEFILE, re.MULTILINE)[0].split()
    assert set(exported) == TAKEN


def test_no_recipe_pastes_a_callers_text_into_the_shell() -> None:
    for name, recipe in TARGETS.items():
        pasted = set(re.findall(r"\$\((\w+)\)", recipe)) & TAKEN
        only_compared = set(re.findall(r"\$\(filter yes,\$\((\w+)\)\)", recipe))
        assert pasted <= only_compared, name
        assert not re.search(r'(?<!["=])\$\$\{?[A-Z_]+(?!\w*:\+)', recipe), name
