"""What the folders' own READMEs say of their modules is so."""

import argparse
import re

import pytest

from delivery.__main__ import COMMANDS, _module
from tests.conftest import PROJECT


def named_in(text: str) -> list[str]:
    first_cells = re.findall(r"^\|([^|]*)\|", text, re.MULTILINE)
    return [name for cell in first_cells for name in re.findall(r"`(\w+\.py)`", cell)]


def readme_of(folder: str) -> str:
    return (PROJECT / folder / "README.md").read_text("utf-8")


@pytest.mark.parametrize("folder", ["delivery", "bootstrap"])
def test_the_readme_names_every_module_of_its_folder_once_and_no_other(folder: str) -> None:
    modules = [path.name for path in (PROJECT / folder).glob("*.py") if path.name != "__init__.py"]
    assert sorted(named_in(readme_of(folder))) == sorted(modules)


@pytest.mark.parametrize("folder", ["delivery", "bootstrap"])
def test_its_links_lead_somewhere(folder: str) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)", readme_of(folder))
    assert links
    assert [link for link in links if not (PROJECT / folder / link).exists()] == []


def test_the_commands_are_the_modules_that_are_named_after_them() -> None:
    commands = readme_of("delivery").split("## Commands")[1].split("\n## ")[0]
    assert sorted(named_in(commands)) == sorted(f"{name.replace('-', '_')}.py" for name in COMMANDS)


def test_the_decision_on_the_tear_down_names_every_module_of_it() -> None:
    decision = (PROJECT / "docs/decisions/0019-tear-down.md").read_text("utf-8")
    modules = {path.name for path in (PROJECT / "delivery/teardown").glob("*.py")} - {"__init__.py"}
    assert modules - set(re.findall(r"`(?:[\w/]+/)?(\w+\.py)`", decision)) == set()


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_arguments_and_can_be_run(command: str) -> None:
    module = _module(command)
    module.add_arguments(argparse.ArgumentParser())
    assert callable(module.run)
