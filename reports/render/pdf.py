"""A dataset as a PDF: A4, tagged, bookmarked, drawn in a child process that can reach neither files nor the network."""

import base64
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.template.loader import render_to_string

from callcenter.domain.errors import Refused
from reports.base import COMPANY, DATE, MOMENT, Column, Dataset

DETAIL_ROWS = 150
PICTURES = 60
WALL_SECONDS = 180
FONTS = Path(settings.ROOT) / "static" / "fonts"
NO_PANGO = (
    "Este servidor no tiene Pango, que dibuja los PDF. Instálelo: apt-get install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0"
)
BROKEN = "No se pudo dibujar el PDF. Descargue el Excel, que trae todo, y avise al administrador."


def picture(name: str) -> str:
    """A screenshot as a data address; empty when the file is gone."""
    try:
        with default_storage.open(name) as file:
            return "data:image/jpeg;base64," + base64.b64encode(file.read()).decode()
    except OSError:
        return ""


NARROWEST = 8.8  # percent of the line that a date needs on A4


def shares(columns: Sequence[Column]) -> list[float]:
    """Percent of the line of each column: a date never less than it needs, the others in the proportion of their widths."""
    total = sum(column.width for column in columns)
    fixed = {column: NARROWEST for column in columns if column.kind in {DATE, MOMENT} and 100 * column.width / total < NARROWEST}
    rest = sum(column.width for column in columns if column not in fixed) or 1
    left = 100 - sum(fixed.values())
    return [round(fixed.get(column, left * column.width / rest), 1) for column in columns]


def html(data: Dataset) -> str:
    """The report as one self-contained page."""
    shown = [column for column in data.columns if column.in_pdf]
    records = data.records[:DETAIL_ROWS]
    proved = [(proof, picture(proof.picture)) for proof in data.proofs if proof.picture][:PICTURES]
    context = {
        "data": data, "company": COMPANY,
        "head": [(column.title, share) for column, share in zip(shown, shares(shown), strict=True)],
        "lines": [[column.text(record) for column in shown] for record in records],
        "left_out": len(data.records) - len(records),
        "proved": proved,
        "proofs_left_out": sum(bool(proof.picture) for proof in data.proofs) - len(proved),
    }  # fmt: skip
    return render_to_string("reports/pdf/report.html", context)


TEXTS = "<!--texts-->"  # where the analysis goes into a page that was frozen before it was written


def with_texts(page: str, texts: Iterable[tuple[str, str]]) -> str:
    """The page with what people wrote about it."""
    return page.replace(TEXTS, render_to_string("reports/pdf/texts.html", {"texts": texts}), 1)


def document(data: Dataset) -> bytes:
    return draw(html(data))


def draw(page: str) -> bytes:
    """A self-contained page as a PDF. Raises Refused with a Spanish sentence when it can't be drawn."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "report.pdf"
        config = Path(folder) / "fonts.conf"
        config.write_text(FONTS_CONF.format(fonts=FONTS, cache=folder))
        job = json.dumps({"html": page, "target": str(target)})
        environment = {**os.environ, "FONTCONFIG_FILE": str(config)}
        child = [sys.executable, "-I", str(Path(__file__).parent / "draw.py")]
        try:
            done = subprocess.run(child, input=job, text=True, capture_output=True, timeout=WALL_SECONDS, env=environment)
        except subprocess.TimeoutExpired as error:
            raise Refused(BROKEN) from error
        if done.returncode == 4:
            raise Refused(NO_PANGO)
        if done.returncode != 0 or not target.exists():
            raise Refused(BROKEN)
        return target.read_bytes()


FONTS_CONF = """<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig><dir>{fonts}</dir><cachedir>{cache}</cachedir></fontconfig>"""
