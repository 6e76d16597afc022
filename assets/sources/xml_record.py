"""One record of XML, cut from its file, as an element; its damage in the words of quarantine.

Every record is parsed alone: no entities, no network, bounded depth, and damage costs one record. What does not belong
here: how a file is cut (the source's splitter), what an element says (the source's readers).
"""

from __future__ import annotations

from lxml import etree

from assets.sources.faults import Unlistable

_UNDEFINED_ENTITY = 26  # libxml2: XML_ERR_UNDECLARED_ENTITY
_UNDEFINED_PREFIX = 201  # libxml2: XML_NS_ERR_UNDEFINED_NAMESPACE


class RecordParser:
    """Parses records one after the other."""

    def __init__(self) -> None:
        """One parser for all of them."""
        self._parser = _parser(recover=False)

    def element(self, content: bytes, *, at_end: bool) -> etree._Element:
        """The element of one record.

        Args:
            content: Its bytes, UTF-8.
            at_end: The file ended before the record did.

        Raises:
            Unlistable: It is not well-formed, or names an entity that is not defined.
        """
        try:
            return etree.fromstring(content, self._parser)
        except etree.XMLSyntaxError as error:
            # The parser's log is that of the last text; the error's own would hold those of earlier records, too.
            kinds = {entry.type for entry in self._parser.error_log}
            if kinds != {_UNDEFINED_PREFIX}:
                raise _syntax_fault(content, error, kinds, at_end=at_end) from error
        # Nothing is wrong but namespace prefixes that the file's root declares: recovering loses nothing.
        return etree.fromstring(content, _parser(recover=True))


def check_encoding(content: bytes, encoding: str = "UTF-8", *, at_end: bool) -> None:
    """Refuse bytes that did not become UTF-8.

    Args:
        content: The bytes of one record.
        encoding: What the file said that it was, for the message.
        at_end: The file ended before the record did.

    Raises:
        Unlistable: They are not valid.
    """
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        # At the very end of a file that broke off, half a character is part of the break.
        reason = "truncated_xml" if at_end and error.end == len(content) else "invalid_utf8"
        raise Unlistable(reason, f"not valid {encoding} at byte {error.start} of the record") from error


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        recover=recover,
        remove_comments=True,
        remove_pis=True,
    )


def _syntax_fault(content: bytes, error: etree.XMLSyntaxError, kinds: set[int], *, at_end: bool) -> Unlistable:
    reason = "truncated_xml" if at_end else "undefined_entity" if _UNDEFINED_ENTITY in kinds else "malformed_xml"
    detail = " ".join((error.msg or "not well-formed").split())
    if b'=\\"' in content:
        detail += '; quotes are escaped as \\", as in XML that was dumped into JSON'
    return Unlistable(reason, f"{detail} (within the record)")
