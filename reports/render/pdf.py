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
from reports.base import COMPANY, DATE, NUMBER, Column, Dataset

DETAIL_ROWS = 150
KPI_COLUMNS = 4
PAGE, PADDING, LETTER, WORD_MAX = 182, 2.6, 1.3, 16  # millimetres of a line, a cell's padding, a letter; longer words may break
BOLD = 1.12  # how much wider a title is written
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


def longest_word(text: str) -> int:
    return max(map(len, text.split()), default=0)


def fitted(columns: Sequence[Column], lines: Sequence[Sequence[str]]) -> list[float]:
    """The width of each column in percent: what its longest word needs (a plate, a date, its title), then its share of the rest.

    Numbers and dates take no share: they leave it to the names and texts beside them.
    """
    longest = [
        max(BOLD * longest_word(column.title), *(longest_word(line[index]) for line in lines), 0) for index, column in enumerate(columns)
    ]
    least = [PADDING + LETTER * min(WORD_MAX, letters) for letters in longest]
    shares = [0 if column.kind in {NUMBER, DATE} else column.width for column in columns]
    free, wanted = max(0.0, PAGE - sum(least)), sum(shares) or 1
    widths = [need + free * share / wanted for need, share in zip(least, shares, strict=True)]
    return [round(100 * width / sum(widths), 1) for width in widths]


def html(data: Dataset) -> str:
    """The report as one self-contained page."""
    shown = [column for column in data.columns if column.in_pdf]
    records = data.records[:DETAIL_ROWS]
    lines = [[column.text(record) for column in shown] for record in records]
    proved = [(proof, picture(proof.picture)) for proof in data.proofs if proof.picture][:PICTURES]
    context = {
        "data": data, "company": COMPANY,
        "head": list(zip((column.title for column in shown), fitted(shown, lines), strict=True)),
        "kpi_columns": max(1, min(KPI_COLUMNS, len(data.indicators))),
        "lines": lines,
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
