"""Memory of every parser and counter on files that do not end: bounded, whatever the bytes.

Each source runs in a process of its own, since the system tells only the most that a process ever had.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from assets.sources import SOURCES
from assets.sources.base import Source

PROJECT = Path(__file__).parents[2]

#: Size of a file in MiB, and what reading it may add to what the process has after a small file. A parser that held a
#: file would be seen. Records end at 8 or 16 MiB and may stand in memory several times.
ENDLESS, BOUND = 80, 64

OTHERS = {
    # A full text ends at 32 MiB.
    **dict.fromkeys(("jats", "pmc_oa"), (200, 160)),
    # A page of a service is one document: it is held, up to 64 MiB, as bytes and as what is made of them.
    **dict.fromkeys(("hf_papers", "hf_papers_page", "arxiv", "biorxiv", "medrxiv", "europepmc"), (400, 300)),
}

SCRIPT = """
import io, re, sys
from datetime import UTC, date, datetime
from pathlib import Path
from assets.sources import SOURCES_BY_NAME
from assets.sources.base import RawObject

BLOCK = 1024 * 1024

class Endless(io.RawIOBase):
    def __init__(self, begin, piece, size):
        self.begin = begin
        self.block = (piece * (BLOCK // len(piece) + 1))[:BLOCK]
        self.left = size
    def readable(self):
        return True
    def readinto(self, buffer):
        if self.begin:
            length = min(len(buffer), len(self.begin))
            buffer[:length], self.begin = self.begin[:length], self.begin[length:]
            return length
        length = min(len(buffer), self.left, BLOCK)
        buffer[:length] = self.block[:length]
        self.left -= length
        return length

def most():
    # Not ru_maxrss: a child inherits that of the process that started it.
    return int(re.search("VmHWM:[^0-9]*([0-9]+) kB", Path("/proc/self/status").read_text())[1]) / 1024

def read(begin, piece, size):
    raw = RawObject(source.name, date(2025, 3, 14), "raw/x", "0" * 64, size, "x", datetime(2025, 3, 15, tzinfo=UTC))
    items = 0
    for _ in source.parse(io.BufferedReader(Endless(begin, piece, size)), raw):
        items += 1
        if items == 2000:  # records come one by one: that they go on is no news
            break
    if items < 2000:
        counted = source.count(io.BufferedReader(Endless(begin, piece, size)))
        assert counted == items, (counted, items)

source, size = SOURCES_BY_NAME[sys.argv[1]], int(sys.argv[2]) * BLOCK
read(b"", b"a\\n", 1000)
before = most()
BEGINS = {
    "pubmed": b"<PubmedArticleSet><PubmedArticle><MedlineCitation>",
    "pubmed_xml": b"<PubmedArticleSet><PubmedArticle><MedlineCitation>",
    "jats": b"<article><front>",
    "pmc_oa": b"<article><front>",
    "endnote": b"<xml><records><record>",
    "ris": b"TY  - JOUR\\nTI  - ",
    "medline_text": b"PMID- 1\\nTI  - ",
    "bibtex": b"@article{x,\\n title = {",
    "csv": b"Title,Abstract\\na,",
}
begin = BEGINS.get(source.name, b'[{"title": "')
for begin, piece in ((b"", b"<a>[{ "), (begin, b"text without an end "), (begin, b"a line of text without an end\\n")):
    read(begin, piece, size)
    assert most() - before < int(sys.argv[3]), (begin, piece, most() - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="Linux tells the peak of a process there")
@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.name)
def test_a_file_without_an_end_takes_no_more_memory_than_a_record_may(source: Source) -> None:
    size, bound = OTHERS.get(source.name, (ENDLESS, BOUND))
    arguments = [sys.executable, "-c", SCRIPT, source.name, str(size), str(bound)]
    done = subprocess.run(arguments, capture_output=True, text=True, cwd=PROJECT)
    assert done.returncode == 0, done.stderr[-2000:]
