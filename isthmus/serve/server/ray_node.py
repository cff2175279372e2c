"""Ray on this machine alone: started, asked, and ended with all its processes.

Ray's own start takes 20 s and more on two processors and gives up where one of its helpers has not
chosen its ports within 15 s, so they are chosen here. It is bound to 127.0.0.1 and has a token of
its own, so that no other user of the machine can ask it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from tempfile import gettempdir, mkdtemp
from time import monotonic, sleep

from isthmus.errors import BackendMissing

__all__ = ["LOOPBACK", "Node", "free_ports"]

LOOPBACK = "127.0.0.1"
START_SECONDS = 120.0
END_SECONDS = 3.0
STORE_BYTES = 80 * 2**20  # the least that Ray takes; requests do not go through its store
LONGEST_TEMPORARY = 24  # of a folder's name: names of sockets in it end at 107 characters

# It ends with the process that began it, even with one that is killed: prctl(2).
BOOT = (
    "import ctypes, runpy, signal, sys; "
    "sys.platform == 'linux' and ctypes.CDLL(None).prctl(1, signal.SIGTERM); "
    "sys.argv = ['ray', *sys.argv[1:]]; "
    "runpy.run_module('ray.scripts.scripts', run_name='__main__')"
)
PORTS = (
    *("--port", "--node-manager-port", "--object-manager-port", "--ray-client-server-port"),
    *("--metrics-export-port", "--dashboard-agent-grpc-port", "--dashboard-agent-listen-port"),
    "--runtime-env-agent-port",
)


class Node:
    """A head of Ray with so many processors. Raises BackendMissing where it does not start."""

    def __init__(self, processors: int) -> None:
        where = gettempdir()
        self.folder = Path(
            mkdtemp("", "isthmus-ray-", where if len(where) < LONGEST_TEMPORARY else "/tmp")
        )
        ports = free_ports(len(PORTS))
        self.address = f"{LOOPBACK}:{ports[0]}"
        self.variables = _variables()
        self._log = (self.folder / "start.log").open("w+", encoding="utf-8", errors="replace")
        command = [
            *(sys.executable, "-c", BOOT, "start", "--head", "--block"),
            *("--node-ip-address", LOOPBACK, "--num-cpus", str(processors), "--num-gpus", "0"),
            *("--include-dashboard", "false", "--disable-usage-stats"),
            *("--object-store-memory", str(STORE_BYTES), "--temp-dir", str(self.folder)),
            *(word for pair in zip(PORTS, map(str, ports), strict=True) for word in pair),
        ]
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            env={**os.environ, **self.variables},
            start_new_session=True,  # a terminal's Ctrl-C is ours to pass on
        )

    def connect(self) -> None:
        """Join it as its driver, when it is there."""
        until = monotonic() + START_SECONDS
        while not _answers(self.address):
            self._check(monotonic() < until)
            sleep(0.1)
        os.environ.update(self.variables)
        import ray

        while True:
            try:
                ray.init(
                    address=self.address,
                    log_to_driver=False,
                    logging_level="ERROR",
                    _node_ip_address=LOOPBACK,
                )
                return
            except (ConnectionError, RuntimeError, OSError) as problem:
                self._check(monotonic() < until, str(problem))
                sleep(0.5)

    def is_alive(self) -> bool:
        """Whether its head runs."""
        return self.process.poll() is None

    def end(self) -> None:
        """End it and all that it began."""
        ray = sys.modules.get("ray")
        if ray is not None:
            with suppress(Exception):
                ray.shutdown()
        self.process.terminate()
        until = monotonic() + END_SECONDS
        while monotonic() < until and (self.is_alive() or _of_session(self.process.pid)):
            sleep(0.05)
        for number in _of_session(self.process.pid):
            with suppress(ProcessLookupError):
                os.kill(number, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        self._log.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _check(self, in_time: bool, reason: str = "") -> None:
        """BackendMissing where it has ended, or takes too long."""
        if self.is_alive() and in_time:
            return
        self._log.seek(0)
        lines = [line.strip() for line in self._log.read().splitlines() if line.strip()]
        last = reason or (lines[-1] if lines else "it said nothing")
        how = "has ended" if not self.is_alive() else f"did not answer in {START_SECONDS:.0f} s"
        raise BackendMissing(
            f"Ray {how} ({' '.join(last.split())[:200]}); free memory and processors, and try again"
        )


def free_ports(count: int) -> list[int]:
    """Ports of 127.0.0.1 that nobody has now."""
    with ExitStack() as held:
        some = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in some:
            one.bind((LOOPBACK, 0))
        return [int(one.getsockname()[1]) for one in some]


def _variables() -> dict[str, str]:
    return {
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),
        # Else 127.0.0.1 is replaced by the machine's address, which is open to others.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_USAGE_STATS_ENABLED": "0",
        "RAY_DISABLE_IMPORT_WARNING": "1",
    }


def _answers(address: str) -> bool:
    host, _, port = address.partition(":")
    try:
        socket.create_connection((host, int(port)), 1).close()
    except OSError:
        return False
    return True


def _of_session(leader: int) -> list[int]:
    """The processes of a session; none where the system does not tell."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError, ValueError, IndexError):
            text = (entry / "stat").read_text()
            if int(text.rpartition(")")[2].split()[3]) == leader:
                found.append(int(entry.name))
    return found
