-- +goose Up
-- What this database knows of itself: where it ran last, and when it was last written. Where that
-- differs at a start, nothing is sent until a person has looked.
CREATE TABLE instance (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  id         TEXT    NOT NULL,                  -- a copy that was adopted gets its own
  path       TEXT    NOT NULL DEFAULT '',       -- empty: it never ran
  machine    TEXT    NOT NULL DEFAULT '',
  written_at INTEGER NOT NULL DEFAULT 0,
  beats      INTEGER NOT NULL DEFAULT 0,        -- signs of life; the file beside the database has the number too
  copied_at  INTEGER,                           -- it is a copy that backup or restore made
  held_at    INTEGER,                           -- since when nothing is sent
  reasons    TEXT    NOT NULL DEFAULT '',       -- what differed, one a line: kind, tab, sentence
  adopted_at INTEGER
);
INSERT INTO instance (one, id) VALUES (1, lower(hex(randomblob(16))));

-- The mailings that are held for that reason only, with the state that adopt gives back.
CREATE TABLE instance_hold (
  mailing_id INTEGER PRIMARY KEY REFERENCES mailing(id),
  state      TEXT    NOT NULL CHECK (state IN ('closed', 'sending'))
);

-- A letter's address in the form in which addresses are compared; the delivery has it as typed.
ALTER TABLE letter ADD COLUMN address TEXT NOT NULL DEFAULT '';

-- A mailing whose deliveries are folded into totals: those up to through are, and all once folded_at is set.
CREATE TABLE fold (
  mailing_id INTEGER PRIMARY KEY REFERENCES mailing(id),
  begun_at   INTEGER NOT NULL,
  through    INTEGER NOT NULL DEFAULT 0,
  folded_at  INTEGER
);

-- How many deliveries with a word were folded; their rows are gone.
CREATE TABLE folded (
  mailing_id INTEGER NOT NULL REFERENCES mailing(id),
  word       TEXT    NOT NULL CHECK (word IN ('accepted', 'assumed', 'gave_up', 'skipped')),
  n          INTEGER NOT NULL,
  PRIMARY KEY (mailing_id, word)
) WITHOUT ROWID;
CREATE INDEX mailing_to_fold ON mailing (completed_at) WHERE kind = 'issue' AND state IN ('complete', 'cancelled');
CREATE INDEX mailing_letter_lost ON mailing (completed_at) WHERE kind = 'letter' AND state = 'complete' AND begun_at IS NULL;
