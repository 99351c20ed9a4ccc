"""The colours of a workbook's cells. Run as a program inside limits (callcenter/spiga/sandbox.py); imports nothing of ours.

Only cells painted with one plain colour count: patterns, gradients and conditional formats say nothing of a row.
"""

import io
import marshal
import sys
import warnings
from colorsys import hls_to_rgb, rgb_to_hls

from openpyxl import load_workbook
from openpyxl.styles.colors import COLOR_INDEX, Color

from carrazos.lib.sheets import set_limits

MOST_CELLS = 2_000_000
BLANK = frozenset({"FFFFFF", "000000"})
# Excel's own theme, in the order that cells refer to it, when a workbook brings none that can be read.
THEME = ("FFFFFF", "000000", "E7E6E6", "44546A", "4472C4", "ED7D31", "A5A5A5", "FFC000", "5B9BD5", "70AD47")


def rgb_of(colour: Color | None) -> str:
    """A colour as `RRGGBB`; empty when it is none or can't be told."""
    if colour is None:
        return ""
    if colour.type == "rgb" and isinstance(colour.rgb, str):
        return colour.rgb[-6:].upper()
    if colour.type == "indexed" and 0 <= colour.indexed < len(COLOR_INDEX):
        return COLOR_INDEX[colour.indexed][-6:].upper()
    if colour.type == "theme" and 0 <= colour.theme < len(THEME):
        return tinted(THEME[colour.theme], colour.tint or 0.0)
    return ""


def tinted(rgb: str, tint: float) -> str:
    """A theme's colour made lighter (above 0) or darker, as Excel does."""
    hue, light, saturation = rgb_to_hls(*(int(rgb[at : at + 2], 16) / 255 for at in (0, 2, 4)))
    light = light * (1 + tint) if tint < 0 else light + (1 - light) * tint
    return "".join(f"{round(part * 255):02X}" for part in hls_to_rgb(hue, light, saturation))


def painted(data: bytes) -> dict[str, dict[int, list[str]]]:
    """Sheet → row from 1 → the different `RRGGBB` of its painted cells, from left to right, but for white and black."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    found: dict[str, dict[int, list[str]]] = {}
    known: dict[int, str] = {}  # a workbook has a handful of styles
    left = MOST_CELLS
    for sheet in book.worksheets:
        rows = found.setdefault(sheet.title, {})
        for row in sheet.iter_rows():
            left -= len(row)
            if left < 0:
                return found
            for cell in row:
                style = getattr(cell, "_style_id", 0)
                if style not in known:
                    fill = cell.fill if style else None
                    known[style] = rgb_of(fill.fgColor) if fill is not None and fill.fill_type == "solid" else ""
                colour = known[style]
                if colour and colour not in BLANK and colour not in rows.setdefault(cell.row, []):
                    rows[cell.row].append(colour)
    return found


def main() -> int:
    """Reads a workbook from standard input; writes what `painted` finds, marshalled, to standard output."""
    set_limits(*map(int, sys.argv[1:4]))
    marshal.dump(painted(sys.stdin.buffer.read()), sys.stdout.buffer)
    return 0
