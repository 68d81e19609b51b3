"""Pages: one place that decides between a whole page and the block htmx asked for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, Template
from litestar import MediaType, Response
from litestar.response import Redirect

from portal.text import language
from portal.web.visit import Visit

HTML = MediaType.HTML
LAYOUT = frozenset(
    {"title", "theme", "menu", "language", "content"}
)  # parts of the frame, no regions to swap


def show(visit: Visit, template: str, *, status: int = 200, **facts: Any) -> Response[str]:
    """The page; or only the block whose name htmx gave as its target, when the page has one of that name."""
    pages: Environment = visit.wiring.pages
    page = pages.get_template(template)
    context = {**facts, "visit": visit, "path": "", "lang": language.get(), "status": status}
    if visit.block and visit.block in page.blocks and visit.block not in LAYOUT:
        content = _title(page, context) + "".join(page.blocks[visit.block](page.new_context(context)))
    else:
        content = page.render(context)
    return Response(content, media_type=HTML, status_code=status)


def _title(page: Template, context: dict[str, Any]) -> str:
    """A swapped block brings the page's title along; htmx takes it out and sets it."""
    return f"<title>{''.join(page.blocks['title'](page.new_context(context)))}</title>"


def go(visit: Visit, *parts: str, **query: str) -> Redirect:
    """303 to an address in this municipality: the answer to every form that was carried out."""
    return go_to(visit.path(*parts) + ("?" + urlencode(query) if query else ""))


def go_to(address: str) -> Redirect:
    return Redirect(address, status_code=303)
