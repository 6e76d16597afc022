"""MEDLINE text: every tag on a record, damage, and the same as another reader."""

from __future__ import annotations

import gzip
import io
from datetime import date
from pathlib import Path

import pytest
from Bio import Medline
from parsing import Reader

from assets.sources.base import Author, Quarantined, Record
from assets.sources.pubmed.medline_text import SOURCE
from assets.sources.text_lines import MAX_RECORD_BYTES

reader = Reader(SOURCE)
rows, listed, refused = reader.rows, reader.listed, reader.refused


FULL = b"""
PMID- 123
OWN - NLM
STAT- MEDLINE
DCOM- 20060314
LR  - 20181113
IS  - 1471-2105 (Electronic)
IS  - 1471-2105 (Linking)
VI  - 7
IP  - 2
DP  - 2006 Jan-Feb
TI  - A title that goes on
      in a second line.
TT  - Ein Titel.
PG  - 10-12
LID - 10.1234/ABC [doi] e10 [pii]
AB  - BACKGROUND: One. RESULTS:
      Two.
OAB - Eins.
OABL- ger
CI  - (c) 2006 Nobody.
FAU - Lovelace, Ada
AU  - Lovelace A
AUID- ORCID: 0000-0001-5028-369X
AD  - Here.
AD  - There,
      too.
CN  - The Group
FAU - King, Martin, Jr
AU  - King M Jr
LA  - eng
LA  - ger
SI  - GENBANK/AF1
SI  - GENBANK/AF2
GR  - G06/1/MRC_/Medical Research Council/United Kingdom
GR  - R01 HL1/HL/NHLBI NIH HHS/United States
PT  - Journal Article
DEP - 20060110
PL  - England
TA  - BMC X
JT  - BMC examples
JID - 100965194
RN  - 0 (Proteins (all))
RN  - EC 1.1.1.1 (An Enzyme)
NM  - Some disease
MH  - Carcinoma, Hepatocellular/genetics/*pathology
MH  - *Software
OTO - NOTNLM
OT  - *graphs
OT  - trees
COIS- None declared.
PMC - PMC1373603
MID - NIHMS1
RIN - J X. 2010 May 1;2(1):3. doi: 10.1/z. PMID: 77
CIN - J Y. 2007
EDAT- 2006/01/13 09:00
PHST- 2005/06/17 00:00 [received]
PHST- 2006/01/10 [accepted]
AID - e10 [pii]
AID - 10.1234/ABC [doi]
PST - epublish
SO  - BMC X. 2006
"""


def test_every_tag_of_a_record_reaches_its_column() -> None:
    record = listed(FULL)
    assert record.title == "A title that goes on in a second line."
    assert record.abstract == "BACKGROUND: One. RESULTS: Two."
    assert record.authors == [
        Author("Ada Lovelace", "0000-0001-5028-369X", "Here."),
        Author("The Group"),
        Author("Martin King Jr"),
    ]
    assert (record.source_id, record.pmid, record.pmcid, record.doi) == ("123", "123", "PMC1373603", "10.1234/abc")
    assert (record.journal, record.language) == ("BMC examples", "en")
    assert record.published_on == date(2006, 1, 10)
    assert (record.mesh, record.keywords) == (["Carcinoma, Hepatocellular", "Software"], ["graphs", "trees"])


def test_what_the_columns_do_not_hold_is_in_the_bibliography() -> None:
    said = listed(FULL).bibliography
    assert said is not None
    assert said["vernacular_title"] == "Ein Titel."
    assert (said["issn"], said["issn_kind"], said["issn_linking"]) == ("1471-2105", "Electronic", "1471-2105")
    assert (said["volume"], said["issue"], said["pages"], said["country"]) == ("7", "2", "10-12", "England")
    assert said["other_abstracts"] == [{"language": "ger", "kind": None, "text": "Eins."}]
    assert said["data_banks"] == [{"name": "GENBANK", "accessions": ["AF1", "AF2"]}]
    assert said["grants"][0]["id"] == "G06/1"
    assert said["grants"][1] == {
        "id": "R01 HL1",
        "acronym": "HL",
        "agency": "NHLBI NIH HHS",
        "country": "United States",
    }
    assert said["chemicals"][0] == {"name": "Proteins (all)", "ui": None, "registry_number": "0"}
    assert said["corrections"] == [
        {"kind": "CommentIn", "citation": "J Y. 2007", "pmid": None, "note": None},
        {"kind": "RetractionIn", "citation": "J X. 2010 May 1;2(1):3. doi: 10.1/z.", "pmid": "77", "note": None},
    ]
    heading = said["mesh_headings"][0]
    assert [(part["name"], part["is_major"]) for part in heading["qualifiers"]] == [
        ("genetics", False),
        ("pathology", True),
    ]
    assert said["author_details"][0]["affiliations"] == ["Here.", "There, too."]
    assert said["author_details"][0]["initials"] == "A"
    assert {"kind": "received", "value": "2005/06/17 00:00", "on": date(2005, 6, 17)} in said["dates"]
    assert {each["kind"] for each in said["article_ids"]} == {"pubmed", "pii", "doi", "pmc", "mid"}
    assert said["coi_statement"] == "None declared."


def test_a_book_chapter_names_its_book() -> None:
    record = listed(b"PMID- 1\nTI  - Chapter\nBTI - The Book\nPB  - House\nPL  - Town\nFED - Ed, I\nISBN- 978 (hb)\n")
    assert record.journal == "The Book"
    assert record.bibliography is not None
    assert record.bibliography["book"] == {
        "title": "The Book", "accession": None, "publisher": "House", "place": "Town", "edition": None,
        "isbns": ["978"], "editors": ["I Ed"],
    }  # fmt: skip


def test_an_address_before_the_authors_is_that_of_the_first() -> None:
    record = listed(b"PMID- 1\nTI  - T\nAD  - Here\nAU  - Casbon JA\nAU  - Crooks GE\n")
    assert record.authors == [Author("JA Casbon", None, "Here"), Author("GE Crooks")]


def test_a_title_in_its_own_language_stands_in_for_a_missing_one() -> None:
    assert listed(b"PMID- 1\nTI  - [Not Available].\nTT  - Ein Titel.").title == "Ein Titel."


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends_of_every_system_are_read(end: bytes) -> None:
    found = rows(FULL.replace(b"\n", end) + end + b"PMID- 5" + end + b"TI  - T")
    assert [row.title for row in found if isinstance(row, Record)][1:] == ["T"]


def test_records_without_an_empty_line_between_them_are_two() -> None:
    assert len(rows(b"PMID- 1\nTI  - A\nPMID- 2\nTI  - B\n")) == 2


def test_an_empty_line_within_an_abstract_does_not_end_the_record() -> None:
    assert listed(b"PMID- 1\nTI  - T\nAB  - One.\n\n      Two.\n      \nLA  - eng\n").abstract == "One. Two."


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file"),
        (b"\xef\xbb\xbf\r\n \n", "empty_file"),
        (b"PMID- 1\nAB  - no title", "missing_title"),
        (b"TI  - no PMID", "missing_pmid"),
        (b"PMID- x\nTI  - T", "missing_pmid"),
        (b"PMID- 1\nTI  - \xff", "invalid_utf8"),
        (b"PMID- 1\nTI  - T\nDP  - 2031", "implausible_date"),
        (b"<html>", "not_medline"),
        (b"PMID- 1\nTI  - " + b"x" * MAX_RECORD_BYTES, "record_too_large"),
    ],
)
def test_what_cannot_be_listed_is_quarantined_with_the_reason(content: bytes, reason: str) -> None:
    assert refused(content).reason == reason


def test_a_damaged_record_costs_one_record_and_names_its_line() -> None:
    found = rows(b"PMID- 1\nTI  - A\n\nPMD- 2\nTI  - \xe9\n\nPMID- 3\nTI  - C\n")
    assert [type(row) for row in found] == [Record, Quarantined, Record]
    assert isinstance(found[1], Quarantined)
    assert found[1].detail.startswith("line 4: ")


@pytest.mark.shared
def test_real_records_say_what_biopython_reads_in_them(shared: Path) -> None:
    compared = 0
    for path in sorted((shared / "pubmed_xml").glob("*.txt.gz")):
        content = gzip.decompress(path.read_bytes())
        for ours, other in zip(rows(content), Medline.parse(io.StringIO(content.decode())), strict=True):
            assert isinstance(ours, Record)
            assert ours.bibliography is not None
            assert ours.pmid == other["PMID"]
            assert ours.title == " ".join(other["TI"].split())
            assert " ".join((ours.abstract or "").split()) == " ".join(other.get("AB", "").split())
            assert [each["family"] for each in ours.bibliography["author_details"]] == [
                name.partition(",")[0] for name in other["FAU"]
            ]
            assert ours.mesh == [text.partition("/")[0].lstrip("*") for text in other["MH"]]
            assert ours.publication_types == other["PT"]
            assert ours.bibliography["languages"] == other["LA"]
            compared += 1
    assert compared >= 4
