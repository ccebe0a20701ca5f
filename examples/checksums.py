"""The SHA-256 of every file below a folder, in the form of sha256sum(1): a pipeline in asyncio, with threads that read.

jailpy run --read photos examples/checksums.py photos > SHA256SUMS
"""

import asyncio
import hashlib
import os
import sys
from collections.abc import Iterator

WORKERS = 4
AHEAD = 100  # files that wait to be read, so that a large folder fills no memory


def files(top: str) -> Iterator[str]:
    """The files below a folder, in order; a symbolic link to a folder is not followed. Raises OSError."""

    def fail(error: OSError) -> None:
        raise error

    for folder, folders, names in os.walk(top, onerror=fail):
        folders.sort()
        yield from (os.path.join(folder, name) for name in sorted(names))


def checksum(path: str) -> str:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def find(top: str, found: asyncio.Queue[asyncio.Task[str] | None]) -> None:
    """First stage: a task for each file. The queue is full while the reading lags behind."""
    free = asyncio.Semaphore(WORKERS)

    async def line(path: str) -> str:
        async with free:
            return f"{await asyncio.to_thread(checksum, path)}  {path}"

    for path in files(top):
        await found.put(asyncio.create_task(line(path)))
    await found.put(None)


async def show(found: asyncio.Queue[asyncio.Task[str] | None]) -> int:
    """Last stage: the results in the order of the names, whichever is ready first; how many files failed."""
    failed = 0
    while (task := await found.get()) is not None:
        try:
            print(await task)
        except OSError as error:
            print(f"{error.filename}: {error.strerror}", file=sys.stderr)
            failed += 1
    return failed


async def pipeline(top: str) -> int:
    found: asyncio.Queue[asyncio.Task[str] | None] = asyncio.Queue(AHEAD)
    async with asyncio.TaskGroup() as stages:
        stages.create_task(find(top, found))
        shown = stages.create_task(show(found))
    return shown.result()


def main() -> int:
    if len(sys.argv) != 2:
        print("usage: checksums.py FOLDER", file=sys.stderr)
        return 2
    try:
        return min(asyncio.run(pipeline(sys.argv[1])), 1)
    except* OSError as errors:
        for error in errors.exceptions:
            print(f"checksums.py: {error}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
