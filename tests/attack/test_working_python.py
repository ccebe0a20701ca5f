"""What must go on working under all of this: a jail that breaks Python is switched off by its users."""

from __future__ import annotations

import asyncio
import ctypes
import os
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from tests.attack import inside
from tests.attack.conftest import Attack, Jail, returned
from tests.attack.inside import opened, seen
from tests.support.callers import Caller, run_as
from tests.support.installed import Installed


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_multiprocessing(jail: Jail, method: str) -> None:
    """Pools, queues, locks, events, managers of every start method, and shared memory between them."""
    plugin = """
import multiprocessing, os, sys
from multiprocessing import shared_memory

def square(number):
    return number * number

def worker(name, queue, lock, event):
    with lock:
        block = shared_memory.SharedMemory(name)
        block.buf[0] = 42
        block.close()
    event.set()
    queue.put(os.getpid())

def main():
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(3) as pool:
        squares = pool.map(square, range(20))
    block = shared_memory.SharedMemory(create=True, size=4096)
    queue, lock, event = context.Queue(), context.Lock(), context.Event()
    process = context.Process(target=worker, args=(block.name, queue, lock, event))
    process.start()
    other = queue.get(timeout=50)
    assert event.wait(50)
    process.join()
    value = block.buf[0]
    block.close()
    block.unlink()
    with context.Manager() as manager:
        shared = manager.list([1])
        shared.append(2)
        listed = list(shared)
    semaphore = context.BoundedSemaphore(2)
    semaphore.acquire()
    finish([sum(squares), other != os.getpid(), process.exitcode, value, listed])

if __name__ == "__main__":
    main()
"""
    prelude = Path(inside.__file__).read_text(encoding="utf-8")
    assert jail(prelude + plugin, method).saw() == [2470, True, 0, 42, [1, 2]]


def test_threads_and_executors(attack: Attack) -> None:
    """Threads, executors of both kinds, conditions, timers and thread-local data."""

    def plugin() -> object:
        from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

        with ThreadPoolExecutor(20) as threads, ProcessPoolExecutor(2) as processes:
            sums = sum(threads.map(abs, range(-100, 0))), sum(processes.map(abs, range(-100, 0)))
        fired = threading.Event()
        timer = threading.Timer(0.01, fired.set)
        timer.start()
        return [*sums, fired.wait(20), len(os.sched_getaffinity(0)) > 0, (os.cpu_count() or 0) > 0]

    assert attack(plugin) == [5050, 5050, True, True, True]


def test_subprocess(attack: Attack) -> None:
    """A shared shell, pipelines, timeouts, the interpreter itself, and os.system's absence without a shell."""

    def plugin() -> object:
        shell = subprocess.run(
            "echo one | while read x; do echo $x-two; done", shell=True, capture_output=True, text=True
        )
        python = subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True)
        try:
            subprocess.run(["/bin/sh", "-c", "while :; do :; done"], timeout=0.2)
        except subprocess.TimeoutExpired:
            late = True
        group = subprocess.Popen(["/bin/sh", "-c", "exit 3"], start_new_session=True, pass_fds=(0,), cwd="/tmp")
        return [shell.stdout, python.stdout, late, group.wait(), os.waitstatus_to_exitcode(os.system("exit 4"))]

    saw = attack(plugin, options=("--read", "/bin/sh"))
    assert saw == ["one-two\n", "42\n", True, 3, 4]


def test_asyncio(attack: Attack) -> None:
    """Servers and clients over loopback and folders, subprocesses, signals, threads and timeouts."""

    def plugin() -> object:
        import signal

        async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write((await reader.readline()).upper())
            await writer.drain()
            writer.close()

        async def asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
            writer.write(b"hello\n")
            answer = (await reader.readline()).decode()
            writer.close()
            return answer

        async def main() -> object:
            tcp = await asyncio.start_server(echo, "127.0.0.1", 0)
            six = await asyncio.start_server(echo, "::1", 0)
            unix = await asyncio.start_unix_server(echo, "/work/s")
            ports = [server.sockets[0].getsockname()[1] for server in (tcp, six)]
            answers = [
                await asked(*await asyncio.open_connection(host, port))
                for host, port in zip(("localhost", "::1"), ports, strict=True)
            ]
            answers.append(await asked(*await asyncio.open_unix_connection("/work/s")))
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print('x')", stdout=-1)
            output, _ = await process.communicate()
            caught = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, caught.set)
            os.kill(os.getpid(), signal.SIGUSR1)
            await asyncio.wait_for(caught.wait(), 20)
            threaded = await asyncio.to_thread(lambda: 5)
            unix.close()
            return [answers, output.decode(), threaded]

        return asyncio.run(main())

    assert attack(plugin) == [["HELLO\n"] * 3, "x\n", 5]


def test_files_and_databases(attack: Attack) -> None:
    """sqlite3 with a journal and a write-ahead log, dbm, tempfile, shutil, mmap, zip, glob and renames."""

    def plugin() -> object:
        import dbm
        import mmap
        import shutil
        import sqlite3
        import zipfile

        with sqlite3.connect("/work/data.db") as database:
            mode = database.execute("pragma journal_mode = wal").fetchone()[0]
            database.execute("create table t (a)")
            database.executemany("insert into t values (?)", [(n,) for n in range(100)])
        total = database.execute("select sum(a) from t").fetchone()[0]
        with dbm.open("/work/keys", "c") as keys:
            keys["a"] = "b"
        with (
            tempfile.TemporaryDirectory() as folder,
            tempfile.NamedTemporaryFile() as named,
            tempfile.TemporaryFile() as file,
        ):
            places = [os.path.dirname(folder), os.path.dirname(named.name)]
            file.write(b"x" * 4096)
            file.flush()
            mapped = mmap.mmap(file.fileno(), 4096)[:1].decode()
            os.makedirs(f"{folder}/a/b")
            shutil.copytree(f"{folder}/a", f"{folder}/c")
            os.rename(f"{folder}/c", "/tmp/moved")
        with zipfile.ZipFile("/work/z.zip", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("name", "text" * 1000)
        shutil.copyfile("/work/z.zip", "/tmp/copy.zip")
        return [
            mode,
            total,
            places,
            mapped,
            zipfile.ZipFile("/tmp/copy.zip").read("name")[:4].decode(),
            shutil.disk_usage("/work").total,
        ]

    saw = attack(plugin)
    assert saw == ["wal", 4950, ["/tmp", "/tmp"], "x", "text", 64 << 20]


def test_certificates_time_zones_and_services(
    attack: Attack, caller: Caller, installed: Installed, folder: Path
) -> None:
    """ssl's default context has the host's authorities, zoneinfo its zones, and services their ports."""

    def plugin() -> object:
        import socket
        import ssl
        import zoneinfo
        from datetime import UTC, datetime

        context = ssl.create_default_context()
        zones = sorted(zoneinfo.available_timezones())
        noon = datetime(2024, 7, 1, 12, tzinfo=UTC)
        hours = [noon.astimezone(zoneinfo.ZoneInfo(name)).hour for name in zones[::20]]
        ports = {seen(lambda name=name: socket.getservbyname(name)) for name in ("https", "ssh", "domain")}
        return [len(context.get_ca_certs()), context.verify_mode.name, len(zones), hours, sorted(ports), time.tzname]

    inside_ = attack(plugin)
    outside = run_as(caller, [installed.python, "-I", folder / "plugin.py"])
    assert inside_ == returned(outside.stdout)


def test_locale_and_names(attack: Attack) -> None:
    """Text is UTF-8, and the user and its home have names."""

    def plugin() -> object:
        import getpass
        import locale
        import pwd

        locale.setlocale(locale.LC_ALL, "")
        encodings = [locale.getpreferredencoding(), sys.stdout.encoding, sys.getfilesystemencoding()]
        names = [getpass.getuser(), pwd.getpwuid(os.getuid()).pw_dir, os.path.expanduser("~")]
        return [[encoding.lower() for encoding in encodings], names]

    assert attack(plugin) == [["utf-8"] * 3, ["plugin", "/work", "/work"]]


def test_extension_modules(attack: Attack) -> None:
    """Every extension module of the standard library is imported, and a few are used."""

    def plugin() -> object:
        import decimal
        import hashlib
        import importlib
        import lzma
        import random

        failed = {}
        for name in sorted(sys.stdlib_module_names):
            if name in ("antigravity", "this", "idlelib", "nis", "_tkinter", "turtle", "turtledemo", "tkinter"):
                continue  # windows, a directory of the network, and jokes that print
            try:
                importlib.import_module(name)
            except ModuleNotFoundError:
                continue  # of another platform, or of a package that this system lacks
            except (ImportError, OSError, RuntimeError) as error:
                failed[name] = repr(error)
        decimal.getcontext().prec = 50
        third = str(decimal.Decimal(1) / 3)
        digest = hashlib.sha256(lzma.decompress(lzma.compress(b"data"))).hexdigest()[:8]
        libc = ctypes.CDLL(None)
        callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int)(lambda number: number + 1)
        return [failed, len(third), digest, libc.abs(-3), callback(1), 0 <= random.SystemRandom().random() < 1]

    assert attack(plugin) == [{}, 52, "3a6eb079", 3, 2, True]


def test_streams_are_opened_by_name(attack: Attack) -> None:
    """/dev/stdout and its like open, for root's plugins too; standard input is read to its end; /dev/null swallows."""

    def plugin() -> object:
        with open("/dev/stdout", "w") as out, open("/dev/stderr", "w") as err, open("/dev/null", "w") as null:
            for file in (out, err, null):
                print("by name", file=file)
        with open("/dev/stdin") as file:
            text = file.read()
        random = [opened(f"/dev/{name}", os.O_RDONLY) for name in ("zero", "full", "random", "urandom", "fd/1")]
        return [text, random, sys.stdin.read() == ""]

    saw = attack(plugin, input=b"all of it\n" * 3)
    assert saw == ["all of it\n" * 3, ["allowed"] * 5, True]


def test_relative_paths(attack: Attack, folder: Path) -> None:
    """A plugin may read what it is given, in the folder that it expects, and write what it likes to /work."""

    def plugin(name: str) -> object:
        with open(name) as file:
            text = file.read()
        with open("copy", "w") as file:
            file.write(text)
        return [os.path.abspath(name), text, sorted(os.listdir("."))]

    (folder / "data").mkdir()
    (folder / "data/in.txt").write_text("given")
    saw = attack(plugin, "data/in.txt", options=("--read", "data/in.txt"))
    assert saw == ["/work/data/in.txt", "given", ["copy", "data"]]
