"""The size of the service's image against that of its base.

No Docker is needed: what the Dockerfile puts into the image is put into a temporary directory in the same way, for the
architecture of the nodes, and packed as a registry would. The certificates of RDS (0.2 MB) are left out.
"""

import compileall
import io
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

from bench.figures import Figure, Lines
from bench.processes import PROJECT

APP = PROJECT / "app"
PYTHON, ARCHITECTURE = "3.13", "aarch64"
# The tags of the wheels that Debian 13 takes, newest first: its glibc is 2.41.
PLATFORMS = [f"manylinux_2_{minor}_{ARCHITECTURE}" for minor in (41, 39, 34, 31, 28, 26, 24, 17)]
PLATFORMS += [f"manylinux2014_{ARCHITECTURE}"]
# Of python:3.13-slim-trixie for linux/arm64, packed, on 2026-08-05:
# https://github.com/docker-library/repo-info/blob/master/repos/python/remote/3.13-slim-trixie.md
BASE_BYTES = 43_237_284
MEGABYTE = 1_000_000
LARGEST = 6


def measure() -> Lines:
    """Packed, as it is pulled; then what is in it.

    Raises:
        subprocess.CalledProcessError: the packages cannot be had.
    """
    with tempfile.TemporaryDirectory() as directory:
        root = Path(directory)
        packages, app = root / "venv", root / "app"
        _install(packages)
        _copy(APP / "helloworld", app / "helloworld")
        compileall.compile_dir(root, quiet=2)
        added = packed(packages) + packed(app)
        yield f"  what the Dockerfile adds, measured; the base as published (linux/{ARCHITECTURE}, packed)"
        yield Figure(
            what="image, packed",
            measured=(BASE_BYTES + added) / MEGABYTE,
            than="its base",
            base=BASE_BYTES / MEGABYTE,
            unit="MB",
        )
        yield f"  added: {added / MEGABYTE:.1f} MB, unpacked {size(root) / MEGABYTE:.1f} MB"
        yield _largest(packages)


def _install(where: Path) -> None:
    tags = [argument for platform in PLATFORMS for argument in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--require-hashes", "--only-binary=:all:", "--no-compile", "--python-version", PYTHON, *tags]
    command += ["--target", str(where), "--requirement", str(APP / "requirements.txt")]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _copy(source: Path, target: Path) -> None:
    for file in sorted(source.rglob("*")):
        if file.is_file() and "__pycache__" not in file.parts:
            copy = target / file.relative_to(source)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(file.read_bytes())


def packed(directory: Path) -> int:
    """Bytes of a directory as a layer: a tar file, compressed as registries do."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=6) as archive:
        archive.add(directory, arcname=directory.name)
    return buffer.tell()


def size(path: Path) -> int:
    """Bytes of a file, or of all files of a directory."""
    files = [path] if path.is_file() else [each for each in path.rglob("*") if each.is_file()]
    return sum(each.stat().st_size for each in files)


def _largest(packages: Path) -> str:
    sizes = {path.name: size(path) for path in packages.iterdir()}
    largest = sorted(sizes.items(), key=lambda each: (-each[1], each[0]))[:LARGEST]
    return f"  largest, unpacked: {', '.join(f'{name} {bytes_ / MEGABYTE:.1f} MB' for name, bytes_ in largest)}"
