"""What the machine says of itself: one JSON line per event with ids and no personal data; error reports without names."""

import logging
import re
import uuid
from collections.abc import Callable

import sentry_sdk
import structlog
from django.http import HttpRequest, HttpResponse

# What looks like a person in a message that somebody wrote without thinking: e-mails, and runs of seven digits or more.
PERSONAL = re.compile(r"[\w.+-]+@[\w-]+\.[\w.]+|(?<![\w-])\+?\d[\d .]{5,}\d(?![\w-])")


def without_people(_logger: object, _name: str, event: dict) -> dict:
    """Blots e-mails and long numbers out of every text of a log line."""
    return {key: PERSONAL.sub("…", value) if isinstance(value, str) and key not in KEPT else value for key, value in event.items()}


KEPT = {"timestamp", "request", "level", "logger"}
CHAIN = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    structlog.processors.format_exc_info,
    without_people,
]


def json_formatter() -> logging.Formatter:
    """One JSON object a line, for every logger of the process."""
    return structlog.stdlib.ProcessorFormatter(
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, structlog.processors.JSONRenderer(ensure_ascii=False)],
        foreign_pre_chain=CHAIN,
    )


def named_request(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Gives every request an id, which its log lines, its error report and its answer carry; the person only as a number."""

    def middleware(request: HttpRequest) -> HttpResponse:
        name = uuid.uuid4().hex[:12]
        structlog.contextvars.bind_contextvars(request=name, user=request.user.pk)
        try:
            response = get_response(request)
        finally:
            structlog.contextvars.clear_contextvars()
        response["X-Request-ID"] = name
        return response

    return middleware


def start_error_reports(address: str) -> None:
    """Errors go to the address (SENTRY_DSN), if there is one: no body, no cookies, no names; local variables neither."""
    if address:
        sentry_sdk.init(address, send_default_pii=False, include_local_variables=False, max_request_body_size="never",
                        before_send=clean_report)  # fmt: skip


def clean_report(event: dict, _hint: dict) -> dict:
    event.get("request", {}).pop("query_string", None)
    event.pop("breadcrumbs", None)
    for value in event.get("exception", {}).get("values", []):
        value["value"] = PERSONAL.sub("…", value.get("value") or "")
    return event
