"""JATS and NLM XML: how files are cut, what an article says, what is refused, and that nothing is lost or invented."""

from __future__ import annotations

import gzip
import io
from datetime import UTC, date, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assets.sources.base import Author, Figure, Passage, Quarantined, RawObject, Record, Section
from assets.sources.jats import split as jats_split
from assets.sources.jats.jats import SOURCE
from assets.sources.streams import open_stream

RAW = RawObject("jats", date(2025, 3, 14), "raw/x", "0" * 64, 1, "x.xml", datetime(2025, 3, 15, tzinfo=UTC))


class Dribble(io.RawIOBase):
    """Gives a few bytes at a time, so that every border between blocks is tried."""

    def __init__(self, content: bytes, portion: int) -> None:
        self._content = io.BytesIO(content)
        self._portion = portion

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        part = self._content.read(min(len(buffer), self._portion))
        buffer[: len(part)] = part
        return len(part)


def rows(content: bytes | str, portion: int = 1 << 20) -> list[Record | Quarantined]:
    """All rows of a file; conservation and the order of indexes are checked on the way, for every test."""
    received = content.encode() if isinstance(content, str) else content
    found = list(SOURCE.parse(Dribble(received, portion), RAW))  # type: ignore[arg-type]
    assert SOURCE.count(Dribble(received, portion)) == len(found)  # type: ignore[arg-type]
    assert [row.record_index for row in found] == list(range(len(found)))
    return found


def article(
    title: str = "T", meta: str = "", body: str = "", back: str = "", attributes: str = "", more: str = ""
) -> str:
    return (
        f'<article xmlns:xlink="http://www.w3.org/1999/xlink" xmlns:mml="http://www.w3.org/1998/Math/MathML" '
        f'xmlns:ali="http://www.niso.org/schemas/ali/1.0/" {attributes}><front><article-meta><title-group>'
        f"<article-title>{title}</article-title></title-group>{meta}</article-meta></front>"
        f"<body>{body}</body><back>{back}</back>{more}</article>"
    )


def listed(content: str) -> Record:
    [row] = rows(content)
    assert isinstance(row, Record), row
    return row


def told(content: bytes | str, portion: int = 1 << 20) -> list[str]:
    """Titles of the listed and reasons of the quarantined, in order."""
    return [row.reason if isinstance(row, Quarantined) else str(row.title) for row in rows(content, portion)]


def passages(body: str, back: str = "", meta: str = "", more: str = "") -> list[tuple[str, str]]:
    return [(part.kind, part.text) for part in listed(article("T", meta, body, back, more=more)).passages]


# -- how a file is cut -------------------------------------------------------------------------------------------------

PROLOG = '<?xml version="1.0"?>\n<!DOCTYPE article PUBLIC "-//NLM//DTD JATS//EN" "https://dtd.example/x.dtd">\n'


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (PROLOG + article("A"), ["A"]),
        (f"<pmc-articleset>{article('A')}\n{article('B')}</pmc-articleset>", ["A", "B"]),
        (f"<articleset>{article('A')}<!-- <article> -->{article('B')}</articleset>", ["A", "B"]),
        (f"<OAI-PMH><ListRecords><record><metadata>{article('A')}</metadata></record><record><metadata>"
         f"{article('B')}</metadata></record></ListRecords></OAI-PMH>", ["A", "B"]),
        (article("A", more='<sub-article id="s"><front-stub/></sub-article><response/>'), ["A"]),
        (article("<![CDATA[<article> & </article>]]>"), ["<article> & </article>"]),
        (PROLOG.replace('dtd">', 'dtd" [<!ENTITY a "<article>">]>') + article("A"), ["A"]),
        ("<set>" + article("A").replace("</article>", "") + article("B") + "</set>", ["malformed_xml", "B"]),
        (article("A") + article("B")[:-40], ["A", "truncated_xml"]),
        (f"<pmc-articleset>{article('A')}", ["A", "truncated_xml"]),
        (article("A").replace("A<", "&foo;<") + article("B"), ["undefined_entity", "B"]),
        (article("&#x3b1;&amp;"), ["α&"]),
        ("<pmc-articleset><article/></pmc-articleset>", ["missing_metadata"]),
        ("<pmc-articleset><Reply error='x'/></pmc-articleset>", ["no_records"]),
        ("<!DOCTYPE html><html><article>x</article></html>", ["missing_metadata"]),
        ("no xml", ["not_xml"]),
        (" \n", ["empty_file"]),
        ("", ["empty_file"]),
        ("<?xml version='1.0' encoding='klingon'?>" + article(), ["unknown_encoding"]),
        (article(" "), ["missing_title"]),
        (article("A", "<pub-date pub-type='epub'><year>2031</year></pub-date>"), ["implausible_date"]),
    ],
)  # fmt: skip
@pytest.mark.parametrize("portion", [1 << 20, 97])
def test_articles_are_found_wherever_they_stand_and_damage_stays_with_its_article(
    content: str, expected: list[str], portion: int
) -> None:
    assert told(content, portion) == expected


@pytest.mark.parametrize(("depth", "reason"), [(100, "A"), (240, "A"), (5000, "malformed_xml")])
def test_nesting_has_a_limit_and_costs_one_article(depth: int, reason: str) -> None:
    for name in ("sec", "italic"):
        deep = article("A", body="<p>" + f"<{name}>" * depth + "x" + f"</{name}>" * depth + "</p>")
        assert told(deep + article("B")) == [reason, "B"]


@pytest.mark.parametrize("declared", ['xmlns="https://jats.nlm.nih.gov/ns/archiving/1.3/"', ""])
@pytest.mark.parametrize("prefix", ["", "jats:"])
def test_articles_read_alike_with_a_namespace_a_prefix_or_neither(declared: str, prefix: str) -> None:
    written = article("A", body="<sec><title>S</title><p>Text.</p></sec>").replace("<article ", f"<article {declared} ")
    if prefix:
        for name in ("article", "front", "title-group", "body", "sec", "title", "p", "back"):
            for tag in (f"<{name}>", f"<{name} ", f"</{name}>", f"<{name}-"):
                written = written.replace(tag, tag.replace(name, prefix + name, 1))
        written = written.replace("</article-", "</jats:article-").replace("</jats:title-", "</title-")
        written = written.replace("</title-group", "</jats:title-group")
    record = listed(f'<set xmlns:jats="urn:x">{written}</set>')
    assert (record.title, record.passages) == ("A", [Passage(["S"], "body", "Text.")])


def test_an_article_too_large_is_skipped_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jats_split, "MAX_ARTICLE_BYTES", 1024 * 1024)
    huge = article("B", body="<p>" + "x" * 3_000_000 + "</p>")
    assert told(f"<set>{article('A')}{huge}{article('C')}</set>") == ["A", "record_too_large", "C"]


def test_bytes_that_are_no_utf8_cost_one_article() -> None:
    content = (article("A") + article("BAD") + article("C")).encode().replace(b"BAD", b"\xff")
    assert told(content) == ["A", "invalid_utf8", "C"]


def test_a_truncated_gzip_costs_the_article_that_it_breaks() -> None:
    packed = gzip.compress((article("A") + article("B", body="<p>" + "".join(map(str, range(9000))) + "</p>")).encode())
    cut = packed[: len(packed) // 2]

    def stream() -> io.BufferedIOBase:
        return open_stream(io.BytesIO(cut), len(cut))  # type: ignore[return-value]

    found = list(SOURCE.parse(stream(), RAW))  # type: ignore[arg-type]
    assert [row.reason if isinstance(row, Quarantined) else row.title for row in found] == ["A", "truncated_gzip"]
    assert SOURCE.count(stream()) == 2  # type: ignore[arg-type]


def test_external_and_nested_entities_are_inert() -> None:
    subset = (
        '<!DOCTYPE article [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;"><!ENTITY file SYSTEM "file:///etc/hostname">]>'
    )
    assert told(subset + "<set>" + article("&b;") + article("&file;") + "</set>") == ["undefined_entity"] * 2


# -- what an article says ----------------------------------------------------------------------------------------------

META = """
<article-id pub-id-type="pmid">31000001</article-id><article-id pub-id-type="pmcid">PMC777</article-id>
<article-id pub-id-type="pmcid-ver">PMC777.2</article-id><article-id pub-id-type="doi">10.1234/ABC.1</article-id>
<article-categories><subj-group subj-group-type="heading"><subject>Review</subject></subj-group>
  <subj-group subj-group-type="Discipline"><subject>Biology</subject><subj-group><subject>Cells</subject></subj-group>
  </subj-group></article-categories>
<contrib-group>
  <contrib contrib-type="author"><contrib-id contrib-id-type="orcid">https://orcid.org/0000-0001-5028-369X</contrib-id>
    <name><surname>Lovelace</surname><given-names initials="A">Ada</given-names><suffix>Jr</suffix></name>
    <xref ref-type="aff" rid="a1 a2">1,2</xref></contrib>
  <contrib contrib-type="author"><collab>The Sample Group<contrib-group><contrib contrib-type="author"><name>
    <surname>Member</surname></name></contrib></contrib-group></collab></contrib>
  <contrib contrib-type="editor"><name><surname>Editor</surname></name></contrib>
  <aff id="a1"><label>1</label><institution>Institute</institution><country>Norway</country></aff>
  <aff id="a2"><sup>2</sup>Second <institution-wrap><institution-id>grid.1</institution-id>
    <institution>Place</institution></institution-wrap>, Rome</aff>
</contrib-group>
<author-notes><fn fn-type="COI-statement"><p>None to declare.</p></fn></author-notes>
<pub-date pub-type="collection"><year>2024</year></pub-date>
<pub-date pub-type="ppub"><month>12</month><year>2024</year></pub-date>
<pub-date date-type="pub" publication-format="electronic"><day>05</day><month>11</month><year>2024</year></pub-date>
<pub-date pub-type="pmc-release"><year>2023</year></pub-date>
<volume>7</volume><issue>3</issue><fpage>10</fpage><lpage>20</lpage>
<history><date date-type="received"><day>1</day><month>2</month><year>2024</year></date></history>
<permissions><license xlink:href="https://creativecommons.org/licenses/by-nc/4.0/"><license-p>Text.</license-p></license>
</permissions>
<related-article related-article-type="corrected-article" ext-link-type="doi" xlink:href="10.1234/old"/>
<abstract><title>Abstract</title><sec><title>Background:</title><p>Why.</p></sec><sec><title>Methods</title><p>How
  <italic>so</italic>.</p></sec></abstract>
<abstract abstract-type="graphical"><p>Picture.</p></abstract>
<trans-abstract xml:lang="fr"><p>Pourquoi.</p></trans-abstract>
<kwd-group><kwd>calcium</kwd><kwd><italic>E. coli</italic></kwd></kwd-group>
<kwd-group kwd-group-type="abbreviations"><kwd>ABC</kwd></kwd-group>
<funding-group><award-group><funding-source country="NO">The Fund</funding-source><award-id>G1</award-id></award-group>
</funding-group>
"""
JOURNAL = """<journal-meta><journal-id journal-id-type="iso-abbrev">J Sampl</journal-id><journal-title-group>
<journal-title>Journal of Samples</journal-title></journal-title-group>
<issn pub-type="epub">1234-5678</issn></journal-meta>
"""
REFERENCES = """<ref-list><ref id="r1"><label>1</label><mixed-citation>One A. Title. 2001.
<pub-id pub-id-type="doi">10.5/x</pub-id></mixed-citation></ref>
<ref><element-citation><person-group><name><surname>Two</surname><given-names>B</given-names></name></person-group>
<article-title>Other</article-title><fpage>1</fpage><lpage>9</lpage><pub-id pub-id-type="pmid">5</pub-id>
</element-citation></ref></ref-list>"""


def full() -> Record:
    written = article("Effect of Ca<sup>2+</sup><xref ref-type='fn' rid='f'>*</xref>", META, "<p>Body.</p>", REFERENCES,
                      'article-type="research-article" xml:lang="en-GB"')  # fmt: skip
    return listed(written.replace("<front>", f"<front>{JOURNAL}"))


def test_every_canonical_field_of_a_full_article_is_read() -> None:
    record = full()
    assert (record.title, record.source_id, record.version, record.status) == (
        "Effect of Ca2+",
        "PMC777",
        "2",
        "revised",
    )
    assert (record.doi, record.pmid, record.pmcid, record.arxiv_id) == ("10.1234/abc.1", "31000001", "PMC777", None)
    assert record.abstract == "Background: Why.\n\nMethods: How so."
    assert record.abstract_sections == [Section("Background", "Why."), Section("Methods", "How so.")]
    assert record.authors == [
        Author("Ada Lovelace Jr", "0000-0001-5028-369X", "Institute, Norway"),
        Author("The Sample Group"),
    ]
    assert (record.journal, record.published_on, record.language) == ("Journal of Samples", date(2024, 11, 5), "en")
    assert (record.licence, record.publication_types) == ("CC BY-NC 4.0", ["research-article", "Review"])
    assert (record.keywords, record.categories) == (["calcium", "E. coli"], ["Biology", "Cells"])
    assert record.url == "https://pmc.ncbi.nlm.nih.gov/articles/PMC777/"


def test_the_bibliography_of_a_full_article_is_read() -> None:
    said = full().bibliography
    assert said is not None
    assert (said["journal_abbreviation"], said["issn"], said["issn_kind"]) == ("J Sampl", "1234-5678", "Electronic")
    assert (said["volume"], said["issue"], said["pages"]) == ("7", "3", "10-20")
    assert said["title_markup"] is not None and said["title_markup"].startswith("Effect of Ca<sup>2+</sup>")
    assert said["author_details"][0]["affiliations"] == ["Institute, Norway", "Second Place, Rome"]
    assert said["author_details"][1]["collective"] == "The Sample Group"
    assert [(row["kind"], row["value"]) for row in said["dates"]][-1] == ("received", "2024-2-1")
    assert said["grants"] == [{"id": "G1", "acronym": None, "agency": "The Fund", "country": "NO"}]
    assert said["coi_statement"] == "None to declare."
    assert said["corrections"] == [
        {"kind": "ErratumFor", "citation": "doi:10.1234/old", "pmid": None, "note": None},
    ]
    assert [(row["language"], row["kind"], row["text"]) for row in said["other_abstracts"]] == [
        (None, "graphical", "Picture."), ("fr", None, "Pourquoi."),
    ]  # fmt: skip
    assert said["references"] == [
        {"citation": "One A. Title. 2001. 10.5/x", "identifiers": [{"kind": "doi", "value": "10.5/x"}]},
        {"citation": "Two B. Other. 1-9", "identifiers": [{"kind": "pmid", "value": "5"}]},
    ]
    assert "nlm_id" not in said


@pytest.mark.parametrize(
    ("place", "expected"),
    [
        ("<institution>A, </institution><institution>B, </institution>Rome", "A, B, Rome"),
        ("<institution-wrap><institution-id/><institution>A</institution></institution-wrap>B", "A, B"),
        ("<label>1</label><addr-line>A, Rome</addr-line>", "A, Rome"),
        ("<institution>A</institution> and <institution>B</institution>, <country>Italy</country>", "A and B, Italy"),
        ("<institution>A</institution>\n  <city>Rome</city>\n  <country>Italy</country>", "A, Rome, Italy"),
        ("Department of <italic>E. coli</italic> Studies", "Department of E. coli Studies"),
    ],
)  # fmt: skip
def test_parts_of_an_affiliation_do_not_run_together(place: str, expected: str) -> None:
    author = "<contrib-group><contrib contrib-type='author'><collab>G</collab><xref rid='a'/></contrib></contrib-group>"
    [found] = listed(article("T", f"{author}<aff id='a'>{place}</aff>")).authors
    assert found.affiliation == expected


def test_names_in_references_are_kept_apart_and_editors_are_no_authors() -> None:
    name = "<name><surname>One</surname><given-names>A</given-names></name>"
    refs = (
        f"<ref><mixed-citation>{name} (2001) Title?</mixed-citation></ref><ref><element-citation><person-group>{name}"
        "</person-group><person-group person-group-type='editor'><name><surname>Ed</surname></name></person-group>"
        "<article-title>Why?</article-title><source>J</source></element-citation></ref>"
    )
    said = listed(article("T", back=f"<ref-list>{refs}</ref-list>")).bibliography
    assert said is not None
    assert [row["citation"] for row in said["references"]] == ["One A (2001) Title?", "One A. Why? J"]


def test_the_doi_of_a_part_is_none_of_its_paragraphs() -> None:
    own = "<p><bold>DOI:</bold> <ext-link>http://dx.doi.org/10.7554/eLife.1.001</ext-link></p>"
    record = listed(article("T", f"<abstract><p>Short.</p>{own}</abstract>", f"<p>DOI: is a word.</p>{own}"))
    assert (record.abstract, [part.text for part in record.passages]) == ("Short.", ["Short.", "DOI: is a word."])


@pytest.mark.parametrize(
    ("dates", "day"),
    [
        ("<pub-date pub-type='epub'><year>2024</year></pub-date><pub-date pub-type='ppub'><day>2</day><month>3</month>"
         "<year>2024</year></pub-date>", date(2024, 3, 2)),
        ("<pub-date pub-type='collection'><year>2023</year></pub-date>", date(2023, 1, 1)),
        ("<pub-date pub-type='ppub'><season>Summer</season><year>2020</year></pub-date>", date(2020, 7, 1)),
        ("<pub-date pub-type='epub' iso-8601-date='2020-02-03'/>", date(2020, 2, 3)),
        ("<pub-date><day>31</day><month>2</month><year>2020</year></pub-date>", date(2020, 2, 1)),
        ("<pub-date pub-type='pmc-release'><year>2020</year></pub-date>", None),
        ("<pub-date pub-type='epub'><year>soon</year></pub-date>", None),
    ],
)  # fmt: skip
def test_the_date_of_publication_is_the_earliest_that_ends_first(dates: str, day: date | None) -> None:
    assert listed(article("T", dates)).published_on == day


@pytest.mark.parametrize(
    ("permissions", "licence"),
    [
        ("<license><ali:license_ref>http://creativecommons.org/licenses/by-nc-nd/4.0/</ali:license_ref></license>",
         "CC BY-NC-ND 4.0"),
        ("<license><license-p>Under <ext-link xlink:href='https://creativecommons.org/publicdomain/zero/1.0/'>CC"
         "</ext-link></license-p></license>", "CC0"),
        ("<license><license-p>Open under the Creative Commons Attribution License, so far.</license-p></license>",
         "CC BY"),
        ("<license><p>the Creative Commons Attribution-Noncommercial-Share Alike 3.0 Unported License</p></license>",
         "CC BY-NC-SA 3.0"),
        ("<license license-type='open-access'><license-p>" + "long " * 40 + "</license-p></license>", "open-access"),
        ("<license><license-p>The publisher's own licence.</license-p></license>", "The publisher's own licence."),
        ("<copyright-statement>© 2020 Somebody</copyright-statement>", None),
    ],
)  # fmt: skip
def test_a_licence_has_one_short_name(permissions: str, licence: str | None) -> None:
    assert listed(article("T", f"<permissions>{permissions}</permissions>")).licence == licence


def test_pmcs_own_licence_code_stands_where_nothing_else_names_one() -> None:
    custom = ("<custom-meta-group><custom-meta><meta-name>pmc-license-ref</meta-name><meta-value>{}</meta-value>"
              "</custom-meta></custom-meta-group>")  # fmt: skip
    assert listed(article("T", custom.format("CC BY-NC"))).licence == "CC BY-NC"
    assert listed(article("T", custom.format("TDM"))).licence == "TDM"


@pytest.mark.parametrize(
    ("kind", "title", "relation", "is_retracted"),
    [
        ("research-article", "T", "retraction-forward", True),
        ("research-article", "RETRACTED: T", "", True),
        ("research-article", "[Retracted] T", "", True),
        ("retracted-article", "T", "", True),
        ("retraction", "Retracted: T", "retracted-article", False),
        ("retraction", "Retraction: T", "retraction-forward", False),
        ("research-article", "Retracted articles in nursing", "", False),
        ("correction", "T", "corrected-article", False),
    ],
)
def test_a_retraction_is_told_of_the_article_and_not_of_the_notice(
    kind: str, title: str, relation: str, is_retracted: bool
) -> None:
    meta = f'<related-article related-article-type="{relation}" xlink:href="10.1/x"/>' if relation else ""
    record = listed(article(title, meta, attributes=f'article-type="{kind}"'))
    assert ("Retracted Publication" in record.publication_types) == is_retracted
    assert (record.publication_types[0], record.status) == (kind, "new")


def test_a_withdrawn_article_has_that_status() -> None:
    assert listed(article("WITHDRAWN: T")).status == "withdrawn"


# -- the text ----------------------------------------------------------------------------------------------------------


def test_passages_carry_their_section_path_and_each_text_once() -> None:
    body = (
        "<p>First.</p><sec><title>One<xref ref-type='fn' rid='f'>*</xref></title><p>Text <list><list-item><p>a</p>"
        "</list-item><list-item><p>b</p></list-item></list> ends.</p><sec><title>Two</title><p>Deep.</p></sec></sec>"
        "<fig id='f1'><label>Figure 1</label><caption><title>Title.</title><p>Legend.</p></caption></fig>"
    )
    back = "<ack><title>Thanks</title><p>To all.</p></ack><ref-list><ref><citation>R</citation></ref></ref-list>"
    record = listed(article("T", "<abstract><p>Short.</p></abstract>", body, back))
    assert record.passages == [
        Passage([], "abstract", "Short."),
        Passage([], "body", "First."),
        Passage(["One"], "body", "Text a b ends."),
        Passage(["One", "Two"], "body", "Deep."),
        Passage([], "caption", "Title. Legend."),
        Passage(["Thanks"], "back", "To all."),
    ]


def test_floats_inside_a_paragraph_are_read_after_it_and_tables_are_no_prose() -> None:
    body = (
        "<p>Before <table-wrap id='t'><caption><p>Table caption.</p></caption><table><tr><td>cell</td></tr></table>"
        "<table-wrap-foot><fn><p>Foot.</p></fn></table-wrap-foot></table-wrap>after.<fn><p>Note.</p></fn></p>"
    )
    assert passages(body) == [
        ("body", "Before after."), ("caption", "Table caption."), ("caption", "Foot."), ("body", "Note."),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        ("<inline-formula><mml:math><mml:semantics><mml:mi>x</mml:mi><mml:annotation>TEX</mml:annotation></mml:semantics>"
         "</mml:math></inline-formula>", "x"),
        (r"<inline-formula><alternatives><tex-math>\documentclass{minimal}\begin{document}$$x^2$$\end{document}"
         "</tex-math><mml:math><mml:mi>x</mml:mi></mml:math><inline-graphic/></alternatives></inline-formula>", "x^2"),
        ("<disp-formula><tex-math>y</tex-math><mml:math><mml:mi>y</mml:mi></mml:math><label>(1)</label></disp-formula>",
         "y (1)"),
    ],
)  # fmt: skip
def test_a_formula_is_read_once(formula: str, text: str) -> None:
    assert passages(f"<p>Let {formula} be.</p>") == [("body", f"Let {text} be.")]


def test_peer_review_is_another_text_and_translations_give_their_abstract() -> None:
    review = "<sub-article article-type='decision-letter'><body><p>Decision.</p></body></sub-article>"
    translation = (
        "<sub-article article-type='translation' xml:lang='pt'><front-stub><abstract><p>Curto.</p></abstract>"
        "</front-stub><body><p>Texto.</p></body></sub-article>"
    )
    record = listed(article("T", body="<p>Text.</p>", more=review + translation))
    assert [part.text for part in record.passages] == ["Text."]
    assert record.bibliography is not None
    assert record.bibliography["other_abstracts"] == [{"language": "pt", "kind": None, "text": "Curto."}]


def test_figures_tables_and_supplements_know_the_sentences_that_cite_them() -> None:
    floats = "".join(
        f"<fig id='f{n}'><label>Fig. {n}</label><graphic xlink:href='g{n}.tif'/></fig>" for n in range(1, 5)
    )
    supplement = (
        "<supplementary-material id='s1' xlink:href='s1.pdf'><label>S1</label><p>File.</p></supplementary-material>"
    )
    body = (
        "<p>As in Fig. <xref ref-type='fig' rid='f1'>1</xref>, it grew. Nothing here. See Figs <xref rid='f2'>2</xref>–"
        "<xref rid='f4'>4</xref> (J. Doe et al., p = 0.05). Also <xref rid='s1 f1'>S1</xref>.</p>" + floats + supplement
    )
    record = listed(article("T", body=body))
    many = "See Figs 2–4 (J. Doe et al., p = 0.05)."
    assert record.figures == [
        Figure("f1", "figure", "Fig. 1", None, "g1.tif", ["As in Fig. 1, it grew.", "Also S1."]),
        Figure("f2", "figure", "Fig. 2", None, "g2.tif", [many]),
        Figure("f3", "figure", "Fig. 3", None, "g3.tif", [many]),
        Figure("f4", "figure", "Fig. 4", None, "g4.tif", [many]),
        Figure("s1", "supplement", "S1", "File.", "s1.pdf", ["Also S1."]),
    ]


def test_a_figure_is_not_cited_by_its_own_caption() -> None:
    fig = "<fig id='f1'><caption><p>See <xref rid='f1'>this</xref> and <xref rid='f2'>that</xref>.</p></caption></fig>"
    figures = listed(article("T", body=fig + "<fig id='f2'><label>2</label></fig>")).figures
    assert [figure.cited_by for figure in figures] == [[], ["See this and that."]]


# -- whatever comes ----------------------------------------------------------------------------------------------------

VALID = (PROLOG + f"<pmc-articleset>{article('A', META, '<p>Text.</p>')}{article('B')}</pmc-articleset>").encode()
PIECES = st.sampled_from(
    [b"<article>", b"</article>", b"<article ", b"<j:article/>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?x", b"?>",
     b"<!DOCTYPE article [", b"]>", b"<pmc-articleset>", b"</pmc-articleset>", b"<sub-article>", b"<p>", b"\xff", b" ",
     b"<front><article-meta>", b"</article-meta></front>", b"&a;", article("X").encode()]
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.binary(max_size=300), st.lists(PIECES, max_size=12).map(b"".join)), st.integers(1, 64))
def test_any_bytes_yield_rows_that_add_up(content: bytes, portion: int) -> None:
    assert rows(content, portion)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(VALID)), st.integers(0, 80), st.one_of(st.binary(max_size=20), PIECES))
def test_any_damage_to_a_valid_set_yields_rows_that_add_up(at: int, length: int, instead: bytes) -> None:
    assert rows(VALID[:at] + instead + VALID[at + length :])
