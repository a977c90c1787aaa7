"""`python -m bench.load PORT REQUESTS CONNECTIONS`: ask a server on this machine so many times."""

import asyncio
import sys

REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n"


async def load(port: int, requests: int, connections: int) -> None:
    """Send so many requests, shared among connections that are there at once.

    Raises:
        RuntimeError: one is not answered with 200.
    """
    await asyncio.gather(*[_client(port, requests // connections) for _ in range(connections)])


async def _client(port: int, requests: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(requests):
        writer.write(REQUEST)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        if not head.startswith(b"http/1.1 200"):
            raise RuntimeError(f"answered {head.splitlines()[0].decode(errors='replace')}")
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()


if __name__ == "__main__":
    asyncio.run(load(*map(int, sys.argv[1:])))
