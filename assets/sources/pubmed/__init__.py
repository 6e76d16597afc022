"""PubMed and MEDLINE, as XML and as tagged text."""
