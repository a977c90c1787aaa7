"""Files with the certificates of authorities."""

import ssl
from pathlib import Path


def check_authorities(path: Path) -> Path:
    """Return the path of a file that servers can be verified with.

    Raises:
        ValueError: it cannot be read, or has no certificates in PEM.
    """
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(path)
    except ssl.SSLError:
        raise ValueError("it has no certificates in PEM") from None
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from None
    return path
