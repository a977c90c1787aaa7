"""What the documents say of the code is so."""

import os
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.conftest import PROJECT

README = (PROJECT / "README.md").read_text("utf-8")
DOCUMENTS = [
    PROJECT / "README.md",
    *sorted((PROJECT / "docs").rglob("*.md")),
    *(PROJECT / each / "README.md" for each in ("app", "bootstrap", "delivery")),
]


def table_rows() -> dict[str, list[str]]:
    rows = re.findall(r"^\| `(\w+)` \|(.*)\|$", README, re.MULTILINE)
    return {key: [cell.strip() for cell in cells.split("|")] for key, cells in rows}


def shown(default: object) -> str:
    if isinstance(default, list):
        return f"[{', '.join(default)}]"
    if isinstance(default, bool):
        return str(default).lower()
    return str(default)


def test_the_table_of_settings_is_that_of_pulumi_yaml() -> None:
    described = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text("utf-8"))["config"]
    expected = {key: [each["type"], shown(each["default"]), each["description"]] for key, each in described.items()}
    assert table_rows() == expected


@pytest.mark.parametrize("folder", ["infra", "offline"])
def test_the_tree_names_every_file_of_a_package_and_no_other(folder: str) -> None:
    tree = README.split("## What is where")[1].split("```")[1]
    below = re.split(rf"^{folder}/.*$", tree, flags=re.MULTILINE)[1]
    named, subfolder = [], ""
    for line in re.split(r"^\w", below, maxsplit=1, flags=re.MULTILINE)[0].splitlines():
        if opened := re.match(r"  (\w+/) ", line):
            subfolder = opened[1]
        elif file := re.match(r"(  |    )(\w+\.py) ", line):
            named.append(f"{subfolder if len(file[1]) > 2 else ''}{file[2]}")
    files = [path for path in (PROJECT / folder).rglob("*.py") if path.name != "__init__.py"]
    assert sorted(named) == sorted(path.relative_to(PROJECT / folder).as_posix() for path in files)


@pytest.mark.parametrize("variable", ["STACK", "FORMAT", "AGAINST", "LOAD"])
@pytest.mark.parametrize(
    "form", ["a'; touch {}; '", "$(shell touch {})", "$$(touch {})", "`touch {}`", '"; touch {}; "']
)
@pytest.mark.parametrize("given", ["argument", "environment"])
def test_what_a_caller_gives_to_make_is_text(tmp_path: Path, variable: str, form: str, given: str) -> None:
    """A branch may be named like that, and a pipeline may pass its name on."""
    trace, text = tmp_path / "trace", form.format(tmp_path / "trace")
    command = ["make", "-s", "preview", "RUN=true"]
    arguments = [f"{variable}={text}"] if given == "argument" else []
    environment = {**os.environ, **({variable: text} if given == "environment" else {})}
    (tmp_path / "Makefile").write_text((PROJECT / "Makefile").read_text("utf-8"))
    for stamp in (".venv/python", ".venv/installed", "requirements.txt"):
        (tmp_path / stamp).parent.mkdir(exist_ok=True)
        (tmp_path / stamp).touch()
    (tmp_path / ".venv" / "installed").touch()
    subprocess.run([*command, *arguments], cwd=tmp_path, env=environment, check=False, capture_output=True)
    assert not trace.exists()


def test_the_readme_names_every_folder() -> None:
    tree = README.split("## What is where")[1].split("```")[1]
    named = set(re.findall(r"^(\w+)/ ", tree, re.MULTILINE))
    folders = {path.name for path in PROJECT.iterdir() if path.is_dir() and not path.name.startswith((".", "_"))}
    assert named == folders


def test_every_command_that_is_named_is_there() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (PROJECT / "Makefile").read_text("utf-8"), re.MULTILINE))
    text = "\n".join(document.read_text("utf-8") for document in DOCUMENTS)
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", text, re.MULTILINE))
    assert {"preview", "test", "check", "bench", "run", "help"} <= named
    assert named <= targets


def test_the_index_of_decisions_has_each_under_its_own_title() -> None:
    folder = PROJECT / "docs" / "decisions"
    listed = re.findall(
        r"^\| \[(\d+)\]\(([\w-]+\.md)\) \| (.+) \|$", (folder / "README.md").read_text("utf-8"), re.MULTILINE
    )
    titles = [(path.name, path.read_text("utf-8").splitlines()[0]) for path in sorted(folder.glob("[0-9]*.md"))]
    assert [(file, f"# {number}. {title}") for number, file, title in listed] == titles


def test_the_steps_of_a_peering_have_the_consent_that_the_deploy_role_needs() -> None:
    from bootstrap.neighbour_policy import CONSENT

    steps = (
        (PROJECT / "docs" / "operations.md").read_text("utf-8").partition("\n## Neighbours\n")[2].partition("\n## ")[0]
    )
    assert f"Key={CONSENT},Value=<stack>" in steps


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(PROJECT).as_posix())
def test_links_inside_the_project_lead_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?://)([^)#]+)", document.read_text("utf-8"))
    assert [link for link in links if not (document.parent / link).exists()] == []


def test_lock_files_name_no_package_index() -> None:
    locks = [*PROJECT.glob("requirements*.txt"), PROJECT / "app" / "requirements.txt"]
    assert len(locks) == 4
    for lock in locks:
        text = lock.read_text("utf-8")
        assert "--hash=sha256:" in text
        assert not re.search(r"https?://|--index-url|--extra-index-url|--find-links|-i ", text)
