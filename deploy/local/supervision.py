"""The processes of the local mode under one supervisor (supervisord), which restarts what dies.

It is spoken to over a socket that only its owner can open. On Linux every process ends with the supervisor, also when
that was killed; elsewhere, and for anything that still stands, ``stop`` follows the pid files.
"""

from __future__ import annotations

import configparser
import contextlib
import os
import shlex
import signal
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import process
from configuration import ROOT, Configuration
from stages import StageError

SERVERS = ("pg", "redis")
# Seconds a process may take to end. The worker hands its runs back first (it drains for up to 9 s).
PATIENCE = {"pg": 30, "redis": 15, "worker": 25}
RETRIES = 1000  # a process that cannot start is tried again, each time a second later


@dataclass(frozen=True)
class Supervisor:
    configuration: Configuration

    @property
    def socket(self) -> Path:
        return self.configuration.place.run / "supervisor.sock"

    @property
    def servers(self) -> list[str]:
        wanted = {"pg": self.configuration.postgres, "redis": self.configuration.redis}
        return [name for name in SERVERS if wanted[name]]

    @property
    def names(self) -> list[str]:
        return [*self.servers, *process.commands()]

    def running(self) -> bool:
        return self._answers() is not None

    def start(self) -> None:
        """Start the supervisor and the private servers, and wait until those answer."""
        self.end_leftovers()
        configuration = self.configuration
        for server in (configuration.postgres, configuration.redis):
            if server:
                server.prepare()
        config = self._write_config()
        command = [sys.executable, "-m", "supervisor.supervisord", "--nodaemon", "-c", str(config)]
        with (configuration.place.log / "supervisor.out").open("ab") as out:
            started = subprocess.Popen(command, cwd=ROOT, env=configuration.values, stdin=subprocess.DEVNULL, stdout=out,
                                       stderr=out, start_new_session=True)  # fmt: skip
        wait(self.running, "the supervisor answers", 10, lambda: started.poll() is None)
        for server in (configuration.postgres, configuration.redis):
            if server:
                server.wait()

    def start_processes(self) -> None:
        with self._remote() as remote:
            for name in process.commands():
                remote.supervisor.startProcess(name, False)

    def states(self) -> dict[str, tuple[str, str]]:
        """Name -> (state, what the supervisor says about it: pid and uptime, or when it ended)."""
        with self._remote() as remote:
            return {one["name"]: (one["statename"], one["description"]) for one in remote.supervisor.getAllProcessInfo()}

    def complaints(self) -> str:
        """The last words of the processes that do not run as they should."""
        if not self.running():
            return ""
        wrong = [name for name, (state, _) in self.states().items() if state not in {"RUNNING", "STOPPED"}]
        logs = [(name, self.configuration.place.log / f"{name}.log") for name in wrong]
        return "\n".join(f"--- {name}\n{_tail(log)}" for name, log in logs if log.exists())

    def stop(self) -> bool:
        """End everything, in the reverse order of the start. False: nothing was running."""
        pid = self._answers()
        if pid is not None:
            with self._remote() as remote, contextlib.suppress(OSError, xmlrpc.client.Error):
                for name in process.commands():  # all at once; the supervisor alone would end one after the other
                    with contextlib.suppress(xmlrpc.client.Fault):  # it does not run just now
                        remote.supervisor.stopProcess(name, False)
                remote.supervisor.shutdown()
            try:
                wait(lambda: not alive(pid), "the supervisor ended", sum(PATIENCE.values()) + 30)
            except StageError:
                os.kill(pid, signal.SIGKILL)
        return bool(self.end_leftovers()) or pid is not None

    def end_leftovers(self) -> list[str]:
        """End what a killed supervisor left. A pid file says which process, and when that was started."""
        ended = []
        for path in sorted(self.configuration.place.run.glob("*.pid")):
            pid, _, born = path.read_text().partition(" ")
            if pid.isdecimal() and born and process.born(int(pid)) == born:
                ended.append(path.stem)
                end(int(pid))
            path.unlink(missing_ok=True)
        return ended

    def _answers(self) -> int | None:
        if not self.socket.exists():
            return None
        try:
            with self._remote() as remote:
                return int(remote.supervisor.getPID())
        except (OSError, xmlrpc.client.Error):
            return None

    @contextlib.contextmanager
    def _remote(self) -> Iterator[Any]:
        from supervisor.xmlrpc import SupervisorTransport

        transport = SupervisorTransport(None, None, f"unix://{self.socket}")
        with xmlrpc.client.ServerProxy("http://127.0.0.1", transport) as remote:
            yield remote

    def _write_config(self) -> Path:
        run = self.configuration.place.run
        logs = self.configuration.place.log
        config = configparser.RawConfigParser()
        config["unix_http_server"] = {"file": str(self.socket), "chmod": "0600"}
        config["supervisord"] = {"logfile": f"{logs}/supervisor.log", "logfile_maxbytes": "5MB", "pidfile": f"{run}/supervisord.id",
                                 "nodaemon": "true", "childlogdir": str(logs)}  # fmt: skip
        if os.geteuid() == 0:
            config["supervisord"]["user"] = "root"  # said aloud, so that it does not warn; PostgreSQL drops to nobody
        config["rpcinterface:supervisor"] = {"supervisor.rpcinterface_factory": "supervisor.rpcinterface:make_main_rpcinterface"}
        for order, name in enumerate(self.names):
            config[f"program:{name}"] = {
                "command": self._command(name).replace("%", "%%"),
                "directory": str(ROOT),
                "priority": str(order),
                "autostart": str(name in self.servers).lower(),
                "autorestart": "true",
                "startsecs": "1",
                "startretries": str(RETRIES),
                "stopsignal": "INT" if name == "pg" else "TERM",
                "stopwaitsecs": str(PATIENCE.get(name, 15)),
                "killasgroup": "true",
                "redirect_stderr": "true",
                "stdout_logfile": f"{logs}/{name}.log",
                "stdout_logfile_maxbytes": "10MB",
                "stdout_logfile_backups": "2",
            }
        path = run / "supervisord.conf"
        with path.open("w") as out:
            config.write(out)
        return path

    def _command(self, name: str) -> str:
        pid_file = self.configuration.place.run / f"{name}.pid"
        command = [sys.executable, process.__file__, "--bound", "--pid-file", str(pid_file), name]
        server = {"pg": self.configuration.postgres, "redis": self.configuration.redis}.get(name)
        return shlex.join([*command, "--", *server.command()] if server else command)


def _tail(log: Path, lines: int = 15) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def wait(
    condition: Callable[[], Any], what: str, seconds: float, possible: Callable[[], bool] = lambda: True, interval: float = 0.05
) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline or not possible():
            raise StageError(f"Not within {seconds:g} s: {what}. ./go logs says why.")
        time.sleep(interval)


def alive(pid: int) -> bool:
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)  # our own child would stay a zombie, and count as alive
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def end(pid: int) -> None:
    """TERM to the process, and KILL to its group if it does not end. PostgreSQL reads TERM as patience: it gets INT."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGINT)
        try:
            wait(lambda: not alive(pid), "it ended", 15)
        except StageError:
            os.killpg(os.getpgid(pid), signal.SIGKILL)
