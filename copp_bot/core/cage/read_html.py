"""HTML: what a reader sees of it. Nothing is fetched and nothing runs."""

import re
from typing import Any

from selectolax.lexbor import LexborHTMLParser, SelectolaxError

from copp_bot.core.cage import texts
from copp_bot.core.cage.texts import READ_BYTES

_UNSEEN = ":is(script,style,noscript,template,svg,iframe,object,[hidden],[aria-hidden=true])"
_OUTERMOST_UNSEEN = f"{_UNSEEN}:not({_UNSEEN} *)"
"""What lies inside of another is freed with it, and must not be touched again."""
_HIDING = re.compile(r"(?i)(?:display\s*:\s*none|visibility\s*:\s*hidden)")
_BLOCK = re.compile(
    r"(?i)<(?=/?(?:address|article|aside|blockquote|br|button|caption|dd|details|div|dl|dt|fieldset|figcaption|figure|footer|"
    r"form|h[1-6]|header|hr|li|main|nav|ol|option|p|pre|section|select|summary|table|tbody|td|textarea|tfoot|th|thead|tr|ul)[\s/>])"
)
"""Tags that begin or end a line; all others (``<b>``, ``<span>``) may stand inside a word."""
_LANGUAGE = re.compile(r"[a-zA-Z]{2,3}(?=[-_]|$)")


def read(data: bytes, charset: str) -> dict[str, Any]:
    """Title, description, language and visible text."""
    source = texts.decode(data, charset or texts.declared(data))
    try:
        tree = LexborHTMLParser(_BLOCK.sub("\n<", source))
    except SelectolaxError:  # any bytes are HTML, so it is memory that was wanting
        return {"problem": "too_much"}
    title = texts.tidy_title(_title(tree))
    description = texts.tidy_title(_meta(tree, "description") or _meta(tree, "og:description"))
    language, licence = _language(tree), _licence(tree)
    _leave_out_unseen(tree)
    body = tree.body
    text, is_cut = texts.kept(body.text() if body else "")
    return {
        "title": title,
        "description": description,
        "language": language,
        "licence": licence,
        "text": text,
        "is_cut": is_cut or len(data) > READ_BYTES,
    }


def _leave_out_unseen(tree: LexborHTMLParser) -> None:
    for node in tree.css("[style]"):
        if _HIDING.search(node.attributes.get("style") or ""):
            node.attrs["hidden"] = ""
    for node in tree.css(_OUTERMOST_UNSEEN):
        node.decompose()


def _title(tree: LexborHTMLParser) -> str | None:
    for selector in ("head > title", "title", "h1"):
        node = tree.css_first(selector)
        if node is not None and node.text().strip():
            return node.text()
    return _meta(tree, "og:title")


def _meta(tree: LexborHTMLParser, name: str) -> str | None:
    node = tree.css_first(f'meta[name="{name}"],meta[property="{name}"]')
    return node.attributes.get("content") if node is not None else None


def _licence(tree: LexborHTMLParser) -> str | None:
    """The address of the licence a page names (microformats.org, rel-license)."""
    node = tree.css_first("a[rel~=license],link[rel~=license]")
    return node.attributes.get("href") if node is not None else None


def _language(tree: LexborHTMLParser) -> str | None:
    node = tree.css_first("html")
    match = _LANGUAGE.match((node.attributes.get("lang") or "") if node is not None else "")
    return match[0].lower() if match else None
