"""One supervisor for the demo's web, worker and beat.

It has a single thread on purpose: Linux sends a child its death signal once for every thread of the parent that ends, and a web
server that is told twice within a moment to stop can hang in its own signal handler.
"""

import contextlib
import os
import selectors
import signal
import subprocess
import time
from dataclasses import dataclass

from carrazos.local.processes import READY_SECONDS, ROOT, LocalServiceError, die_with_parent


@dataclass
class Child:
    name: str
    process: subprocess.Popen
    ready: str  # what it prints when it serves; empty: nobody waits for it
    is_ready: bool = False
    rest: bytes = b""  # of a line not yet whole


class Supervisor:
    """Runs the children of the demo: prefixed output, and one that dies takes all down with a clear line."""

    def __init__(self) -> None:
        self.children: list[Child] = []
        self.outputs = selectors.DefaultSelector()

    def spawn(self, name: str, command: list[str], *, ready: str = "") -> None:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=ROOT,
            start_new_session=True, preexec_fn=die_with_parent(signal.SIGTERM),
        )  # fmt: skip
        child = Child(name, process, ready)
        self.children.append(child)
        self.outputs.register(process.stdout, selectors.EVENT_READ, child)

    def run(self, seconds: float) -> None:
        """Passes on what the children print for so long; LocalServiceError when one of them has ended."""
        self.copy_output(seconds)
        for child in self.children:
            if child.process.poll() is not None:
                raise LocalServiceError(f"«{child.name}» terminó solo (código {child.process.returncode}); se detiene todo.")

    def copy_output(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if not self.outputs.get_map():
                time.sleep(left)
                return
            for key, _ in self.outputs.select(left):
                self.copy_lines(key.data)

    def copy_lines(self, child: Child) -> None:
        data = os.read(child.process.stdout.fileno(), 65_536)
        if not data:
            self.outputs.unregister(child.process.stdout)
        *lines, child.rest = (child.rest + data).split(b"\n")
        for line in lines:
            text = line.decode(errors="replace").rstrip()
            print(f"{child.name:>6} | {text}", flush=True)
            child.is_ready = child.is_ready or (bool(child.ready) and child.ready in text)

    def wait(self, name: str) -> None:
        child = next(child for child in self.children if child.name == name)
        deadline = time.monotonic() + READY_SECONDS
        while not child.is_ready:
            self.run(0.1)
            if time.monotonic() > deadline:
                raise LocalServiceError(f"«{name}» no estuvo listo en {READY_SECONDS} s.")

    def stop(self) -> None:
        for child in reversed(self.children):
            if child.process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.process.pid, signal.SIGTERM)
        deadline = time.monotonic() + 15
        while any(child.process.poll() is None for child in self.children) and time.monotonic() < deadline:
            self.copy_output(0.1)
        for child in self.children:
            if child.process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(child.process.pid, signal.SIGKILL)
                child.process.wait()
