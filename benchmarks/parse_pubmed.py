"""How many PubMed records does one core parse a second, beside other parsers of the same XML?

The input is one gzip of records that stand in real files, repeated under PMIDs of their own, since that is how NLM
ships them and all that pubmed_parser reads. Every row runs alone, in a process of its own on one core, and reads the
whole file: its seconds are those of that process (user and system) from the first byte to the last record, its peak
is what the process ever held. Rows:

* ``litlake``: bytes to columns, as the pipeline does it (`assets.listings.parsed`): unpacked, cut, parsed, every
  record's canonical columns as its source words them, its bibliography, and quarantine;
* ``litlake_objects``: the same without columns: what the parser itself yields;
* ``litlake_day``: `read_day`: columns, then cleaned texts, links, identities, repeats, all held for the day;
* ``lxml_walk``: lxml's iterparse with every element visited and its text read, and nothing made of it;
* ``pubmed_parser``: ``parse_medline_xml`` as it comes; ``pubmed_parser_full`` asks for all that it can give;
* ``pubmed_downloader``: its parser of one file, without grounding;
* ``paperetl``: its parser of PubMed archives, without filters. It cuts abstracts into sentences with a model that NLTK
  downloads; where that model is not there, with an untrained one. What it returns None for is not counted.

Only records that every peer can read are repeated: of today's form, with identifiers of their publication types and
headings, and revised at least once. What each makes of one record of another kind stands in the columns after
``records``: how many it returned, or what it raised.
"""

from __future__ import annotations

import gzip
import importlib
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[1]
DEMO = PROJECT / "demo" / "listings" / "pubmed_xml"
MEASURE = "--measure"  # the benchmark calls itself with it, a process a row
FIRST_PMID = 50_000_000

INSTALL = "not installed in {}; install the extra 'bench' anywhere and name its interpreter with --peers"

_ARTICLE = re.compile(rb"<PubmedArticle>.*?</PubmedArticle>", re.DOTALL)
_PMID = re.compile(rb"(<PMID[^>]*>)[0-9]+(</PMID>)")
_OLD_FORM = re.compile(rb"<PublicationType>|<(?:DescriptorName|QualifierName)(?![^>]*\bUI=)|<ArticleTitle/>")
_NEEDED = (b"<PubmedData>", b"<MedlineJournalInfo>", b"<Journal>", b"<DateRevised>")

#: One record of each kind that parsers stumble over.
KINDS = {
    "plain": "<PubmedArticle>{0}<PubmedData><ArticleIdList/></PubmedData></PubmedArticle>",
    "never revised": "<PubmedArticle>{1}<PubmedData><ArticleIdList/></PubmedData></PubmedArticle>",
    "no data": "<PubmedArticle>{0}</PubmedArticle>",
    "bare citation": "{0}",
    "book": "<PubmedBookArticle><BookDocument><PMID>2</PMID><Book><BookTitle>B</BookTitle></Book></BookDocument>"
    "</PubmedBookArticle>",
    "deletion": "<DeleteCitation><PMID>3</PMID></DeleteCitation>",
}
_CITATION = (
    "<MedlineCitation><PMID>1</PMID><DateRevised><Year>2021</Year></DateRevised><Article><Journal><JournalIssue><PubDate><Year>2020</Year></PubDate></JournalIssue>"
    "<Title>J</Title></Journal><ArticleTitle>T</ArticleTitle><Abstract><AbstractText>A.</AbstractText></Abstract>"
    "</Article><MedlineJournalInfo><MedlineTA>J</MedlineTA><NlmUniqueID>1</NlmUniqueID></MedlineJournalInfo>"
    "</MedlineCitation>"
)


# -- what is measured --------------------------------------------------------------------------------------------------


def _raw(path: Path) -> Any:
    from assets.sources.base import RawObject

    at = datetime(2026, 1, 1, tzinfo=UTC)
    return RawObject("pubmed_xml", date(2026, 1, 1), "raw/bench", "0" * 64, path.stat().st_size, path.name, at)


def litlake(path: Path) -> Iterator[int]:
    """Bytes to columns."""
    from assets.listings.parsed import parsed_batches
    from assets.sources.pubmed.pubmed_xml import SOURCE

    for batch in parsed_batches([(_raw(path), SOURCE.read, path.open("rb"))]):
        yield batch.records.height


def litlake_objects(path: Path) -> Iterator[int]:
    """Bytes to records."""
    from assets.sources.base import Record
    from assets.sources.pubmed.pubmed_xml import SOURCE
    from assets.sources.streams import open_stream

    raw = _raw(path)
    with path.open("rb") as received:
        for item in SOURCE.parse(open_stream(received, raw.size), raw):
            yield isinstance(item, Record)


def litlake_day(path: Path) -> Iterator[int]:
    """Bytes to the frames of a day."""
    from assets.listings.records import read_day
    from assets.sources.pubmed.pubmed_xml import SOURCE

    yield read_day([(_raw(path), SOURCE.read, path.open("rb"))]).records.height


def lxml_walk(path: Path) -> Iterator[int]:
    """Every element once."""
    from lxml import etree

    with gzip.open(path) as stream:
        for _, element in etree.iterparse(stream, events=("end",)):
            _ = element.text
            if element.tag == "PubmedArticle":
                element.clear()
                while element.getprevious() is not None:
                    del element.getparent()[0]
                yield 1


def pubmed_parser(path: Path) -> Iterator[int]:
    """As it comes."""
    module = importlib.import_module("pubmed_parser")
    for _ in module.parse_medline_xml(str(path)):
        yield 1


def pubmed_parser_full(path: Path) -> Iterator[int]:
    """With all that it can give."""
    module = importlib.import_module("pubmed_parser")
    options = ("author_list", "reference_list", "parse_downto_mesh_subterms")
    for _ in module.parse_medline_xml(str(path), year_info_only=False, **dict.fromkeys(options, True)):
        yield 1


def pubmed_downloader(path: Path) -> Iterator[int]:
    """One file, nothing grounded."""
    os.environ["TQDM_DISABLE"] = "1"  # its progress bar is not part of the question
    api = importlib.import_module("pubmed_downloader.api")
    for _ in api._parse_from_path(path, ror_grounder=None, mesh_grounder=None, author_grounder=None):
        yield 1


def paperetl(path: Path) -> Iterator[int]:
    """One archive, no filters."""
    pmb = importlib.import_module("paperetl.file.pmb")
    try:
        pmb.sent_tokenize("One. Two.")
    except LookupError:
        pmb.sent_tokenize = importlib.import_module("nltk.tokenize.punkt").PunktSentenceTokenizer().tokenize
    with gzip.open(path) as stream:
        for article in pmb.PMB.parse(stream, path.name, None):
            yield article is not None


OURS: tuple[Callable[[Path], Iterator[int]], ...] = (litlake, litlake_objects, litlake_day, lxml_walk)
PEERS: tuple[Callable[[Path], Iterator[int]], ...] = (pubmed_parser, pubmed_parser_full, pubmed_downloader, paperetl)


def measure(name: str, folder: Path) -> dict[str, Any]:
    """Run one parser in this process, over the input that stands in the folder."""
    run = {each.__name__: each for each in (*OURS, *PEERS)}[name]
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    sum(run(_written(folder, "plain")))  # imports are not part of the question
    before = resource.getrusage(resource.RUSAGE_SELF)
    records = sum(run(folder / "input.xml.gz"))
    after = resource.getrusage(resource.RUSAGE_SELF)
    seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = after.ru_maxrss / (1024 if sys.platform != "darwin" else 1024**2)
    kinds = {kind: _returned(run, _written(folder, kind)) for kind in KINDS if kind != "plain"}
    return {
        "records_per_cpu_second": round(records / seconds),
        "peak_mb": round(peak),
        "records": records,
        **kinds,
    }


def _written(folder: Path, kind: str) -> Path:
    path = folder / f"{kind.replace(' ', '_')}.xml.gz"
    record = KINDS[kind].format(_CITATION, re.sub("<DateRevised>.*</DateRevised>", "", _CITATION))
    path.write_bytes(gzip.compress(f"<PubmedArticleSet>{record}</PubmedArticleSet>".encode()))
    return path


def _returned(run: Callable[[Path], Iterator[int]], path: Path) -> int | str:
    try:
        return sum(run(path))
    except Exception as fault:  # noqa: BLE001 what a peer raises is what is asked for
        return type(fault).__name__


# -- the input ---------------------------------------------------------------------------------------------------------


def articles(paths: Iterable[Path]) -> list[bytes]:
    """Records of files and folders that every peer can read."""
    found: list[bytes] = []
    for path in paths:
        inside = sorted(path.rglob("*.xml*")) if path.is_dir() else [path]
        for file in inside:
            content = file.read_bytes()
            text = gzip.decompress(content) if content.startswith(b"\x1f\x8b") else content
            found += _ARTICLE.findall(text)
    return [
        each for each in found if not _OLD_FORM.search(each) and all(map(each.__contains__, _NEEDED)) and _whole(each)
    ]


def _whole(record: bytes) -> bool:
    from lxml import etree

    try:
        etree.fromstring(record)
    except etree.XMLSyntaxError:
        return False
    return True


def build(records: list[bytes], number: int, path: Path) -> None:
    """One file of so many records, each with a PMID of its own."""
    with gzip.open(path, "wb", compresslevel=6) as file:
        file.write(b'<?xml version="1.0" encoding="utf-8"?>\n<PubmedArticleSet>\n')
        for place, record in enumerate(islice(cycle(records), number)):
            file.write(_PMID.sub(rb"\g<1>%d\g<2>" % (FIRST_PMID + place), record, count=1) + b"\n")
        file.write(b"</PubmedArticleSet>\n")


# -- the run -----------------------------------------------------------------------------------------------------------


def in_process(name: str, python: str, folder: Path) -> dict[str, Any]:
    """One row, measured in a process of its own."""
    command = [python, __file__, MEASURE, name, str(folder)]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode == 0:
        return {"name": name, **json.loads(done.stdout.splitlines()[-1])}
    last = (done.stderr.strip().splitlines() or ["no message"])[-1]
    missing = re.search(r"No module named '(pubmed_parser|pubmed_downloader|paperetl)", last)
    return {"name": name, "error": INSTALL.format(python) if missing else last}


def main() -> None:
    """Build the input once, then one process a row."""
    from report import arguments, tell  # a peer's environment has nothing of ours

    parser = arguments(__doc__)
    parser.add_argument("--records", type=int, default=30_000)
    parser.add_argument("--input", type=Path, nargs="*", default=[], help="XML files or folders of them")
    parser.add_argument("--skip", action="append", default=[], metavar="NAME", help="leave a row out")
    parser.add_argument(
        "--peers", default=sys.executable, metavar="PYTHON", help="interpreter that has the bench extra"
    )
    options = parser.parse_args()
    if shutil.which(options.peers) is None:
        parser.error(f"--peers {options.peers}: no interpreter is there")
    records = articles(options.input or [DEMO])
    if not records:
        raise SystemExit("no record there that every peer can read")
    if not options.input:
        print(f"no --input: the {len(records)} records of the demo are repeated", file=sys.stderr)
    with tempfile.TemporaryDirectory() as home:
        folder = Path(home)
        build(records, options.records, folder / "input.xml.gz")
        results = [
            in_process(run.__name__, sys.executable if run in OURS else options.peers, folder)
            for run in (*OURS, *PEERS)
            if run.__name__ not in options.skip
        ]
    size = sum(map(len, records)) / len(records)
    results.append({"name": "input", "records": options.records, "distinct": len(records), "bytes": round(size)})
    tell(results, as_json=options.json)


if __name__ == "__main__":
    if sys.argv[1:2] == [MEASURE]:
        print(json.dumps(measure(sys.argv[2], Path(sys.argv[3]))))
    else:
        main()
