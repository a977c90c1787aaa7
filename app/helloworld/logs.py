"""One JSON object per line on standard output."""

import asyncio
import json
import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TextIO

from helloworld.exchange import Exchange

_quoted: Callable[[str], str] = json.encoder.encode_basestring_ascii

_MAX_PATH_LENGTH = 512
_MAX_METHOD_LENGTH = 32
_FLUSH_SECONDS = 0.2


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON; `extra={"fields": {...}}` adds fields."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without the line's end."""
        line: dict[str, object] = {
            "time": _timestamp(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class AccessLog:
    """Writes a line per request, past the logging module, whose records cost more than the rest of the request."""

    def __init__(self, stream: TextIO, level: int) -> None:
        self._stream = stream
        self._level = level

    def write(self, level: int, exchange: Exchange) -> None:
        """Write the line if `level` is not below the log's own; an absurdly long path or method is cut."""
        if level < self._level:
            return
        line = (
            f'{{"time":"{_timestamp()}","level":"{logging.getLevelName(level).lower()}",'
            f'"logger":"helloworld.access","message":"request","request_id":{_quoted(exchange.request_id)},'
            f'"method":{_quoted(exchange.method[:_MAX_METHOD_LENGTH])},"path":{_quoted(exchange.path[:_MAX_PATH_LENGTH])},'
            f'"route":{_quoted(exchange.route)},"status":{exchange.status},'
            f'"duration_ms":{exchange.seconds * 1000:.3f}}}\n'
        )
        # A reader of the log that went away is no reason to fail a request.
        with suppress(OSError):
            self._stream.write(line)

    async def keep_flushed(self) -> None:
        """Flush the stream a few times a second, until cancelled.

        Under load, a write to the operating system per line would cost as much as the rest of the request.
        """
        while True:
            await asyncio.sleep(_FLUSH_SECONDS)
            with suppress(OSError):
                self._stream.flush()


def configure_logging(stream: TextIO, level: str) -> AccessLog:
    """Send everything that logs to `stream` as JSON from `level` on; return the access log that writes there too.

    The handler flushes after each record; the access log leaves that to `keep_flushed`.
    """
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    return AccessLog(stream, logging.getLevelNamesMapping()[level.upper()])


def _timestamp() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
