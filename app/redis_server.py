"""For the tests: a real Redis or Valkey from the system's packages.

Not among the tests, because a module there has no name that pytest and mypy agree on.
"""

import re
import shutil
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from uuid import uuid4

from state_harness import PATIENCE_SECONDS, free_port, wait_for_port

# What the user of the cache may do, in full. The infrastructure gives its user this very string. `asking` is for the
# moment in which a cluster moves a slot, which a cluster of one never does.
LEAST_ACCESS = "on ~helloworld:* resetchannels -@all +get +set +incrby +asking +cluster|slots +command"

OLDEST_VERSION = 7


def find_redis() -> str | None:
    """The server's program; None also for one too old to know rights to single subcommands."""
    program = shutil.which("valkey-server") or shutil.which("redis-server")
    if program is None:
        return None
    told = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout
    version = re.search(r"\bv=(\d+)", told)
    return program if version and int(version[1]) >= OLDEST_VERSION else None


class RedisServer:
    """A server of its own on a free port of the loopback, in memory, with one user who has the least access.

    Args:
        program: the server's.
        cluster: whether it is a cluster, of one.
        tls: certificate and key; it then listens on `tls_port` too.
    """

    def __init__(self, program: str, cluster: bool = False, tls: tuple[Path, Path] | None = None) -> None:
        self._program = program
        self._cluster = cluster
        self._tls = tls
        self.tls_port = free_port()
        self.port = free_port()
        self._directory = tempfile.mkdtemp(prefix="helloworld-redis-")
        self.start()

    def start(self) -> None:
        options = ["--save", "", "--bind", "127.0.0.1", "--port", str(self.port), "--dir", self._directory]
        if self._cluster:
            options += ["--cluster-enabled", "yes", "--cluster-announce-ip", "127.0.0.1"]
            # The bus is on another port, which has to be one too.
            options += ["--cluster-port", str(free_port()), "--cluster-config-file", f"nodes-{uuid4().hex}.conf"]
        if self._tls:
            certificate, key = map(str, self._tls)
            options += ["--tls-port", str(self.tls_port), "--tls-cert-file", certificate, "--tls-key-file", key]
            options += ["--tls-auth-clients", "no"]
        self.process = subprocess.Popen([self._program, *options], stdout=subprocess.DEVNULL)
        wait_for_port(self.port, self.process)
        self.command("ACL", "SETUSER", "visitor", *f"reset >secret {LEAST_ACCESS}".split())
        if self._cluster:
            self.command("CLUSTER", "ADDSLOTSRANGE", "0", "16383")

    def wait_until_whole(self) -> None:
        """Wait until a cluster serves, which takes it two seconds from its start."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while b"cluster_state:ok" not in self.command("CLUSTER", "INFO"):
            if time.monotonic() > deadline:
                raise RuntimeError("the cluster does not become whole")
            time.sleep(0.02)

    def command(self, *words: str) -> bytes:
        """Send a command as the default user, who may do everything."""
        parts = "".join(f"${len(word)}\r\n{word}\r\n" for word in words)
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(f"*{len(words)}\r\n{parts}".encode())
            return connection.recv(65536)

    def url(self, port: int | None = None) -> str:
        return f"redis://visitor:secret@127.0.0.1:{port or self.port}"

    def stop(self) -> None:
        self.process.kill()
        self.process.wait(PATIENCE_SECONDS)

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._directory)
