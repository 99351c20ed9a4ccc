"""A local Graph API that misbehaves on demand: what Meta does on a bad day, with the truth of who got what."""

import hashlib
import hmac
import json
import socket
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SECRET = "secreto-de-la-aplicacion"
VERIFY = "palabra-de-verificacion"


class Fault(StrEnum):
    NONE = "NONE"
    LIMIT = "LIMIT"  # 429: nothing accepted
    BUSY = "BUSY"  # 400 with 131000: nothing accepted
    NO_WHATSAPP = "NO_WHATSAPP"  # 400 with 131026
    ERROR = "ERROR"  # 500, nothing accepted
    ACCEPT_ERROR = "ACCEPT_ERROR"  # accepted, and answers 500
    ACCEPT_TIMEOUT = "ACCEPT_TIMEOUT"  # accepted, and never answers
    ACCEPT_CLOSE = "ACCEPT_CLOSE"  # accepted, and hangs up
    CLOSE = "CLOSE"  # hangs up without accepting
    SLOW = "SLOW"
    EARLY = "EARLY"  # the statuses arrive before the answer
    GARBLED = "GARBLED"  # accepted, and answers no JSON
    ASYNC_FAIL = "ASYNC_FAIL"  # accepted, then a status says that it failed


ACCEPTS = {
    Fault.NONE,
    Fault.ACCEPT_ERROR,
    Fault.ACCEPT_TIMEOUT,
    Fault.ACCEPT_CLOSE,
    Fault.SLOW,
    Fault.EARLY,
    Fault.GARBLED,
    Fault.ASYNC_FAIL,
}
CODES = {Fault.LIMIT: (429, 130429), Fault.BUSY: (400, 131000), Fault.NO_WHATSAPP: (400, 131026), Fault.ERROR: (500, 131016)}


def signed(body: bytes, secret: str = SECRET) -> str:
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def status_body(provider_id: str, said: str, *, key: str = "", at: int = 1_795_000_000, code: int | None = None) -> bytes:
    """One status webhook. As Meta often does, it carries no contacts."""
    status = {"id": provider_id, "status": said, "timestamp": str(at), "recipient_id": "573005550000"}
    status |= {"biz_opaque_callback_data": key} if key else {}
    status |= {"errors": [{"code": code, "title": "fallo", "error_data": {"details": "detalle"}}]} if code else {}
    return change("messages", {"messaging_product": "whatsapp", "statuses": [status]})


def inbound_body(text: str, *, number: str = "573005550000", wamid: str = "", at: int = 1_795_000_000, **more) -> bytes:
    sender = {"from": number} if number else {}
    message = sender | {"id": wamid or f"wamid.in.{uuid.uuid4().hex}", "timestamp": str(at), "type": "text", "text": {"body": text}} | more
    return change("messages", {"contacts": [{"profile": {"name": "Ana en WhatsApp"}, "wa_id": number}], "messages": [message]})


def change(name: str, value: dict) -> bytes:
    return json.dumps(
        {"object": "whatsapp_business_account", "entry": [{"id": "1", "changes": [{"field": name, "value": value}]}]}
    ).encode()


@dataclass
class FakeGraph:
    """Listens on a free port. `fault(n)` says what the n-th message request meets; `deliver` gets the webhooks' bodies."""

    fault: Callable[[int], Fault] = lambda _number: Fault.NONE
    deliver: Callable[[bytes], None] = lambda _body: None
    code: int = 0  # answer every message request with this error code
    hold: float = 3.0  # how long a request that gets no answer hangs
    requests: list[dict] = field(default_factory=list)
    uploads: list[bytes] = field(default_factory=list)
    accepted: list[tuple[str, str]] = field(default_factory=list)  # (our key, number)
    headers: list[dict] = field(default_factory=list)

    def __post_init__(self):
        self.lock, self.count = threading.Lock(), 0
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(self))
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}"

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()

    def copies(self) -> Counter:
        """How many messages each number really got."""
        return Counter(number for _, number in self.accepted)

    def accept(self, request: dict) -> str:
        provider_id = f"wamid.{uuid.uuid4().hex}"
        with self.lock:
            self.accepted.append((request["biz_opaque_callback_data"], request["to"]))
        return provider_id

    def tell(self, request: dict, provider_id: str, *said: str, code: int | None = None) -> None:
        for number, word in enumerate(said):
            failed = code if word == "failed" else None
            self.deliver(status_body(provider_id, word, key=request["biz_opaque_callback_data"], at=1_795_000_000 + number, code=failed))

    def answer(self, request: dict) -> tuple[int, bytes] | None:
        """(status, body), or None to hang up."""
        with self.lock:
            self.count += 1
            number = self.count
            self.requests.append(request)
        fault = self.fault(number)
        if self.code:
            return error(400, self.code)
        if fault in CODES:
            return error(*CODES[fault])
        if fault == Fault.CLOSE:
            return None
        return self.after_accepting(request, self.accept(request), fault)

    def after_accepting(self, request: dict, provider_id: str, fault: Fault) -> tuple[int, bytes] | None:
        """It has the message: what it says of it, and whether it answers at all."""
        told = {
            Fault.NONE: ("delivered", "sent", "delivered", "read"), Fault.SLOW: ("sent", "delivered"), Fault.EARLY: ("sent", "delivered"),
            Fault.ASYNC_FAIL: ("failed",),
        }.get(fault, ("sent", "sent", "delivered"))  # fmt: skip
        self.tell(request, provider_id, *told, code=131026)
        time.sleep({Fault.SLOW: 0.3, Fault.ACCEPT_TIMEOUT: self.hold}.get(fault, 0))
        if fault in {Fault.ACCEPT_TIMEOUT, Fault.ACCEPT_CLOSE}:
            return None
        if fault == Fault.ACCEPT_ERROR:
            return error(500, 131016)
        if fault == Fault.GARBLED:
            return 200, b"<html>no soy JSON</html>"
        answer = {"messaging_product": "whatsapp", "messages": [{"id": provider_id, "message_status": "accepted"}]}
        return 200, json.dumps(answer).encode()


def error(status: int, code: int) -> tuple[int, bytes]:
    return status, json.dumps({"error": {"message": "fallo", "code": code, "error_data": {"details": "detalle de Meta"}}}).encode()


def handler_of(graph: FakeGraph):
    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_args):
            """Quiet."""

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            graph.headers.append(dict(self.headers))
            if self.path.endswith("/media"):
                graph.uploads.append(body)
                answer = (200, json.dumps({"id": f"media-{len(graph.uploads)}"}).encode())
            else:
                answer = graph.answer(json.loads(body))
            if answer is None:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            status, content = answer
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler
