"""Known vulnerabilities: what is known, and what could not be learned."""

import http.server
import json
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scan import audit
from scan.__main__ import main
from scan.finding import ScanError
from tests import programs
from tests.conftest import PROJECT

LOCK = "flask==3.1.3 \\\n    --hash=sha256:00\nTyping_Extensions==4.16.0 \\\n    --hash=sha256:01\n"
MARKED = "colorama==0.4.6 ; sys_platform == 'win32' \\\n    --hash=sha256:02\n"
KNOWN = {"id": "PYSEC-1", "fix_versions": ["3.1.4"], "description": "It leaks.\nAnd more.", "aliases": []}
PIP_AUDIT = Path(sys.prefix) / "scan" / "bin" / "pip-audit"


def said(*packages: dict[str, Any]) -> str:
    return json.dumps({"dependencies": list(packages), "fixes": []})


def package(name: str, version: str, *vulnerabilities: dict[str, Any]) -> dict[str, Any]:
    return {"name": name, "version": version, "vulns": list(vulnerabilities)}


TYPING = package("typing-extensions", "4.16.0")


def test_packages_of_which_nothing_is_known_are_no_finding() -> None:
    assert audit.parse(said(package("flask", "3.1.3"), TYPING), "x.txt", LOCK) == []


def test_a_known_vulnerability_is_told_with_what_mends_it() -> None:
    (found,) = audit.parse(said(package("flask", "3.1.3", KNOWN), TYPING), "x.txt", LOCK)
    assert (found.rule, found.where, found.what) == ("PYSEC-1", "x.txt", "flask 3.1.3: It leaks.")
    assert found.cure.startswith("3.1.4 and newer mend it")
    (unmended,) = audit.parse(said(package("flask", "3.1.3", {**KNOWN, "fix_versions": []}), TYPING), "x.txt", LOCK)
    assert unmended.cure == "no version mends it yet"


def test_a_package_that_was_skipped_is_not_taken_for_a_safe_one() -> None:
    skipped = {"name": "flask", "skip_reason": "Dependency not found on PyPI"}
    (found,) = audit.parse(said(skipped, TYPING), "x.txt", LOCK)
    assert (found.rule, found.what) == ("not-audited", "1 packages, e.g. flask: Dependency not found on PyPI")
    assert "reach the database" in found.cure


@pytest.mark.parametrize("answer", [said(), said(TYPING), said(TYPING, package("flask", "3.1.2"))])
def test_a_locked_package_that_was_not_asked_about_is_a_finding(answer: str) -> None:
    (found,) = audit.parse(answer, "x.txt", LOCK)
    assert "e.g. flask: it was not asked about" in found.what


def test_a_package_of_another_platform_need_not_be_asked_about() -> None:
    assert audit.parse(said(package("flask", "3.1.3"), TYPING), "x.txt", LOCK + MARKED) == []


def test_every_lock_file_of_the_project_is_audited() -> None:
    expected = {"requirements.txt", "requirements-dev.txt", "requirements-scan.txt", "app/requirements.txt"}
    assert set(audit.lock_files(PROJECT)) == expected


def test_a_lock_file_that_is_missing_is_told(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "requirements.in").touch()
    (tmp_path / "requirements.txt").touch()
    (tmp_path / "app" / "requirements.in").touch()
    with pytest.raises(ScanError, match=r"requirements\.txt is not there\n  cure: make lock"):
        audit.lock_files(tmp_path)


def test_a_database_that_cannot_be_reached_is_a_failure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = tmp_path / "pip-audit"
    programs.install(broken, "raise SystemExit('ConnectionError: no way out')")
    assert main(["--scanners", str(tmp_path), "audit"]) == 2
    err = capsys.readouterr().err
    assert "pip-audit failed with exit code 1: ConnectionError: no way out" in err
    assert "cure: let it reach the database" in err


class Database(http.server.BaseHTTPRequestHandler):
    """An OSV service that knows something of one package."""

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        affected = {
            "package": {"name": "idna", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "99"}]}],
        }
        known = {"id": "PYSEC-0000-1", "summary": "It leaks.", "details": "It leaks.", "affected": [affected]}
        answer = {"vulns": [known]} if asked["package"]["name"] == "idna" else {}
        body = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def database() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Database) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/v1/query"
        server.shutdown()
        thread.join()


@pytest.mark.skipif(not PIP_AUDIT.exists(), reason="no scanners here; cure: make .venv/scanners")
def test_the_real_tool_finds_what_a_database_knows(database: str, tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    source = PROJECT / "app" / "requirements"
    for name in ("in", "txt"):
        (tmp_path / "app" / f"requirements.{name}").write_text(source.with_suffix(f".{name}").read_text("utf-8"))
    (found,) = audit.findings(tmp_path, PIP_AUDIT.parent, database)
    assert (found.rule, found.where) == ("PYSEC-0000-1", "app/requirements.txt")
    assert found.what.startswith("idna ")
