"""What of a shared library only a debugger reads."""

import struct
from pathlib import Path

# Of 64 bits, least byte first: what the images' architectures have.
MAGIC = b"\x7fELF\x02\x01"
DEBUGGING = (b".symtab", b".strtab", b".debug_")


def debug_bytes(file: Path) -> int:
    """Bytes of the sections that `strip` would take away; 0 of what is no such library.

    The header's form: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.sheader.html
    """
    data = file.read_bytes()
    if not data.startswith(MAGIC) or len(data) < 64:
        return 0
    (table,) = struct.unpack_from("<Q", data, 0x28)
    row, rows, names_row = struct.unpack_from("<HHH", data, 0x3A)
    # Of each section: where its name is in the names, where its content begins, and how long that is.
    sections = [
        (struct.unpack_from("<I", data, at)[0], *struct.unpack_from("<QQ", data, at + 0x18))
        for at in range(table, table + row * rows, row)
    ]
    if not sections:
        return 0
    names = sections[names_row][1]
    return sum(length for name, _, length in sections if data.startswith(DEBUGGING, names + name))
