-- Version 1: everything.
--
-- How versions work: PRAGMA user_version is the number of the last file of this folder that was applied. A file is never
-- changed once it was released; what comes later is the next number. All of them run in one transaction at opening.
--
-- Two halves. What was received (documents, rejected, telemetry, records) is the truth. What is derived (headlines,
-- answers, annotations, users, visits, calls, minutes) can be made anew from it at any time, and is, when its makers change:
-- the counter 'derived_by' holds the number of the code that made it (deriver.py, maker).

-- One row per trace. `version` counts the batches that brought documents, `derived` is the version that the derived rows
-- stand for: a kill between the two leaves work to do, never a wrong answer.
CREATE TABLE traces (
    key            INTEGER PRIMARY KEY,
    trace_id       TEXT NOT NULL UNIQUE,
    first_received REAL NOT NULL,
    last_received  REAL NOT NULL,
    version        INTEGER NOT NULL DEFAULT 1,
    derived        INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX traces_to_derive ON traces (last_received) WHERE derived < version;
-- For retention by age.
CREATE INDEX traces_last_received ON traces (last_received);

-- Documents as they came, byte for byte. X-Ray takes one document in progress and one complete one per (sub)segment; a
-- second one of the same kind replaces the first, so a sender may repeat itself (facts A.2).
CREATE TABLE documents (
    seq         INTEGER PRIMARY KEY,
    trace       INTEGER NOT NULL REFERENCES traces (key) ON DELETE CASCADE,
    id          TEXT NOT NULL,
    in_progress INTEGER NOT NULL,
    received    REAL NOT NULL,
    source      TEXT NOT NULL,
    text        TEXT NOT NULL,
    UNIQUE (trace, id, in_progress)
);

-- What was sent and could not be taken, with the reason the user is shown.
CREATE TABLE rejected (
    seq      INTEGER PRIMARY KEY,
    received REAL NOT NULL,
    source   TEXT NOT NULL,
    reason   TEXT NOT NULL,
    text     BLOB NOT NULL
);

-- One row per trace: what GetTraceSummaries asks and filters at the level of the trace. NULL: not known. Narrow, so that a
-- filter no index helps with reads 20 MB and not 200 MB of 100,000 traces (measured: 260 ms with the JSON in the row).
CREATE TABLE headlines (
    trace          INTEGER PRIMARY KEY REFERENCES traces (key) ON DELETE CASCADE,
    trace_id       TEXT NOT NULL,
    -- The time inside the trace id, or start_time where the id holds none that can be true (W3C ids: facts A.4).
    id_time        REAL NOT NULL,
    start_time     REAL NOT NULL,
    end_time       REAL NOT NULL,
    duration       REAL,
    response_time  REAL,
    has_fault      INTEGER NOT NULL,
    has_error      INTEGER NOT NULL,
    has_throttle   INTEGER NOT NULL,
    is_partial     INTEGER NOT NULL,
    http_url       TEXT,
    http_method    TEXT,
    http_status    INTEGER,
    http_useragent TEXT,
    http_clientip  TEXT,
    entry_name     TEXT,
    entry_type     TEXT,
    entry_account  TEXT,
    revision       INTEGER NOT NULL,
    -- Rises with every change of any summary (counter 'serial'): what a reader in another process has not seen yet.
    serial         INTEGER NOT NULL
);
-- One index per TimeRangeType; each holds its order, so a page is read without sorting.
CREATE INDEX headlines_id_time ON headlines (id_time);
CREATE INDEX headlines_start_time ON headlines (start_time);
CREATE INDEX headlines_end_time ON headlines (end_time);
CREATE INDEX headlines_serial ON headlines (serial);

-- What is answered about the trace, ready made.
CREATE TABLE answers (
    trace INTEGER PRIMARY KEY REFERENCES traces (key) ON DELETE CASCADE,
    api   TEXT NOT NULL,    -- the TraceSummary as JSON, times as epoch seconds
    graph TEXT NOT NULL     -- the trace's contribution to the service graph as JSON
);

-- What queries and filters see. LEFT, so that SQLite looks for the answer only once a row is wanted.
CREATE VIEW summaries AS SELECT headlines.*, answers.api, answers.graph FROM headlines LEFT JOIN answers USING (trace);

-- One row per value of an annotation in a trace. Exactly one of text, number, truth is set. Keys are case-sensitive.
CREATE TABLE annotations (
    trace  INTEGER NOT NULL REFERENCES traces (key) ON DELETE CASCADE,
    key    TEXT NOT NULL,
    text   TEXT,
    number REAL,
    truth  INTEGER
);
CREATE INDEX annotations_trace ON annotations (trace);
CREATE INDEX annotations_text ON annotations (key, text, trace);
CREATE INDEX annotations_number ON annotations (key, number, trace);
CREATE INDEX annotations_truth ON annotations (key, truth, trace);

-- One row per user of a trace.
CREATE TABLE users (
    trace INTEGER NOT NULL REFERENCES traces (key) ON DELETE CASCADE,
    name  TEXT NOT NULL
);
CREATE INDEX users_trace ON users (trace);
CREATE INDEX users_name ON users (name, trace);

-- One row per segment of a trace, inferred ones too: a visit to a service, as the callee saw it. type and account are ''
-- where X-Ray gives none, so that they compare. id and parent_id: whose child is whose, '' for none.
CREATE TABLE visits (
    trace         INTEGER NOT NULL REFERENCES traces (key) ON DELETE CASCADE,
    id            TEXT NOT NULL,
    parent_id     TEXT NOT NULL,
    name          TEXT NOT NULL,
    type          TEXT NOT NULL,
    account       TEXT NOT NULL,
    inferred      INTEGER NOT NULL,
    start_time    REAL,
    response_time REAL,
    error         INTEGER NOT NULL,
    throttle      INTEGER NOT NULL,
    fault         INTEGER NOT NULL,
    in_progress   INTEGER NOT NULL
);
CREATE INDEX visits_trace ON visits (trace);
-- With what filters ask inside service() and edge(), so that they do not go from the index to the row.
CREATE INDEX visits_name ON visits (name, trace, type, fault, error, throttle, response_time);

-- One row per call between two services, as the caller saw it. caller is the id of the calling (sub)segment, '' for a
-- client; link: no call, but a message that another trace took up.
CREATE TABLE calls (
    trace          INTEGER NOT NULL REFERENCES traces (key) ON DELETE CASCADE,
    source_name    TEXT NOT NULL,
    source_type    TEXT NOT NULL,
    source_account TEXT NOT NULL,
    target_name    TEXT NOT NULL,
    target_type    TEXT NOT NULL,
    target_account TEXT NOT NULL,
    caller         TEXT NOT NULL,
    callee         TEXT NOT NULL,
    start_time     REAL,
    response_time  REAL,
    error          INTEGER NOT NULL,
    throttle       INTEGER NOT NULL,
    fault          INTEGER NOT NULL,
    in_progress    INTEGER NOT NULL,
    link           INTEGER NOT NULL
);
CREATE INDEX calls_trace ON calls (trace);
CREATE INDEX calls_names ON calls (source_name, target_name, trace, fault, error, throttle, response_time);

-- The service graph of one minute, added up: a cache. Without it the graph of an hour with 100,000 traces reads 100,000
-- contributions. Who changes a trace of the minute raises `version` and empties `graph`; who has added it up keeps it only
-- if the version is still the one it read.
CREATE TABLE minutes (
    minute  INTEGER PRIMARY KEY,     -- epoch seconds / 60 of start_time
    version INTEGER NOT NULL,
    graph   TEXT
);

-- Small things with a name that the API keeps: groups, sampling rules, settings, tags.
CREATE TABLE records (
    kind     TEXT NOT NULL,
    name     TEXT NOT NULL,
    body     TEXT NOT NULL,
    created  REAL NOT NULL,
    modified REAL NOT NULL,
    PRIMARY KEY (kind, name)
) WITHOUT ROWID;

-- PutTelemetryRecords, as sent.
CREATE TABLE telemetry (
    seq      INTEGER PRIMARY KEY,
    received REAL NOT NULL,
    body     TEXT NOT NULL
);

-- Numbers that outlive rows: documents taken and refused by source, the last serial, who derived.
CREATE TABLE counters (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;
