-- +goose Up
ALTER TABLE feed ADD COLUMN asked_at INTEGER;   -- the last poll, whatever it brought
ALTER TABLE feed ADD COLUMN full_at INTEGER;    -- the last answer that was more than "nothing new"

-- What the canonical address of a story is; '' = it tells stories apart no better than the site's front page does.
ALTER TABLE story ADD COLUMN address TEXT NOT NULL DEFAULT '';
ALTER TABLE story ADD COLUMN checked_at INTEGER; -- when its page was last asked for, after it had left its feeds
CREATE INDEX story_seen ON story (seen_at);
CREATE INDEX story_address ON story (address) WHERE address <> '';

-- Where a story stands. Two feeds of a site, and two ids that a feed has given to one story, lead to the same story.
CREATE TABLE story_source (
  feed_id       INTEGER NOT NULL REFERENCES feed(id),
  key           TEXT    NOT NULL,
  story_id      INTEGER NOT NULL REFERENCES story(id),
  missing_since INTEGER,                        -- the first good reading without it
  PRIMARY KEY (feed_id, key)
) WITHOUT ROWID;
CREATE INDEX story_source_story ON story_source (story_id);
CREATE INDEX story_source_missing ON story_source (feed_id, missing_since);

INSERT INTO story_source (feed_id, key, story_id, missing_since)
SELECT feed_id, key, id, seen_at FROM story WHERE feed_id IS NOT NULL;
