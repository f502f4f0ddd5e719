-- +goose Up
-- What readers choose, each distinct choice once: the categories they want, how they read, and when. A
-- subscription without one takes everything, in full, in the newsletter's language, with the issue.
CREATE TABLE choice (
  id        INTEGER PRIMARY KEY,
  topics    TEXT    NOT NULL DEFAULT '',        -- categories, folded and sorted, one a line; '' = all
  edition   TEXT    NOT NULL DEFAULT 'full' CHECK (edition IN ('full', 'headlines', 'text')),
  language  TEXT    NOT NULL DEFAULT '',        -- '' = the newsletter's
  minute    INTEGER NOT NULL DEFAULT -1 CHECK (minute BETWEEN -1 AND 1439), -- of the reader's own day; -1 = with the issue
  time_zone TEXT    NOT NULL DEFAULT '',        -- of that minute
  UNIQUE (topics, edition, language, minute, time_zone)
);

ALTER TABLE subscription ADD COLUMN choice_id INTEGER REFERENCES choice(id);
CREATE INDEX subscription_choice ON subscription (choice_id, newsletter_id, state) WHERE choice_id IS NOT NULL;

ALTER TABLE newsletter ADD COLUMN in_full INTEGER NOT NULL DEFAULT 0;     -- stories with their summary; 0 = the template's own number
ALTER TABLE newsletter ADD COLUMN per_section INTEGER NOT NULL DEFAULT 0; -- of them under one heading; 0 = no cap
ALTER TABLE newsletter ADD COLUMN gap INTEGER NOT NULL DEFAULT 0;         -- each story as it comes: milliseconds at least between two issues; 0 = by cron, or by hand

ALTER TABLE issue ADD COLUMN note_by TEXT NOT NULL DEFAULT '';

ALTER TABLE issue_story ADD COLUMN placed INTEGER NOT NULL DEFAULT 0 CHECK (placed IN (0, 1)); -- an editor gave it its position

-- The corrections box of an issue.
CREATE TABLE issue_correction (
  issue_id INTEGER NOT NULL REFERENCES issue(id),
  n        INTEGER NOT NULL,
  text     TEXT    NOT NULL,
  link     TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (issue_id, n)
) WITHOUT ROWID;

-- One variant for each distinct (stories, edition, language).
CREATE TABLE variant_of (
  id         INTEGER PRIMARY KEY,
  mailing_id INTEGER NOT NULL REFERENCES mailing(id),
  stories    TEXT    NOT NULL DEFAULT '',       -- ids in their order, parted by spaces; '' = a letter, or from before there were several
  edition    TEXT    NOT NULL CHECK (edition IN ('full', 'headlines', 'text')),
  language   TEXT    NOT NULL,
  subject    TEXT    NOT NULL,
  preheader  TEXT    NOT NULL DEFAULT '',
  html       TEXT    NOT NULL,
  text       TEXT    NOT NULL,
  UNIQUE (mailing_id, stories, edition, language)
);
INSERT INTO variant_of (id, mailing_id, edition, language, subject, preheader, html, text)
SELECT id, mailing_id, edition, language, subject, preheader, html, text FROM variant;
DROP TABLE variant;
ALTER TABLE variant_of RENAME TO variant;

-- A delivery names its variant. A mailing has one delivery to a subscriber, not to a spelling of an address: and readers
-- are frozen in the order of their ids, so that the index grows at one place.
DROP VIEW delivery_word;
CREATE TABLE delivery_of (
  mailing_id      INTEGER NOT NULL REFERENCES mailing(id),
  seq             INTEGER NOT NULL,
  subscriber_id   INTEGER,                      -- NULL: a letter to nobody's subscription
  subscription_id INTEGER,
  address         TEXT    NOT NULL,
  name            TEXT    NOT NULL DEFAULT '',
  variant_id      INTEGER,                      -- NULL: the mailing has one variant only
  PRIMARY KEY (mailing_id, seq),
  UNIQUE (mailing_id, subscriber_id)
) WITHOUT ROWID;
INSERT INTO delivery_of (mailing_id, seq, subscriber_id, subscription_id, address, name)
SELECT mailing_id, seq, subscriber_id, subscription_id, address, name FROM delivery;
DROP TABLE delivery;
ALTER TABLE delivery_of RENAME TO delivery;

-- A delivery counted once, by its strongest word. Nothing tried yet: open. An intent that neither an
-- outcome nor a ruling followed: uncertain.
-- +goose StatementBegin
CREATE VIEW delivery_word AS
SELECT d.mailing_id, d.seq, d.subscriber_id, d.subscription_id, d.address, d.name,
  COALESCE(MAX(t.attempt), 0) AS attempts,
  CASE
    WHEN MAX(t.outcome = 'accepted') = 1 THEN 'accepted'
    WHEN MAX(t.ruling = 'assumed') = 1 THEN 'assumed'
    WHEN MAX(t.outcome = 'refused') = 1 THEN 'refused'
    WHEN MAX(t.ruling = 'gave_up') = 1 THEN 'gave_up'
    WHEN MAX(t.ruling = 'skipped') = 1 THEN 'skipped'
    WHEN MAX(t.ruling = 'held') = 1 THEN 'held'
    WHEN MAX(t.intent = 1 AND t.outcome IS NULL AND t.ruling IS NULL) = 1 THEN 'uncertain'
    WHEN MAX(t.outcome = 'deferred') = 1 THEN 'deferred'
    ELSE 'open'
  END AS word
FROM delivery d
LEFT JOIN attempt_word t ON t.mailing_id = d.mailing_id AND t.seq = d.seq
GROUP BY d.mailing_id, d.seq;
-- +goose StatementEnd

-- While an issue closes: which variant the readers of each choice get, and when; choice 0 is that of who chose nothing.
CREATE TABLE closing_choice (
  mailing_id INTEGER NOT NULL REFERENCES mailing(id),
  choice_id  INTEGER NOT NULL,
  variant_id INTEGER,                           -- NULL: they are left out
  next_at    INTEGER NOT NULL,
  part       INTEGER NOT NULL,                  -- minutes after the due time: deliveries are numbered part by part
  reason     TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (mailing_id, choice_id)
) WITHOUT ROWID;

ALTER TABLE chunk ADD COLUMN due_at INTEGER;    -- when its part may go; NULL: with its mailing
