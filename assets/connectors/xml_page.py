"""The root of an XML answer, read with no entities, no network and bounded depth; faults are those of the page.

What does not belong here: what an answer says (the service's own module).
"""

from __future__ import annotations

from lxml import etree

from assets.connectors.base import PageFault, Response


def xml_root(response: Response, most_bytes: int) -> etree._Element:
    """The root element of an answer.

    Args:
        response: At the start of its body.
        most_bytes: Most bytes that are read; the sources refuse larger pages, so they are not fetched either.

    Raises:
        PageFault: ``unreadable_page``, ``empty_body``.
    """
    if response.size > most_bytes:
        raise PageFault("unreadable_page", f"an answer of more than {most_bytes // 1024**2} MiB", then="fail")
    content = response.body.read(most_bytes)
    if not content.strip():
        raise PageFault("empty_body", "an empty answer in place of XML")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        return etree.fromstring(content, parser)
    except (etree.XMLSyntaxError, ValueError) as fault:
        raise PageFault("unreadable_page", f"the answer is no XML: {fault}") from fault


def local_name(element: etree._Element) -> str:
    """The name of an element without its namespace."""
    return str(etree.QName(element).localname)


def text_below(element: etree._Element, path: str) -> str | None:
    """The text at a path below an element, white space around it removed; None if there is none."""
    return (element.findtext(path) or "").strip() or None
