"""List what is in a ZIP archive and what is wrong with it, without unpacking any of it. Exits 1 if anything is.

jailpy run --read upload.zip examples/zip_contents.py upload.zip
"""

import stat
import sys
import zipfile
import zlib
from collections.abc import Iterator

BOMB = 200  # times that a member may grow; text that repeats itself seldom reaches 100
CHUNK = 1 << 16


def complaints(member: zipfile.ZipInfo, archive: zipfile.ZipFile) -> Iterator[str]:
    """What would make unpacking it a bad idea."""
    if member.filename.startswith("/") or ".." in member.filename.split("/"):
        yield "leads out of its folder"
    if stat.S_ISLNK(member.external_attr >> 16):
        yield "symbolic link"
    if member.flag_bits & 1:
        yield "encrypted"
        return
    if member.file_size > BOMB * max(member.compress_size, 1):
        yield "grows too much"
        return
    try:
        with archive.open(member) as content:
            while content.read(CHUNK):
                pass
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        yield f"damaged: {error}"


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: zip_contents.py FILE", file=sys.stderr)
        return 2
    try:
        with zipfile.ZipFile(sys.argv[1]) as archive:
            return show(archive)
    except (OSError, zipfile.BadZipFile) as error:
        print(f"{sys.argv[1]}: {getattr(error, 'strerror', None) or error}", file=sys.stderr)
        return 1


def show(archive: zipfile.ZipFile) -> int:
    """Print a line for each member; the exit status."""
    wrong = 0
    seen: set[str] = set()
    for member in archive.infolist():
        found = [*complaints(member, archive), *(["there twice"] if member.filename in seen else [])]
        seen.add(member.filename)
        wrong += bool(found)
        print(f"{member.file_size:>10} {member.filename!r}", *(f"  ! {text}" for text in found), sep="")
    print(f"{len(seen)} names, {wrong} with something wrong")
    return min(wrong, 1)


if __name__ == "__main__":
    sys.exit(main())
