-- +goose Up
-- Times are UTC milliseconds. States are CHECK constraints; moves between them are guarded updates.

CREATE TABLE feed (
  id            INTEGER PRIMARY KEY,
  url           TEXT    NOT NULL UNIQUE,
  title         TEXT    NOT NULL DEFAULT '',
  link          TEXT    NOT NULL DEFAULT '',
  etag          TEXT    NOT NULL DEFAULT '',
  last_modified TEXT    NOT NULL DEFAULT '',
  added_at      INTEGER NOT NULL,
  first_read_at INTEGER,                        -- when its entries were first seen
  next_at       INTEGER NOT NULL,               -- when it is polled next
  read_at       INTEGER,                        -- the last answer that could be used
  failing_since INTEGER,
  failures      INTEGER NOT NULL DEFAULT 0,
  last_error    TEXT    NOT NULL DEFAULT '',
  removed_at    INTEGER                         -- no longer read; its stories stay
);

CREATE TABLE story (
  id            INTEGER PRIMARY KEY,
  feed_id       INTEGER REFERENCES feed(id),    -- NULL: written by hand
  key           TEXT    NOT NULL,               -- the feed's id for it, else its canonical URL, else a hash of its title
  link          TEXT    NOT NULL,
  title         TEXT    NOT NULL,
  author        TEXT    NOT NULL DEFAULT '',
  summary       TEXT    NOT NULL DEFAULT '',
  body          TEXT    NOT NULL DEFAULT '',
  image         TEXT    NOT NULL DEFAULT '',
  state         TEXT    NOT NULL CHECK (state IN ('new', 'waiting', 'held', 'hidden', 'gone')),
  backlog       INTEGER NOT NULL DEFAULT 0 CHECK (backlog IN (0, 1)), -- already old when its feed was first seen
  published_at  INTEGER NOT NULL,
  edited_at     INTEGER,
  seen_at       INTEGER NOT NULL,
  UNIQUE (feed_id, key)
);
CREATE INDEX story_published ON story (published_at);

CREATE TABLE story_category (
  story_id INTEGER NOT NULL REFERENCES story(id),
  position INTEGER NOT NULL,
  name     TEXT    NOT NULL,
  PRIMARY KEY (story_id, position)
);

CREATE TABLE newsletter (
  id          INTEGER PRIMARY KEY,
  slug        TEXT    NOT NULL UNIQUE,
  name        TEXT    NOT NULL,
  description TEXT    NOT NULL DEFAULT '',
  cron        TEXT    NOT NULL,                 -- five fields; '' = issues by hand only
  time_zone   TEXT    NOT NULL,
  language    TEXT    NOT NULL DEFAULT 'en',
  late        TEXT    NOT NULL DEFAULT 'merge' CHECK (late IN ('merge', 'hold', 'send')),
  grace       INTEGER NOT NULL,                 -- milliseconds after a due time
  approval    INTEGER NOT NULL DEFAULT 0 CHECK (approval IN (0, 1)),
  since       INTEGER NOT NULL,                 -- takes stories published at or after this time
  backlog     INTEGER NOT NULL DEFAULT 0 CHECK (backlog IN (0, 1)), -- takes backlog stories too
  state       TEXT    NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'stopped')),
  added_at    INTEGER NOT NULL
);


-- mailing is the ledger's unit: an issue or a letter. What its mails say in their headers is frozen here.
CREATE TABLE mailing (
  id             INTEGER PRIMARY KEY,
  kind           TEXT    NOT NULL CHECK (kind IN ('issue', 'letter')),
  state          TEXT    NOT NULL CHECK (state IN ('freezing', 'closed', 'sending', 'paused', 'complete', 'held', 'cancelled')),
  reason         TEXT    NOT NULL DEFAULT '',   -- why it is held or paused
  due_at         INTEGER NOT NULL,
  dated_at       INTEGER NOT NULL,              -- the Date header of each of its mails
  late_at        INTEGER NOT NULL,              -- it is not begun later than this
  give_up_at     INTEGER NOT NULL,              -- no retry is planned later than this
  header         TEXT    NOT NULL DEFAULT '{}', -- the frozen sender's profile (data.Header)
  secret         TEXT    NOT NULL DEFAULT '',   -- which secret signs its tokens: chosen when its mail is first composed
  dkim           TEXT    NOT NULL DEFAULT '',   -- which DKIM keys sign it; '-': none
  frozen_through INTEGER NOT NULL DEFAULT 0,    -- the last move of a subscription that a freeze slice looked at; they go backwards
  audience       INTEGER NOT NULL DEFAULT 0,
  made_at        INTEGER NOT NULL,
  begun_at       INTEGER,
  completed_at   INTEGER
);
CREATE INDEX mailing_open ON mailing (state, due_at) WHERE state IN ('closed', 'sending', 'paused', 'held');

CREATE TABLE issue (
  id            INTEGER PRIMARY KEY,
  newsletter_id INTEGER NOT NULL REFERENCES newsletter(id),
  due_at        INTEGER NOT NULL,
  close_at      INTEGER NOT NULL,
  state         TEXT    NOT NULL CHECK (state IN ('draft', 'awaiting_approval', 'closing', 'closed', 'skipped', 'merged', 'held', 'cancelled')),
  reason        TEXT    NOT NULL DEFAULT '',
  mailing_id    INTEGER UNIQUE REFERENCES mailing(id), -- from closing on; once closed, the mailing's state is the issue's
  subject       TEXT    NOT NULL DEFAULT '',    -- '' = by rule, until it is closed
  preheader     TEXT    NOT NULL DEFAULT '',
  note          TEXT    NOT NULL DEFAULT '',
  by_hand       INTEGER NOT NULL DEFAULT 0 CHECK (by_hand IN (0, 1)),
  approved_at   INTEGER,
  audience_at   INTEGER,                        -- the instant closing began
  audience_move INTEGER,                        -- the last subscription_move of that instant
  closed_at     INTEGER,
  made_at       INTEGER NOT NULL,
  UNIQUE (newsletter_id, due_at)
);
CREATE INDEX issue_open ON issue (close_at) WHERE state IN ('draft', 'awaiting_approval', 'closing');

-- An issue takes each story at most once per newsletter. A hidden row keeps the story out of the later ones too.
CREATE TABLE issue_story (
  issue_id      INTEGER NOT NULL REFERENCES issue(id),
  story_id      INTEGER NOT NULL REFERENCES story(id),
  newsletter_id INTEGER NOT NULL REFERENCES newsletter(id),
  position      INTEGER NOT NULL,
  title         TEXT    NOT NULL DEFAULT '',    -- '' = the story's own
  hidden        INTEGER NOT NULL DEFAULT 0 CHECK (hidden IN (0, 1)),
  PRIMARY KEY (issue_id, story_id),
  UNIQUE (newsletter_id, story_id)
);

CREATE TABLE variant (
  id         INTEGER PRIMARY KEY,
  mailing_id INTEGER NOT NULL REFERENCES mailing(id),
  edition    TEXT    NOT NULL CHECK (edition IN ('full', 'headlines', 'text')),
  language   TEXT    NOT NULL,
  subject    TEXT    NOT NULL,
  preheader  TEXT    NOT NULL DEFAULT '',
  html       TEXT    NOT NULL,
  text       TEXT    NOT NULL,
  UNIQUE (mailing_id, edition, language)
);

-- +goose StatementBegin
CREATE VIEW issue_now AS
SELECT i.*,
  CASE WHEN i.state = 'closed' THEN m.state ELSE i.state END AS shown,
  CASE WHEN i.state = 'closed' AND m.reason <> '' THEN m.reason ELSE i.reason END AS shown_reason,
  COALESCE(m.audience, 0) AS audience
FROM issue i
LEFT JOIN mailing m ON m.id = i.mailing_id;
-- +goose StatementEnd
