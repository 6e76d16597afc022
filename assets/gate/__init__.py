"""The daily gate: every check on the day's staged tables, a verdict each, kept in the ledger."""
