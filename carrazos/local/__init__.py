"""A machine that has nothing but Python: embedded services, and the verbs `demo` and `test`.

The embedded services are used only where DATABASE_URL or REDIS_URL is not set.
"""

import contextlib
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
import urllib.request

from django.core.management import execute_from_command_line

from carrazos.local import machine
from carrazos.local.postgres import Postgres, postgres_for_command
from carrazos.local.processes import READY_SECONDS, ROOT, LocalServiceError, die_with_parent, state_folder
from carrazos.local.supervisor import Supervisor
from carrazos.local.valkey import Valkey

STOPS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


def secret_key(name: str = "secret_key") -> str:
    """A key made once for this machine, never in the repository."""
    path = state_folder() / name
    if not path.exists():
        with contextlib.suppress(FileExistsError), path.open("x") as file:
            path.chmod(0o600)
            file.write(secrets.token_urlsafe(64))
    return path.read_text()


def use_local_settings() -> None:
    """Settings that a laptop needs and production must state itself."""
    os.environ.setdefault("SECRET_KEY", secret_key())
    os.environ.setdefault("PERSONAL_DATA_KEY", secret_key("personal_data_key"))
    os.environ.setdefault("ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]")
    os.environ.setdefault("HTTPS", "off")
    os.environ.setdefault("MFA_REQUIRED", "off")
    os.environ.setdefault("LOG_FORMAT", "line")
    os.environ.setdefault("STATE_ROOT", str(state_folder()))
    os.environ.setdefault("LC_ALL", "C.UTF-8")
    if not os.environ.get("REDIS_URL"):
        os.environ["REDIS_URL"] = Valkey().url


def django_main(argv: list[str]) -> int:
    execute_from_command_line(argv)
    return 0


def free_port(wanted: int) -> int:
    for port in range(wanted, wanted + 50):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            with contextlib.suppress(OSError):
                probe.bind(("127.0.0.1", port))
                return port
    raise LocalServiceError("No hay un puerto libre para la página.")


def web_command(port: int) -> list[str]:
    bind = ["--host", "127.0.0.1", "--port", str(port)]
    return [sys.executable, "-m", "granian", "--interface", "wsgi", "--workers", "2", "--blocking-threads", "4",
            "--no-access-log", *bind, "carrazos.wsgi:application"]  # fmt: skip


def page_answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/salud/vivo/", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def interrupt(_number: int, _frame: object) -> None:
    raise KeyboardInterrupt


def embedded_services(stack: contextlib.ExitStack) -> None:
    """Starts what the environment does not name, to be stopped when the stack closes."""
    if not os.environ.get("DATABASE_URL"):
        cluster = Postgres()
        cluster.replace_leftover()
        stack.callback(cluster.stop)
        cluster.start(tied=True)
        stack.enter_context(cluster.in_use())  # a command beside the demo (spiga_import, build_report) leaves it running
        os.environ["DATABASE_URL"] = cluster.url
    if os.environ["REDIS_URL"].startswith("redis+socket"):
        broker = Valkey()
        stack.callback(broker.stop)
        broker.start()


def manage(*arguments: str) -> str:
    """Runs a verb to its end and returns what it printed."""
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True, preexec_fn=die_with_parent(signal.SIGTERM)).stdout


def start_children(supervisor: Supervisor, port: int) -> None:
    """Web, worker and beat; returns when the worker says ready and the page answers."""
    celery = [sys.executable, "-m", "celery", "-A", "carrazos"]
    supervisor.spawn("web", web_command(port))
    supervisor.spawn(
        "worker", [*celery, "worker", "--loglevel", "INFO", "--concurrency", "2", "--without-gossip", "--without-mingle"], ready=" ready."
    )
    supervisor.spawn("beat", [*celery, "beat", "--loglevel", "WARNING", "--schedule", str(state_folder() / "beat-schedule")])
    supervisor.wait("worker")
    deadline = time.monotonic() + READY_SECONDS
    while not page_answers(port):
        supervisor.run(0.2)
        if time.monotonic() > deadline:
            raise LocalServiceError("La página no respondió.")


def demo(argv: list[str]) -> int:
    """Everything on embedded services, with demo data; Ctrl-C stops all."""
    for number in STOPS:
        signal.signal(number, interrupt)
    use_local_settings()
    machine.prepare_pdf()
    supervisor = Supervisor()
    with contextlib.ExitStack() as stack:
        services = stack.enter_context(contextlib.ExitStack())
        # Left in reverse order: no second signal interrupts the stopping, clients stop before servers.
        stack.callback(supervisor.stop)
        stack.callback(lambda: [signal.signal(number, signal.SIG_IGN) for number in STOPS])
        try:
            embedded_services(services)
            said = manage("demo_data", "--release", "--print").splitlines()
            os.environ["CLOCK_SHIFT"] = next(line.split("=", 1)[1] for line in said if line.startswith("CLOCK_SHIFT="))
            port = free_port(int(argv[argv.index("--port") + 1]) if "--port" in argv else 8000)
            start_children(supervisor, port)
            print("\n" + "\n".join(line for line in said if not line.startswith("CLOCK_SHIFT=")))
            if os.environ["MFA_REQUIRED"] == "off":
                print("\n  Segundo paso al ingresar: apagado en la demostración (MFA_REQUIRED=on lo exige a quien dirige o administra).")
            print(f"\n  Listo: http://localhost:{port}/      (Ctrl-C detiene todo)\n", flush=True)
            while True:
                supervisor.run(0.5)
        except KeyboardInterrupt:
            print("\nDeteniendo…", flush=True)
            return 0
        except (LocalServiceError, subprocess.CalledProcessError) as error:
            print(f"\nERROR: {error}", file=sys.stderr, flush=True)
            return 1


def test(argv: list[str]) -> int:
    """The commit suite on its own cluster; arguments go to pytest."""
    use_local_settings()
    machine.prepare_pdf()
    machine.prepare_browser()
    os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
    arguments = argv[2:] or ["-n", str(os.cpu_count() or 1)]
    with contextlib.ExitStack() as stack:
        if not os.environ.get("DATABASE_URL"):
            os.environ["DATABASE_URL"] = stack.enter_context(postgres_for_command(Postgres("test", durable=False))).url
        return subprocess.run([sys.executable, "-m", "pytest", *arguments], cwd=ROOT).returncode


def run(verb: str, argv: list[str]) -> int:
    """Runs one verb: `demo` and `test` here, every other one by Django with the services that it lacks."""
    if verb == "demo":
        return demo(argv)
    if verb == "test":
        return test(argv)
    if os.environ.get("DATABASE_URL") or os.environ.get("CARRAZOS_ENV") == "external":
        if not os.environ.get("CARRAZOS_ENV"):
            use_local_settings()
        return django_main(argv)
    use_local_settings()
    try:
        with postgres_for_command(Postgres()) as cluster:
            os.environ["DATABASE_URL"] = cluster.url
            return django_main(argv)
    except LocalServiceError as error:
        print(f"ERROR: {error}", file=sys.stderr)
        return 1
