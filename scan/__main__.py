"""The command line: `python -m scan`."""

import argparse
import contextlib
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from scan.finding import Finding, ScanError

PROJECT = Path(__file__).resolve().parent.parent
CLEAN, FOUND, NOT_SCANNED = 0, 1, 2
CODES = (
    "exit code: 0 nothing found; 1 something found; 2 a scanner could not do its work, or wrong usage; 130 interrupted"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Returns:
        0 if nothing was found that is not waived; 1 if something was; 2 if a scanner could not do its work.
    """
    options = _parser().parse_args(arguments)
    try:
        if options.command == "audit":
            from scan import audit

            return _tell_all(audit.findings(PROJECT, options.scanners, options.osv_url))
        return _scan(options)
    except ScanError as error:
        sys.stderr.write(f"error: {error}\n")
        return NOT_SCANNED
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m scan",
        description="Shows what the field's scanners say of the manifests and IAM policies of every stack, of the "
        "Dockerfile, the workflows and the repository. No network.",
        epilog=CODES,
    )
    parser.add_argument(
        "--scanners",
        metavar="DIR",
        type=Path,
        default=Path(sys.prefix) / "scan" / "bin",
        help="where checkov, parliament, hadolint, detect-secrets and pip-audit are (.venv/scan/bin)",
    )
    parser.add_argument("--keep", metavar="DIR", type=Path, help="write what is scanned there, and leave it")
    commands = parser.add_subparsers(dest="command", metavar="command")
    audit = commands.add_parser(
        "audit",
        help="ask a database whether a locked package has a known vulnerability (needs the network)",
        description="Asks PyPI, or an OSV service, about every package of every lock file.",
        epilog=CODES,
    )
    audit.add_argument("--osv-url", metavar="URL", help="an OSV service, e.g. https://api.osv.dev/v1/query")
    return parser


def _scan(options: argparse.Namespace) -> int:
    from scan import scanners, waivers

    listed = waivers.read(waivers.FILE.read_text("utf-8"))
    with _folder(options.keep) as stage, tempfile.TemporaryDirectory(prefix="scan-home-") as home:
        found = scanners.findings(PROJECT, stage, Path(home), options.scanners)
    judgement = waivers.judge(found, listed)
    if judgement.findings:
        waived = Counter(each.tool for each in judgement.waived)
        told = ", ".join(f"{count} of {tool}" for tool, count in sorted(waived.items())) or "none"
        sys.stderr.write(f"findings: {len(judgement.findings)}; waived in scan/waivers.toml: {told}\n")
    return _tell_all(judgement.findings)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is None:
        with tempfile.TemporaryDirectory(prefix="scan-") as folder:
            yield Path(folder).resolve()
        return
    try:
        keep.mkdir(parents=True)
    except OSError as error:
        raise ScanError(f"{keep} cannot be made: {error.strerror}\n  cure: --keep the name of a new folder") from None
    yield keep.resolve()


def _tell_all(findings: Sequence[Finding]) -> int:
    for each in findings:
        sys.stdout.write(f"{each}\n")
    return FOUND if findings else CLEAN


if __name__ == "__main__":
    sys.exit(main())
