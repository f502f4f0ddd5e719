-- +goose Up
-- What each relay was handed, minute by minute: the limits of an hour and of a day are sums over the
-- last rows, so that they hold for any hour and any day that a provider may count.
CREATE TABLE quota (
  relay  TEXT    NOT NULL,
  minute INTEGER NOT NULL,                      -- minutes since 1970, UTC
  used   INTEGER NOT NULL CHECK (used >= 0),    -- a block counts whole from when it is taken
  PRIMARY KEY (relay, minute)
) WITHOUT ROWID;

CREATE TABLE warmup (
  relay    TEXT    PRIMARY KEY NOT NULL,
  begun_at INTEGER NOT NULL                     -- when its first message was asked for
);

-- How far an issue was at an instant while it was being sent: its rate, from which its end is foretold.
CREATE TABLE pace (
  mailing_id INTEGER NOT NULL REFERENCES mailing(id),
  at         INTEGER NOT NULL,
  done       INTEGER NOT NULL,                  -- deliveries that had a word
  waiting    INTEGER NOT NULL CHECK (waiting IN (0, 1)), -- no relay had any quota left
  PRIMARY KEY (mailing_id, at)
) WITHOUT ROWID;
