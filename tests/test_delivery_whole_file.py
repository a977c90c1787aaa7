"""A file is written whole or stays as it is."""

import os
from pathlib import Path

import pytest

from delivery.problems import DeliveryError
from delivery.whole_file import write_whole


@pytest.mark.parametrize("there", [None, "before"])
def test_an_interruption_leaves_the_file_as_it_was_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: str | None
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    file = tmp_path / "Pulumi.dev.yaml"
    if there is not None:
        file.write_text(there, "utf-8")
    monkeypatch.setattr(os, "replace", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_whole(file, "after")
    assert {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()} == ({file.name: there} if there else {})


def test_any_text_is_written_and_everyone_may_read_it(tmp_path: Path) -> None:
    file = tmp_path / "Pulumi.dev.yaml"
    write_whole(file, "message: Grüße\n")
    assert file.read_bytes() == "message: Grüße\n".encode()
    assert file.stat().st_mode & 0o777 == 0o644


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match=r"Pulumi\.dev\.yaml cannot be written"):
        write_whole(tmp_path / "missing" / "Pulumi.dev.yaml", "")
