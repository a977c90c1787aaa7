"""For the tests: a network that fails as real ones do.

Not among the tests, because a module there has no name that pytest and mypy agree on.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from state_harness import free_port


class Network:
    """A TCP proxy in front of a store, to be cut, silenced or made deaf.

    `silent`: what is sent is swallowed in both directions. `cut_answers`: the server gets everything, and at its next
    answer the connection ends instead. `refusing`: nobody gets through, and who was, is no more.
    """

    def __init__(self, target_port: int) -> None:
        self.port = free_port()
        self._target_port = target_port
        self.silent = False
        self.cut_answers = False
        self.refusing = False
        self.cuts = 0
        self.refused = 0
        self.open_connections = 0
        self.most_connections = 0
        self._writers: set[asyncio.StreamWriter] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Network"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        try:
            yield self
        finally:
            server.close()
            self.cut()
            await asyncio.sleep(0.02)

    def refuse(self) -> None:
        self.refusing = True
        self.cut()

    def cut(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refusing:
            self.refused += 1
            writer.transport.abort()
            return
        self.open_connections += 1
        self.most_connections = max(self.most_connections, self.open_connections)
        try:
            there_reader, there_writer = await asyncio.open_connection("127.0.0.1", self._target_port)
        except OSError:
            self.open_connections -= 1
            writer.transport.abort()
            return
        self._writers |= {writer, there_writer}
        await asyncio.gather(self._pump(reader, there_writer, False), self._pump(there_reader, writer, True))
        self._writers -= {writer, there_writer}
        self.open_connections -= 1
        writer.transport.abort()
        there_writer.transport.abort()

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answers: bool) -> None:
        try:
            while data := await reader.read(65536):
                if answers and self.cut_answers:
                    self.cuts += 1
                    break
                if not self.silent:
                    writer.write(data)
                    await writer.drain()
        except OSError:
            pass
        writer.transport.abort()
