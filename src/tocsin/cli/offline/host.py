"""Uptime, memory, disks and top processes of this host, the facts of the runbook's quick commands, as evidence."""

import contextlib
import hashlib
import json
import os
import platform
import socket
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psutil

from tocsin.masking import mask, secret_values

_TOP = 20
_SAMPLE_SECONDS = 0.3
_COMMAND_LENGTH = 300


@dataclass(frozen=True)
class Snapshot:
    """One capture: facts as JSON and as text; `sha256` is that of the JSON's bytes."""

    host: str
    taken_at: datetime
    json: str
    text: str

    @property
    def sha256(self) -> str:
        """Hexadecimal, over the UTF-8 bytes of `json`."""
        return hashlib.sha256(self.json.encode()).hexdigest()


def take_snapshot(now: datetime) -> Snapshot:
    """Look at this host; takes a third of a second, to see which processes are busy. `now` stamps it, UTC."""
    facts = _facts(now)
    return Snapshot(
        host=facts["host"],
        taken_at=now,
        json=json.dumps(facts, ensure_ascii=False, indent=1, sort_keys=True),
        text=as_text(facts),
    )


def as_text(facts: dict[str, Any]) -> str:
    """The same facts for a person, in the order of `uptime; free; df; top`."""
    memory, swap, load = facts["memory"], facts["swap"], facts["load"]
    days, hours = divmod(facts["uptime_seconds"] // 3600, 24)
    cpu = f"{facts['cpu']['count']} CPUs {facts['cpu']['percent']:.0f}% busy"
    used = f"{_size(memory['used'])} of {_size(memory['total'])} used ({memory['percent']:.0f}%)"
    lines = [
        f"{facts['host']}  {facts['taken_at']}  up {days} d {hours} h, {cpu}, load "
        f"{load[0]:.2f} {load[1]:.2f} {load[2]:.2f}",
        f"memory  {used}, {_size(memory['available'])} available",
        f"swap    {_size(swap['used'])} of {_size(swap['total'])} used",
        "",
        f"{'disk':<32} {'size':>8} {'used':>8} {'free':>8}   use",
        *(_disk_line(disk) for disk in facts["disks"]),
        "",
        f"{'pid':>8} {'user':<12} {'cpu%':>6} {'rss':>8}  command",
        *(_process_line(process) for process in facts["processes"]),
    ]
    return "\n".join(lines) + "\n"


def _disk_line(disk: dict[str, Any]) -> str:
    sizes = " ".join(f"{_size(disk[name]):>8}" for name in ("total", "used", "free"))
    return f"{disk['mount']:<32} {sizes} {disk['percent']:>4.0f}%"


def _process_line(process: dict[str, Any]) -> str:
    head = f"{process['pid']:>8} {process['user']:<12.12} {process['cpu_percent']:>6.1f} {_size(process['rss']):>8}"
    return f"{head}  {process['command']}"


def _facts(now: datetime) -> dict[str, Any]:
    memory, swap = psutil.virtual_memory(), psutil.swap_memory()
    processes = _top_processes()
    return {
        "host": socket.gethostname(),
        "system": platform.platform(),
        "taken_at": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "uptime_seconds": int(time.time() - psutil.boot_time()),
        "load": list(os.getloadavg()),
        "cpu": {"count": psutil.cpu_count() or 0, "percent": psutil.cpu_percent()},
        "memory": {name: getattr(memory, name) for name in ("total", "available", "used", "free", "percent")},
        "swap": {name: getattr(swap, name) for name in ("total", "used", "free", "percent")},
        "disks": _disks(),
        "processes": processes,
    }


def _disks() -> list[dict[str, Any]]:
    disks = []
    for mount in psutil.disk_partitions():
        # A mount that hangs or may not be looked at must not cost the rest.
        with contextlib.suppress(OSError):
            usage = psutil.disk_usage(mount.mountpoint)
            disks.append(
                {"mount": mount.mountpoint, "device": mount.device, "type": mount.fstype}
                | {name: getattr(usage, name) for name in ("total", "used", "free", "percent")}
            )
    return disks


def _top_processes() -> list[dict[str, Any]]:
    gone = (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess)
    running = list(psutil.process_iter())
    for process in running:
        with contextlib.suppress(*gone):
            process.cpu_percent()
    psutil.cpu_percent()
    time.sleep(_SAMPLE_SECONDS)
    secrets = secret_values(os.environ)
    seen: list[dict[str, Any]] = []
    for process in running:
        with contextlib.suppress(*gone), process.oneshot():
            command = " ".join(process.cmdline()) or f"[{process.name()}]"
            seen.append(
                {
                    "pid": process.pid,
                    "user": process.username(),
                    "cpu_percent": process.cpu_percent(),
                    "rss": process.memory_info().rss,
                    "status": process.status(),
                    "command": mask(command, secrets)[:_COMMAND_LENGTH],
                }
            )
    return sorted(seen, key=lambda process: (-process["cpu_percent"], -process["rss"]))[:_TOP]


def _size(count: float) -> str:
    for unit in ("B", "K", "M", "G", "T"):
        if count < 1024 or unit == "T":
            return f"{count:.0f}{unit}" if unit in "BK" else f"{count:.1f}{unit}"
        count /= 1024
    raise AssertionError
