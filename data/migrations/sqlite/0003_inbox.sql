-- +goose Up
CREATE TABLE message (
  id              INTEGER PRIMARY KEY,
  sha256          TEXT    NOT NULL UNIQUE,      -- of the raw bytes: what a message is known by
  size            INTEGER NOT NULL,
  raw             BLOB,                         -- up to 256 KB
  raw_file        TEXT    NOT NULL DEFAULT '',  -- larger: a file under mail/, named by hash
  whole           INTEGER NOT NULL DEFAULT 1 CHECK (whole IN (0, 1)),
  arrived_at      INTEGER NOT NULL,             -- the server's word (INTERNALDATE)
  seen_at         INTEGER NOT NULL,
  state           TEXT    NOT NULL CHECK (state IN ('received', 'parsed', 'unreadable', 'filed', 'reported')),
  parser          INTEGER NOT NULL DEFAULT 0,
  kind            TEXT    NOT NULL DEFAULT '' CHECK (kind IN ('', 'message', 'bounce', 'complaint', 'auto_reply', 'unsubscribe', 'list', 'unreadable')),
  ours            INTEGER NOT NULL DEFAULT 0 CHECK (ours IN (0, 1)), -- found in Sent, or one of our own mails come back
  from_name       TEXT    NOT NULL DEFAULT '',
  from_address    TEXT    NOT NULL DEFAULT '',
  reply_to        TEXT    NOT NULL DEFAULT '',
  subject         TEXT    NOT NULL DEFAULT '',
  dated_at        INTEGER,
  message_id      TEXT    NOT NULL DEFAULT '',  -- the sender's word, never identity
  text            TEXT    NOT NULL DEFAULT '',
  new_text        TEXT    NOT NULL DEFAULT '',
  warnings        TEXT    NOT NULL DEFAULT '[]',
  reports         TEXT    NOT NULL DEFAULT '[]',
  conversation_id INTEGER REFERENCES conversation(id)
);
CREATE INDEX message_state ON message (state, id);
CREATE INDEX message_message_id ON message (message_id) WHERE message_id <> '';
CREATE INDEX message_conversation ON message (conversation_id, id) WHERE conversation_id IS NOT NULL;

CREATE TABLE attachment (
  message_id INTEGER NOT NULL REFERENCES message(id),
  position   INTEGER NOT NULL,
  name       TEXT    NOT NULL,
  type       TEXT    NOT NULL,
  size       INTEGER NOT NULL,
  sha256     TEXT    NOT NULL,
  PRIMARY KEY (message_id, position)
);

CREATE TABLE folder (
  id           INTEGER PRIMARY KEY,
  mailbox      TEXT    NOT NULL,                -- the mailbox's name in the config: user@host
  name         TEXT    NOT NULL,
  role         TEXT    NOT NULL DEFAULT '',
  uidvalidity  INTEGER NOT NULL DEFAULT 0,
  last_uid     INTEGER NOT NULL DEFAULT 0,      -- everything up to here is stored or a gap
  checked_at   INTEGER,
  first_at     INTEGER,                         -- when it was first read to its end
  UNIQUE (mailbox, name)
);

CREATE TABLE location (
  id          INTEGER PRIMARY KEY,
  folder_id   INTEGER NOT NULL REFERENCES folder(id),
  uidvalidity INTEGER NOT NULL,
  uid         INTEGER NOT NULL,
  message_id  INTEGER NOT NULL REFERENCES message(id),
  seen_at     INTEGER NOT NULL,
  gone_at     INTEGER,
  UNIQUE (folder_id, uidvalidity, uid)
);
CREATE INDEX location_message ON location (message_id);

CREATE TABLE gap (
  folder_id   INTEGER NOT NULL REFERENCES folder(id),
  uidvalidity INTEGER NOT NULL,
  uid         INTEGER NOT NULL,
  tries       INTEGER NOT NULL DEFAULT 0,
  next_at     INTEGER NOT NULL,
  error       TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (folder_id, uidvalidity, uid)
);

-- filing is a move in the mailbox that still has to be made: after the commit, idempotent.
CREATE TABLE filing (
  id         INTEGER PRIMARY KEY,
  message_id INTEGER NOT NULL REFERENCES message(id),
  target     TEXT    NOT NULL,
  state      TEXT    NOT NULL CHECK (state IN ('pending', 'done', 'dropped')),
  tries      INTEGER NOT NULL DEFAULT 0,
  next_at    INTEGER NOT NULL,
  error      TEXT    NOT NULL DEFAULT '',
  made_at    INTEGER NOT NULL
);
CREATE INDEX filing_pending ON filing (next_at) WHERE state = 'pending';

CREATE TABLE conversation (
  id            INTEGER PRIMARY KEY,
  category      TEXT    NOT NULL CHECK (category IN ('gossip', 'tip', 'advert', 'other', 'spam')),
  confidence    REAL    NOT NULL DEFAULT 0,
  unsure        INTEGER NOT NULL DEFAULT 0 CHECK (unsure IN (0, 1)),
  also          TEXT    NOT NULL DEFAULT '' CHECK (also IN ('', 'gossip', 'tip', 'advert')),
  scores        TEXT    NOT NULL DEFAULT '{}',
  why           TEXT    NOT NULL DEFAULT '[]',
  sorted_by     TEXT    NOT NULL CHECK (sorted_by IN ('sorter', 'rule', 'editor')),
  status        TEXT    NOT NULL DEFAULT 'new' CHECK (status IN ('new', 'checking', 'stood_up', 'spiked', 'done', 'published')),
  snoozed_until INTEGER,
  owner_id      INTEGER REFERENCES editor(id),
  sensitive     INTEGER NOT NULL DEFAULT 0 CHECK (sensitive IN (0, 1)),
  alias         TEXT    NOT NULL,
  subject       TEXT    NOT NULL DEFAULT '',
  first_at      INTEGER NOT NULL,
  latest_at     INTEGER NOT NULL,
  made_at       INTEGER NOT NULL
);
CREATE INDEX conversation_latest ON conversation (latest_at);
CREATE INDEX conversation_category ON conversation (category, status, latest_at);

CREATE TABLE correction (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  conversation_id INTEGER NOT NULL REFERENCES conversation(id),
  before          TEXT    NOT NULL,
  category        TEXT    NOT NULL CHECK (category IN ('gossip', 'tip', 'advert', 'other', 'spam')),
  editor_id       INTEGER REFERENCES editor(id),
  at              INTEGER NOT NULL,
  undone_at       INTEGER
);

CREATE TABLE editor (
  id          INTEGER PRIMARY KEY,
  login       TEXT    NOT NULL UNIQUE,
  name        TEXT    NOT NULL,
  role        TEXT    NOT NULL CHECK (role IN ('admin', 'editor', 'sales')),
  password    TEXT    NOT NULL,
  added_at    INTEGER NOT NULL,
  removed_at  INTEGER
);

CREATE TABLE session (
  token_hash BLOB    PRIMARY KEY NOT NULL,
  editor_id  INTEGER NOT NULL REFERENCES editor(id),
  made_at    INTEGER NOT NULL,
  used_at    INTEGER NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX session_editor ON session (editor_id);

-- An alarm stands until what it names is well again.
CREATE TABLE alarm (
  id         INTEGER PRIMARY KEY,
  kind       TEXT    NOT NULL,
  about      TEXT    NOT NULL,                  -- which mailbox, feed, relay or issue: an id, never an address
  text       TEXT    NOT NULL,
  hint       TEXT    NOT NULL DEFAULT '',
  raised_at  INTEGER NOT NULL,
  cleared_at INTEGER
);
CREATE UNIQUE INDEX alarm_standing ON alarm (kind, about) WHERE cleared_at IS NULL;

-- What one process asks of the one that has the role, as a row.
CREATE TABLE request (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  role       TEXT    NOT NULL,
  verb       TEXT    NOT NULL,
  about      INTEGER NOT NULL DEFAULT 0,
  made_at    INTEGER NOT NULL,
  done_at    INTEGER
);
