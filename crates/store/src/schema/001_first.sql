-- Version 1. Ids are 16 bytes, hashes 32, times ms since 1970. Values are deterministic CBOR (history-format.md §1).

-- Whose store this is.
CREATE TABLE house (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    house BLOB NOT NULL,
    kind TEXT NOT NULL,
    station TEXT NOT NULL,
    writer BLOB NOT NULL,
    log BLOB NOT NULL,
    made INTEGER NOT NULL
) STRICT;

-- Where each chain stands. Writer 1 is this station.
CREATE TABLE writer (
    w INTEGER PRIMARY KEY,
    id BLOB NOT NULL UNIQUE,
    key BLOB NOT NULL,
    seq INTEGER NOT NULL,
    head BLOB NOT NULL,
    at INTEGER NOT NULL
) STRICT;

-- The log over this station's own chain: how far, and the hashes from which its root is made.
CREATE TABLE log (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    frontier BLOB NOT NULL
) STRICT;

CREATE TABLE checkpoint (
    size INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    note TEXT NOT NULL
) STRICT;

-- Records as they stand now. Heads: hashes, one after the other.
CREATE TABLE record (
    n INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    id BLOB NOT NULL UNIQUE,
    state TEXT NOT NULL,
    fields BLOB NOT NULL,
    heads BLOB NOT NULL
) STRICT;
CREATE INDEX record_kind ON record (kind, state);

-- Records found by the value of a field.
CREATE TABLE link (
    field TEXT NOT NULL,
    value BLOB NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (field, value, n)
) STRICT, WITHOUT ROWID;

-- Signed entries: never changed, never removed.
CREATE TABLE entry (
    e INTEGER PRIMARY KEY,
    w INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    n INTEGER NOT NULL,
    hash BLOB NOT NULL,
    bytes BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX entry_place ON entry (w, seq);
CREATE INDEX entry_record ON entry (n, e);

-- What opens their commitments: removed on erasure.
CREATE TABLE opening (
    e INTEGER NOT NULL,
    field TEXT NOT NULL,
    salt BLOB NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (e, field)
) STRICT, WITHOUT ROWID;

CREATE TABLE blob (
    b INTEGER PRIMARY KEY,
    sha256 BLOB NOT NULL UNIQUE,
    type TEXT NOT NULL,
    bytes BLOB NOT NULL
) STRICT;

-- Which openings refer to a blob; the last one takes it along when it is erased.
CREATE TABLE blob_use (
    sha256 BLOB NOT NULL,
    e INTEGER NOT NULL,
    field TEXT NOT NULL,
    PRIMARY KEY (sha256, e, field)
) STRICT, WITHOUT ROWID;
CREATE INDEX blob_use_entry ON blob_use (e, field);

-- Search over people: one word by range scan of `word`, several by `person_fts`. Words are folded.
CREATE TABLE person (
    n INTEGER PRIMARY KEY,
    sort TEXT NOT NULL,
    words TEXT NOT NULL
) STRICT;
CREATE TABLE word (
    word TEXT NOT NULL,
    sort TEXT NOT NULL,
    n INTEGER NOT NULL,
    PRIMARY KEY (word, sort, n)
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE person_fts USING fts5 (
    words, content = '', detail = none, columnsize = 0, prefix = '1 2 3 4 5 6 7 8', tokenize = 'unicode61 remove_diacritics 0'
);
INSERT INTO person_fts (person_fts, rank) VALUES ('secure-delete', 1);

-- Sealed by lanyard-keys; opaque here.
CREATE TABLE vault (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    sealed BLOB NOT NULL
) STRICT;
CREATE TABLE puk (
    card BLOB PRIMARY KEY,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Working state: no history.
CREATE TABLE instance (
    id BLOB PRIMARY KEY,
    open INTEGER NOT NULL,
    at INTEGER NOT NULL,
    state TEXT NOT NULL
) STRICT;
CREATE INDEX instance_open ON instance (at) WHERE open = 1;
CREATE TABLE step (
    instance BLOB NOT NULL,
    step TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    at INTEGER NOT NULL,
    outcome TEXT,
    PRIMARY KEY (instance, step, attempt)
) STRICT, WITHOUT ROWID;
CREATE TABLE journal (
    card BLOB NOT NULL,
    line INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (card, line)
) STRICT, WITHOUT ROWID;
CREATE TABLE setting (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE number (
    name TEXT PRIMARY KEY,
    next INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
