"""What Kubernetes's probes can connect to while the provisioner succeeds."""

import asyncio


class Probe:
    """Listens on a TCP port between `open` and `close`. Whoever connects is let go without a word.

    Args:
        host: the address to listen on.
        port: the port.
    """

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self.port = port
        self._server: asyncio.Server | None = None

    def is_open(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    async def open(self) -> None:
        """Listen, unless it does already.

        Raises:
            OSError: the port is taken.
        """
        if not self.is_open():
            self._server = await asyncio.start_server(_let_go, self._host, self.port)

    async def close(self) -> None:
        """Stop listening, if it does."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()
            self._server = None


async def _let_go(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()
