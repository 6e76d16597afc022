"""BibTeX: entries, macros, names and accents, damage, and the same as bibtexparser on a whole file."""

from __future__ import annotations

from datetime import date

import bibtexparser
import pytest
from parsing import Reader

from assets.sources.base import Author, Quarantined, Record
from assets.sources.exports.bibtex import SOURCE

reader = Reader(SOURCE)
rows, listed, refused = reader.rows, reader.listed, reader.refused


FULL = rb"""
% Encoding: UTF-8
text between entries is no record
@preamble{"\newcommand{\x}{y}"}
@string{jbc = "J. Biol. " # {Chem.}}
@comment{jabref-meta: databaseType:bibtex;}
@Article{Muller2005,
  title = {{The {DNA} of {\'E}mile and \emph{E. coli}}},
  author = {M{\"u}ller, J{\"o}rg and Ludwig van Beethoven and
    {World Health Organization} and King, Jr, Martin and others},
  journal = jbc,
  year = 2005,
  month = mar,
  day = {14},
  volume = "12",
  number = {3},
  pages = {100--110},
  doi = {https://doi.org/10.1234/ABC},
  pmid = {123},
  pmcid = {PMC77},
  keywords = {alpha, \"{o}l},
  abstract = {Costs 5\% with an @ {sign}},
  issn = {0005-9366},
  url = {https://example.org/a\_b},
}
"""


def test_an_article_is_read_with_all_its_fields() -> None:
    record = listed(FULL)
    assert record.title == r"The DNA of {\'E}mile and \emph{E. coli}"
    assert record.authors == [
        Author("Jörg Müller"),
        Author("Ludwig van Beethoven"),
        Author("World Health Organization"),
        Author("Martin King Jr"),
    ]
    assert record.journal == "J. Biol. Chem."
    assert record.published_on == date(2005, 3, 14)
    assert (record.doi, record.pmid, record.pmcid, record.source_id) == ("10.1234/abc", "123", "PMC77", "123")
    assert record.keywords == ["alpha", "öl"]
    assert record.abstract == r"Costs 5\% with an @ {sign}"
    assert (record.publication_types, record.url) == (["article"], "https://example.org/a_b")
    said = record.bibliography
    assert said is not None
    assert (said["volume"], said["issue"], said["pages"], said["issn"]) == ("12", "3", "100-110", "0005-9366")
    assert said["author_details"][1]["family"] == "van Beethoven"
    assert {"kind": "citation_key", "value": "Muller2005"} in said["article_ids"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("eprint = {2503.11794v2}, archivePrefix = {arXiv}, primaryClass = {q-bio.QM}",
         {"arxiv_id": "2503.11794", "version": "2", "categories": ["q-bio.QM"], "source_id": "2503.11794"}),
        ("eprint = 123, eprinttype = {pubmed}", {"pmid": "123"}),
        ("journal = {arXiv preprint arXiv:2503.11794}", {"arxiv_id": "2503.11794"}),
        ("note = {PMID: 77}", {"pmid": "77", "comment": "PMID: 77"}),
        ("date = {2005-03-14/2005-03-20}", {"published_on": date(2005, 3, 14)}),
        ("year = {2005}, month = {3}", {"published_on": date(2005, 3, 1)}),
        ('year = {2005}, month = "14~" # mar', {"published_on": date(2005, 3, 14)}),
        ("year = {2005}, month = mar # {~14}", {"published_on": date(2005, 3, 14)}),
        ("year = {to appear}", {"published_on": None}),
        (r"journal = {Cell \& Bone}", {"journal": "Cell & Bone"}),
        ("journal = {Science & Medicine 50%}", {"journal": "Science & Medicine 50%"}),
        ("journal = undefined", {"journal": "undefined"}),
        ("TITLE = {other}", {"title": "T"}),
        ("langid = {german}", {"language": "de"}),
        ("author = {Ada}", {"authors": [Author("Ada")]}),
    ],
)  # fmt: skip
def test_the_dialects_are_understood(fields: str, expected: dict[str, object]) -> None:
    record = listed(f"@misc{{k, title = {{T}}, {fields}}}".encode())
    assert {name: getattr(record, name) for name in expected} == expected


def test_a_chapter_names_its_book_and_editors() -> None:
    record = listed(
        b"@incollection(k, title = {C}, booktitle = {The (first) Book}, editor = {I Ed and J Fg},\n"
        b"publisher = {House}, address = {Town}, isbn = {978-1}, year = 2001)"
    )
    assert record.journal == "The (first) Book"
    assert record.bibliography is not None
    assert record.bibliography["book"] == {
        "title": "The (first) Book", "accession": None, "publisher": "House", "place": "Town", "edition": None,
        "isbns": ["978-1"], "editors": ["I Ed", "J Fg"],
    }  # fmt: skip


def test_entries_on_one_line_are_told_apart() -> None:
    assert len(rows(b"@misc{a,title={A}}@misc{b,title={B}} @misc{c,title={C}}")) == 3


def test_a_declared_encoding_of_jabref_is_obeyed() -> None:
    content = "% Encoding: Cp1252\n@misc{k, title = {Caf\xe9}, author = {M\xfcller, A}}".encode("cp1252")
    record = listed(content)
    assert (record.title, record.authors) == ("Café", [Author("A Müller")])
    assert refused(content.partition(b"\n")[2]).reason == "invalid_utf8"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty_file"),
        (b"@comment{x} @string{a = {b}}", "no_records"),
        (b"@misc{k, title = {T}", "unbalanced_braces"),
        (b"@misc{k, title = {T}}, year = {2005}}", "unbalanced_braces"),
        (b"@misc{k title = {T}}", "malformed_entry"),
        (b"@misc{k, author = {A}}", "missing_title"),
        (b"@misc{k, title = {\xff}}", "invalid_utf8"),
        (b"@misc{k, title = {T}, year = 3005}", "implausible_date"),
    ],
)
def test_what_cannot_be_listed_is_quarantined_with_the_reason(content: bytes, reason: str) -> None:
    assert refused(content).reason == reason


def test_a_lost_brace_costs_one_entry() -> None:
    good = b"@misc{k, title = {T}}\n"
    found = rows(good + b"@misc{k, title = {T}\n" + good + b"@misc{k title}\n" + good)
    assert [type(row) for row in found] == [Record, Quarantined, Record, Quarantined, Record]
    assert isinstance(found[1], Quarantined)
    assert found[1].detail.startswith("line 2: ")


def test_deep_nesting_and_long_values_are_no_fault() -> None:
    assert listed(b"@misc{k, title = {T}, author = {" + b"{" * 5000 + b"a" + b"}" * 5000 + b"}}").authors
    assert listed(b"@misc{k, title = {T}, journal = {" + b"\\" * 5000 + b"a}}").title == "T"


def test_a_clean_file_says_what_bibtexparser_reads_in_it_as_a_whole() -> None:
    entry = "@article{k%d,\n title = {Title %d},\n author = {A%d, B and C, D},\n journal = {J}, year = {2001}\n}\n\n"
    content = "".join(entry % (number, number, number) for number in range(50))
    library = bibtexparser.parse_string(content)
    for ours, other in zip(rows(content.encode()), library.entries, strict=True):
        assert isinstance(ours, Record)
        assert ours.bibliography is not None
        assert (ours.title, ours.journal) == (other["title"], other["journal"])
        named = [f"{each['family']}, {each['given']}" for each in ours.bibliography["author_details"]]
        assert " and ".join(named) == other["author"]
