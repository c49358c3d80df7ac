"""Runs the loopback server as a process of its own.

    python tests/loopback/serve.py --script FILE [--log FILE] [--port N] [--seed N] [--crlf]
                                   [--tls] [--no-auth] [--lenient] [--until-eof]

Prints its URL as the first line of stdout and serves until SIGTERM, SIGINT or, with `--until-eof`,
the end of stdin (a pipe or a terminal). `--log` receives one JSON line per request, when it
arrives, and one per end of an answer (see `process.py`, which reads them). SIGUSR1 ends all stalls.
Exit status 1 and the failures on stderr when there were any.
"""

import sys
from pathlib import Path

# This folder, where a script's own folder comes first, holds no top-level modules: tests/ does.
sys.path.pop(0)
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import argparse
import asyncio
import os
import signal
from typing import TextIO

from loopback.process import log_line
from loopback.script import load_script
from loopback.server import End, LoopbackServer, Options, Request


def main() -> int:
    """Serves until told to stop; the exit status."""
    options = _options()
    log = options.log.open("a", encoding="utf-8") if options.log else None
    try:
        return asyncio.run(_serve(options, log))
    finally:
        if log is not None:
            log.close()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Serve a script as all model providers.")
    parser.add_argument("--script", type=Path, required=True)
    parser.add_argument("--log", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--seed", type=int)
    for flag in ("--crlf", "--tls", "--no-auth", "--lenient", "--until-eof"):
        parser.add_argument(flag, action="store_true")
    return parser.parse_args()


async def _serve(options: argparse.Namespace, log: TextIO | None) -> int:
    def write(news: Request | End) -> None:
        if log is not None:
            log.write(log_line(news) + "\n")
            log.flush()

    told: Options = {
        "auth": not options.no_auth,
        "lenient": options.lenient,
        "tls": options.tls,
        "port": options.port,
        "observer": write,
    }
    if options.seed is not None:
        told["seed"] = options.seed
    if options.crlf:
        told["crlf"] = True
    server = LoopbackServer(load_script(options.script), **told)
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, server.release)
    if options.until_eof:
        loop.add_reader(sys.stdin, _stop_at_eof, stop)
    async with server:
        print(server.url, flush=True)
        await stop.wait()
    for failure in server.failures:
        print(f"loopback: {failure}", file=sys.stderr)
    return 1 if server.failures else 0


def _stop_at_eof(stop: asyncio.Event) -> None:
    if not os.read(sys.stdin.fileno(), 4096):
        stop.set()


if __name__ == "__main__":
    sys.exit(main())
