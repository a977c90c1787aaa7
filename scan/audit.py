"""Known vulnerabilities of the packages in every lock file, by pip-audit.

It asks a database over the network, PyPI's unless an OSV service is named. A package of which nothing can be learned
counts as a finding: pip-audit itself skips it, says "No known vulnerabilities found", and exits with 0.
https://github.com/pypa/pip-audit
"""

import json
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from scan.finding import Finding, ScanError
from scan.tool import Tool, start

NAME = "pip-audit"
NOT_AUDITED = "not-audited"
CURE = "let it reach the database (https://pypi.org, or --osv-url), and see that the package is really on PyPI"
# How the network is reached is the caller's.
_WAY_OUT = (
    *(f"{each}_PROXY" for each in ("HTTP", "HTTPS", "NO")),
    *(f"{each}_proxy" for each in ("http", "https", "no")),
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "SSL_CERT_DIR",
    "SSL_CERT_FILE",
)
# A package that every platform needs; one with a marker may be none of this platform's.
_LOCKED = re.compile(r"^([A-Za-z0-9._-]+)==([^\s;\\]+)\s*\\?$", re.MULTILINE)


def lock_files(project: Path) -> list[str]:
    """The lock files of a project, relative to it: the ones that belong to a `requirements*.in`.

    Raises:
        ScanError: one has not been locked.
    """
    sources = [*sorted(project.glob("requirements*.in")), project / "app" / "requirements.in"]
    locks = [source.with_suffix(".txt") for source in sources]
    missing = [lock.name for lock in locks if not lock.is_file()]
    if missing:
        raise ScanError(f"{', '.join(missing)} is not there\n  cure: make lock")
    return [lock.relative_to(project).as_posix() for lock in locks]


def findings(project: Path, binaries: Path, osv_url: str | None = None) -> list[Finding]:
    """What is known of the packages of each lock file, and what could not be learned.

    Args:
        project: the project's directory.
        binaries: where pip-audit is.
        osv_url: the OSV service to ask instead of PyPI.

    Raises:
        ScanError: a lock file is missing, or pip-audit did not do its work, e.g. because nothing can be reached.
    """
    locks = lock_files(project)
    with tempfile.TemporaryDirectory(prefix="audit-home-") as home:
        tools = [_tool(project, binaries, lock, osv_url) for lock in locks]
        running = []
        try:
            running = [start(tool, Path(home)) for tool in tools]
            return sorted(each for one in running for each in one.findings())
        except ScanError as error:
            raise ScanError(f"{error}\n  cure: {CURE}") from None
        finally:
            for one in running:
                one.stop()


def parse(output: str, lock: str, locked: str) -> list[Finding]:
    """The findings in its JSON.

    Args:
        output: what it has written.
        lock: the lock file's name.
        locked: the lock file's text: each of its packages must have been asked about.
    """
    packages = json.loads(output)["dependencies"]
    known = [
        Finding(NAME, each["id"], lock, f"{package['name']} {package['version']}: {_first_line(each)}", 0, _fixed(each))
        for package in packages
        for each in package.get("vulns", ())
    ]
    asked = {(_normal(each["name"]), each["version"]) for each in packages if "skip_reason" not in each}
    skipped = {_normal(each["name"]): each["skip_reason"] for each in packages if "skip_reason" in each}
    unasked = {
        _normal(name): "it was not asked about"
        for name, version in _LOCKED.findall(locked)
        if (_normal(name), version) not in asked
    }
    missed = {**unasked, **skipped}
    if not missed:
        return known
    name, why = next(iter(missed.items()))
    return [*known, Finding(NAME, NOT_AUDITED, lock, f"{len(missed)} packages, e.g. {name}: {why}", 0, CURE)]


def _tool(project: Path, binaries: Path, lock: str, osv_url: str | None) -> Tool:
    service = ["--vulnerability-service=osv", f"--osv-url={osv_url}"] if osv_url else ["--vulnerability-service=pypi"]
    command = [
        str(binaries / "pip-audit"),
        f"--requirement={lock}",
        "--require-hashes",
        "--disable-pip",
        "--format=json",
        "--progress-spinner=off",
        *service,
    ]
    text = (project / lock).read_text("utf-8")
    return Tool(NAME, command, project, lambda output: parse(output, lock, text), keeps=_WAY_OUT)


def _first_line(vulnerability: dict[str, str]) -> str:
    return (vulnerability.get("description") or "a known vulnerability").strip().splitlines()[0]


def _fixed(vulnerability: dict[str, Sequence[str]]) -> str:
    versions = ", ".join(vulnerability["fix_versions"])
    return f"{versions} and newer mend it: edit the *.in file, make lock" if versions else "no version mends it yet"


def _normal(name: str) -> str:
    """A package's name as indexes compare it: https://packaging.python.org/en/latest/specifications/name-normalization/."""
    return re.sub(r"[-_.]+", "-", name).lower()
