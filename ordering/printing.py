"""Invoices and credit notes as PDF. Pure: what stands in the document in, a file out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import font_source_sans_pro
from fpdf import FPDF
from fpdf.enums import XPos, YPos
from fpdf.fonts import FontFace

_FAMILY = "document"
_MUTED = (110, 110, 118)
_RULE = (222, 222, 226)
# Millimetres.
_MARGIN = 20
_LINE = 5


@dataclass(frozen=True)
class Row:
    """One line of goods. Amounts are decimals as text, in the currency of the sheet."""

    text: str
    quantity: str
    unit: str
    discount: str
    tax: str
    total: str


@dataclass(frozen=True)
class Sheet:
    """All that stands in a document. `facts` and `sums` are (label, value), the last sum is the total."""

    title: str
    number: str
    currency: str
    seller: Sequence[str]
    buyer: Sequence[str]
    ship_to: Sequence[str]
    facts: Sequence[tuple[str, str]]
    rows: Sequence[Row]
    sums: Sequence[tuple[str, str]]
    notes: Sequence[str] = field(default_factory=tuple)


def pdf(sheet: Sheet, *, fonts: Sequence[str] = ()) -> bytes:
    """The document on A4. `fonts` are files of further typefaces, for letters that the first does not have."""
    paper = _Paper(footer=" · ".join(sheet.seller))
    _set_typeface(paper, fonts)
    paper.set_title(f"{sheet.title} {sheet.number}")
    paper.set_lang("en")
    paper.add_page()
    _head(paper, sheet)
    _parties(paper, sheet)
    _goods(paper, sheet)
    _sums(paper, sheet)
    for note in sheet.notes:
        paper.ln(_LINE)
        _write(paper, note)
    return bytes(paper.output())


class _Paper(FPDF):
    def __init__(self, *, footer: str):
        super().__init__(format="A4")
        self._footer = footer
        self.set_margin(_MARGIN)
        self.set_auto_page_break(auto=True, margin=_MARGIN + _LINE)

    def footer(self) -> None:
        """The seller and the page on every page."""
        self.set_y(-_MARGIN)
        self.set_font(_FAMILY, size=8)
        self.set_text_color(*_MUTED)
        self.cell(0, 4, self._footer, align="L")
        self.cell(0, 4, f"{self.page_no()} / {{nb}}", align="R")


def _set_typeface(paper: FPDF, fonts: Sequence[str]) -> None:
    folder = Path(font_source_sans_pro.font_directory)
    paper.add_font(_FAMILY, fname=folder / "SourceSansPro-Regular.ttf")
    paper.add_font(_FAMILY, style="B", fname=folder / "SourceSansPro-Semibold.ttf")
    for number, file in enumerate(fonts):
        paper.add_font(f"further-{number}", fname=file)
    paper.set_fallback_fonts([f"further-{number}" for number in range(len(fonts))], exact_match=False)
    paper.set_font(_FAMILY, size=10)


def _head(paper: FPDF, sheet: Sheet) -> None:
    top = paper.get_y()
    paper.set_font(_FAMILY, "B", 22)
    _write(paper, sheet.title, height=10)
    paper.set_font(_FAMILY, size=11)
    paper.set_text_color(*_MUTED)
    _write(paper, sheet.number)
    left_end = paper.get_y()
    paper.set_y(top + 2)
    for at, line in enumerate(sheet.seller):
        paper.set_font(_FAMILY, "B" if at == 0 else "", 9)
        paper.cell(0, 4.4, line, align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.set_y(max(left_end, paper.get_y()) + 2 * _LINE)
    paper.set_text_color(0)


def _parties(paper: FPDF, sheet: Sheet) -> None:
    """Who pays, where it went and the dates, side by side."""
    top, width = paper.get_y(), paper.epw / 3
    facts = [f"{label}: {value}" for label, value in sheet.facts]
    ends = []
    for column, (label, lines) in enumerate(
        (("Billed to", sheet.buyer), ("Sent to", sheet.ship_to), ("Details", facts))
    ):
        if not lines:
            continue
        paper.set_xy(_MARGIN + column * width, top)
        paper.set_font(_FAMILY, size=8)
        paper.set_text_color(*_MUTED)
        paper.cell(width, _LINE, label, new_x=XPos.LEFT, new_y=YPos.NEXT)
        paper.set_font(_FAMILY, size=10)
        paper.set_text_color(0)
        for line in lines:
            paper.multi_cell(width - 4, _LINE, line, align="L", new_x=XPos.LEFT, new_y=YPos.NEXT)
        ends.append(paper.get_y())
    paper.set_y(max(ends, default=top) + 2 * _LINE)


def _goods(paper: FPDF, sheet: Sheet) -> None:
    if not sheet.rows:
        return
    heads = ("Item", "Quantity", "Price", "Discount", "Tax", f"Total {sheet.currency}")
    paper.set_draw_color(*_RULE)
    paper.set_font(_FAMILY, size=9.5)
    with paper.table(
        col_widths=(40, 11, 14, 14, 10, 17),
        text_align=("LEFT", "RIGHT", "RIGHT", "RIGHT", "RIGHT", "RIGHT"),
        borders_layout="HORIZONTAL_LINES",
        line_height=5.5,
        padding=(1, 0),
        headings_style=FontFace(emphasis="", color=_MUTED, size_pt=8),
    ) as table:
        for cells in (heads, *((r.text, r.quantity, r.unit, r.discount, r.tax, r.total) for r in sheet.rows)):
            row = table.row()
            for cell in cells:
                row.cell(cell)
    paper.ln(_LINE)


def _sums(paper: FPDF, sheet: Sheet) -> None:
    for at, (label, value) in enumerate(sheet.sums, start=1):
        is_total = at == len(sheet.sums)
        paper.set_font(_FAMILY, "B" if is_total else "", 12 if is_total else 10)
        height = 8 if is_total else 5.5
        paper.cell(paper.epw - 35, height, label, align="R")
        paper.cell(35, height, f"{value} {sheet.currency}", align="R", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    paper.set_font(_FAMILY, size=10)


def _write(paper: FPDF, text: str, *, height: float = _LINE) -> None:
    paper.multi_cell(0, height, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
