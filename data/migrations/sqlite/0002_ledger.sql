-- +goose Up
CREATE TABLE subscriber (
  id       INTEGER PRIMARY KEY,
  address  TEXT    NOT NULL UNIQUE,             -- lower case, domain in ASCII: what is compared
  typed    TEXT    NOT NULL,                    -- as its owner typed it: what is written to
  name     TEXT    NOT NULL DEFAULT '',
  language TEXT    NOT NULL DEFAULT '',
  added_at INTEGER NOT NULL
);

CREATE TABLE subscription (
  id            INTEGER PRIMARY KEY,
  subscriber_id INTEGER NOT NULL REFERENCES subscriber(id),
  newsletter_id INTEGER NOT NULL REFERENCES newsletter(id),
  state         TEXT    NOT NULL CHECK (state IN ('pending', 'active', 'unsubscribed', 'bounced', 'complained')),
  source        TEXT    NOT NULL DEFAULT '',    -- form, import, command
  asked_at      INTEGER NOT NULL,               -- the last confirmation mail, or the import
  moved_at      INTEGER NOT NULL,
  UNIQUE (subscriber_id, newsletter_id)
);
CREATE INDEX subscription_newsletter ON subscription (newsletter_id, id);

-- Each move of a subscription keeps its time, so that an audience can be checked afterwards.
CREATE TABLE subscription_move (
  id              INTEGER PRIMARY KEY AUTOINCREMENT,
  subscription_id INTEGER NOT NULL REFERENCES subscription(id),
  at              INTEGER NOT NULL,
  state           TEXT    NOT NULL CHECK (state IN ('pending', 'active', 'unsubscribed', 'bounced', 'complained')),
  why             TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX subscription_move_of ON subscription_move (subscription_id, id);

CREATE TABLE suppression (
  address TEXT PRIMARY KEY NOT NULL,
  reason  TEXT NOT NULL,
  at      INTEGER NOT NULL
);

-- A letter is one mail to one address. It names its words here; its one delivery is in the ledger.
CREATE TABLE letter (
  mailing_id      INTEGER PRIMARY KEY REFERENCES mailing(id),
  kind            TEXT    NOT NULL CHECK (kind IN ('confirmation', 'reply', 'acknowledgement', 'report', 'test', 'alarm')),
  automatic       INTEGER NOT NULL CHECK (automatic IN (0, 1)), -- null sender and Auto-Submitted
  subscription_id INTEGER REFERENCES subscription(id),
  conversation_id INTEGER REFERENCES conversation(id),
  editor_id       INTEGER REFERENCES editor(id),
  issue_id        INTEGER REFERENCES issue(id),
  in_reply_to     TEXT    NOT NULL DEFAULT '',
  refs            TEXT    NOT NULL DEFAULT ''
);
CREATE INDEX letter_subscription ON letter (subscription_id) WHERE subscription_id IS NOT NULL;
CREATE INDEX letter_conversation ON letter (conversation_id) WHERE conversation_id IS NOT NULL;

CREATE TABLE delivery (
  mailing_id      INTEGER NOT NULL REFERENCES mailing(id),
  seq             INTEGER NOT NULL,
  subscriber_id   INTEGER,                      -- NULL: a letter to nobody's subscription
  subscription_id INTEGER,
  address         TEXT    NOT NULL,
  name            TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (mailing_id, seq),
  UNIQUE (mailing_id, address)
) WITHOUT ROWID;

CREATE TABLE left_out (
  mailing_id      INTEGER NOT NULL REFERENCES mailing(id),
  subscription_id INTEGER NOT NULL,
  reason          TEXT    NOT NULL,
  PRIMARY KEY (mailing_id, subscription_id)
) WITHOUT ROWID;

CREATE TABLE chunk (
  mailing_id  INTEGER NOT NULL REFERENCES mailing(id),
  n           INTEGER NOT NULL,
  lo          INTEGER NOT NULL,
  hi          INTEGER NOT NULL,
  state       TEXT    NOT NULL CHECK (state IN ('open', 'claimed', 'done')),
  owner       TEXT    NOT NULL DEFAULT '',
  token       INTEGER NOT NULL DEFAULT 0,       -- fences intents: raised by each claim
  lease_until INTEGER NOT NULL DEFAULT 0,
  next_at     INTEGER NOT NULL,
  PRIMARY KEY (mailing_id, n)
) WITHOUT ROWID;
CREATE INDEX chunk_due ON chunk (next_at) WHERE state <> 'done';
CREATE INDEX chunk_claimed ON chunk (state) WHERE state = 'claimed';

CREATE TABLE attempt (
  mailing_id INTEGER NOT NULL,
  seq        INTEGER NOT NULL,
  attempt    INTEGER NOT NULL,
  kind       TEXT    NOT NULL,                  -- intent, outcome or ruling
  n          INTEGER NOT NULL,                  -- 0 for an intent and an outcome; counts the rulings
  word       TEXT    NOT NULL,
  token      INTEGER NOT NULL DEFAULT 0,
  at         INTEGER NOT NULL,
  relay      TEXT    NOT NULL DEFAULT '',
  step       TEXT    NOT NULL DEFAULT '',
  code       INTEGER NOT NULL DEFAULT 0,
  enhanced   TEXT    NOT NULL DEFAULT '',
  text       TEXT    NOT NULL DEFAULT '',
  PRIMARY KEY (mailing_id, seq, attempt, kind, n),
  -- Written with OR: a list of more than two makes SQLite build a table for each insert.
  CHECK ((kind = 'intent' AND n = 0 AND word = 'intent')
      OR (kind = 'outcome' AND n = 0 AND (word = 'accepted' OR word = 'deferred' OR word = 'refused'))
      OR (kind = 'ruling' AND (word = 'resend' OR word = 'held' OR word = 'assumed' OR word = 'skipped' OR word = 'gave_up' OR word = 'withdrawn')))
) WITHOUT ROWID;

-- A delivery that waits for another attempt. A claimed one stays until its attempt has an outcome or a
-- ruling, so that a crash in between is found through it.
CREATE TABLE retry (
  mailing_id INTEGER NOT NULL,
  seq        INTEGER NOT NULL,
  attempt    INTEGER NOT NULL,                  -- the number of the next attempt
  next_at    INTEGER NOT NULL,
  token      INTEGER NOT NULL DEFAULT 0,        -- fences intents, as a chunk's does
  lease_until INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (mailing_id, seq)
) WITHOUT ROWID;
CREATE INDEX retry_due ON retry (next_at);
CREATE INDEX retry_claimed ON retry (lease_until) WHERE lease_until > 0;

-- How many deliveries of a mailing have a word, kept in the transaction that gives it: what is shown
-- while it is being sent. Open and uncertain ones are the rest of the audience.
CREATE TABLE tally (
  mailing_id INTEGER NOT NULL REFERENCES mailing(id),
  word       TEXT    NOT NULL CHECK (word IN ('accepted', 'assumed', 'refused', 'gave_up', 'skipped', 'held', 'deferred')),
  n          INTEGER NOT NULL,
  PRIMARY KEY (mailing_id, word)
) WITHOUT ROWID;

CREATE INDEX attempt_trouble ON attempt (mailing_id, seq) WHERE word NOT IN ('intent', 'accepted');

-- One row an attempt: whether it had an intent, its outcome, and the ruling that stands.
-- +goose StatementBegin
CREATE VIEW attempt_word AS
SELECT mailing_id, seq, attempt,
  MAX(kind = 'intent') AS intent,
  MAX(CASE WHEN kind = 'outcome' THEN word END) AS outcome,
  SUBSTR(MAX(CASE WHEN kind = 'ruling' THEN printf('%06d', n) || word END), 7) AS ruling
FROM attempt
GROUP BY mailing_id, seq, attempt;
-- +goose StatementEnd

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
