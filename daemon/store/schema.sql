-- Schema of sluice.db, version 7. README.md beside this file explains it for people and tools.
-- Times are Unix milliseconds, days are days since 1970-01-01 of the local date.

CREATE TABLE meta(
  key   TEXT PRIMARY KEY,
  value
) WITHOUT ROWID;

CREATE TABLE sensor(
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  unit TEXT NOT NULL,
  -- snapshot: as of row cursor.snapshot_row
  last_time_ms       INTEGER NOT NULL DEFAULT 0,
  last_value         REAL    NOT NULL DEFAULT 0,
  last_flags         INTEGER NOT NULL DEFAULT 0,
  last_lag_ms        INTEGER NOT NULL DEFAULT 0,
  last_arrival_ms    INTEGER NOT NULL DEFAULT 0,
  last_subscribed_ms INTEGER NOT NULL DEFAULT 0
);

-- Arrival order, no other index: a batch appends to one page after the other.
CREATE TABLE reading(
  id      INTEGER PRIMARY KEY,
  sensor  INTEGER NOT NULL,
  time_ms INTEGER NOT NULL,
  value   REAL    NOT NULL,
  lag_ms  INTEGER NOT NULL,  -- arrival - time
  flags   INTEGER NOT NULL
);

CREATE TABLE boot(
  id        INTEGER PRIMARY KEY,
  boot_id   TEXT NOT NULL UNIQUE,
  -- Wall clock minus boot clock, for its batches in unset_batch. NULL: not known yet.
  offset_ms INTEGER,
  estimated INTEGER NOT NULL DEFAULT 0  -- 1: the clock was never set; last known time + elapsed
);

-- One row a batch with readings; the key is the number of the commit, so there are gaps.
CREATE TABLE batch(
  id                   INTEGER PRIMARY KEY,
  first_row            INTEGER NOT NULL,
  last_row             INTEGER NOT NULL,
  min_time_ms          INTEGER NOT NULL,
  max_time_ms          INTEGER NOT NULL,
  min_arrival_ms       INTEGER NOT NULL,
  max_arrival_ms       INTEGER NOT NULL,
  boot                 INTEGER NOT NULL,
  connected            INTEGER NOT NULL,
  stream_ms            INTEGER NOT NULL,
  subscribed_ms        INTEGER NOT NULL,
  wall_minus_stream_ms INTEGER NOT NULL,
  stream_minus_boot_ms INTEGER NOT NULL,
  digest               BLOB    NOT NULL, -- 8 bytes
  tallies              BLOB              -- by day and sensor, model/tally.h; NULL: not known
);

-- Commits of what arrived while the clock was not trusted, until it is known when that was. No day and no
-- line of `counter` knows of them; their times are last known time + elapsed.
CREATE TABLE unset_batch(
  id        INTEGER PRIMARY KEY,  -- number of the commit; the same as in `batch`, where there are readings
  boot      INTEGER NOT NULL,
  end_ms    INTEGER NOT NULL,     -- wall time at its end, as it was thought to be
  offset_ms INTEGER NOT NULL,     -- wall clock minus boot clock, as it was thought to be
  row_count INTEGER NOT NULL
);

CREATE TABLE unset_counter(
  batch INTEGER NOT NULL,
  name  TEXT    NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY(batch, name)
) WITHOUT ROWID;

CREATE TABLE cursor(
  id                   INTEGER PRIMARY KEY CHECK (id = 1),
  journal_id           TEXT    NOT NULL DEFAULT '',
  seq                  INTEGER NOT NULL DEFAULT 0,
  commits              INTEGER NOT NULL DEFAULT 0,
  last_row             INTEGER NOT NULL DEFAULT 0,  -- the highest reading.id ever given
  row_count            INTEGER NOT NULL DEFAULT 0,
  snapshot_row         INTEGER NOT NULL DEFAULT 0,
  newest_arrival_ms    INTEGER NOT NULL DEFAULT 0,
  boot                 INTEGER NOT NULL DEFAULT 0,
  stream_minus_boot_ms INTEGER NOT NULL DEFAULT 0,
  wall_minus_stream_ms INTEGER NOT NULL DEFAULT 0,
  subscribed_ms        INTEGER NOT NULL DEFAULT 0,
  stream_ms            INTEGER NOT NULL DEFAULT 0,
  connected            INTEGER NOT NULL DEFAULT 0,
  backlog              INTEGER NOT NULL DEFAULT 0,
  clock_trusted        INTEGER NOT NULL DEFAULT 0,
  session_present      INTEGER NOT NULL DEFAULT 0,
  connected_since_ms   INTEGER NOT NULL DEFAULT 0,
  delivered_first      INTEGER NOT NULL DEFAULT 0,  -- number of the first in `delivered`
  delivered            BLOB    NOT NULL DEFAULT x'' -- 2 bytes packet id, 4 bytes hash, little-endian, each
);
INSERT INTO cursor(id) VALUES(1);

-- What the broker delivered of a backlog, in runs of 128; a run takes the place of the one 256 before it.
CREATE TABLE backlog(
  slot      INTEGER PRIMARY KEY,  -- first / 128 modulo 256
  first     INTEGER NOT NULL,     -- number of the first
  delivered BLOB    NOT NULL      -- as in cursor
);

CREATE TABLE counter(
  day   INTEGER NOT NULL,  -- of arrival
  name  TEXT    NOT NULL,
  value INTEGER NOT NULL,
  PRIMARY KEY(day, name)
) WITHOUT ROWID;

CREATE TABLE rule_state(
  rule        TEXT    NOT NULL,
  sensor      INTEGER NOT NULL,
  phase       INTEGER NOT NULL,  -- 0 idle, with a past that counts (changes), 1 pending, 2 firing
  since_ms    INTEGER NOT NULL,
  deadline_ms INTEGER NOT NULL,
  notified    INTEGER NOT NULL,  -- the level that somebody was told of, 0: nobody was
  value       REAL    NOT NULL,
  rule_digest TEXT    NOT NULL,
  level         INTEGER NOT NULL DEFAULT 0,   -- 0: not firing
  toward        INTEGER NOT NULL DEFAULT 0,   -- the level that it moves to at deadline_ms
  move_since_ms INTEGER NOT NULL DEFAULT 0,
  told_ms       INTEGER NOT NULL DEFAULT 0,
  flapping      INTEGER NOT NULL DEFAULT 0,
  changes       TEXT    NOT NULL DEFAULT '',  -- when it fired and resolved, ms, with a space between
  since_estimated INTEGER NOT NULL DEFAULT 0, -- 1: the clock was not trusted when the alert began
  open          INTEGER NOT NULL DEFAULT 0,   -- flags of the sensor's newest reading that no longer keep it quiet
  further       TEXT    NOT NULL DEFAULT '',  -- levels beyond `toward`: level, since ms, deadline ms, each, with spaces
  copy_ms       INTEGER NOT NULL DEFAULT 0,   -- the newest retained reading or duplicate that the rule took, if
  copy_value    REAL    NOT NULL DEFAULT 0,   --   it is newer than the sensor's newest: its time (0: it is not),
  copy_doubts   INTEGER NOT NULL DEFAULT 0,   --   value and flags
  PRIMARY KEY(rule, sensor)
) WITHOUT ROWID;

-- Silences that have not ended. The key is the number of the record that began one.
CREATE TABLE silence(
  id       INTEGER PRIMARY KEY,
  sensor   TEXT    NOT NULL,  -- filter
  alert    TEXT    NOT NULL,  -- name; empty: all
  labels   TEXT    NOT NULL,  -- JSON object
  from_ms  INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,
  comment  TEXT    NOT NULL
);

CREATE TABLE alert_event(
  id        INTEGER PRIMARY KEY,
  event_id  TEXT    NOT NULL,
  alert     TEXT    NOT NULL,
  sensor    TEXT    NOT NULL,
  state     INTEGER NOT NULL,  -- 0 resolved, 1 firing
  severity  TEXT    NOT NULL,
  value     REAL,
  threshold REAL,
  unit      TEXT    NOT NULL,
  labels    TEXT    NOT NULL,  -- JSON object
  since_ms  INTEGER NOT NULL,
  at_ms     INTEGER NOT NULL,
  message   TEXT    NOT NULL,
  flags     INTEGER NOT NULL,
  channels  TEXT    NOT NULL   -- JSON array
);

-- The newest transition that a channel has not been told of yet.
CREATE TABLE alert_slot(
  alert    TEXT    NOT NULL,
  sensor   TEXT    NOT NULL,
  channel  TEXT    NOT NULL,
  event    INTEGER NOT NULL,  -- alert_event.id
  event_id TEXT    NOT NULL,
  state    INTEGER NOT NULL,
  PRIMARY KEY(alert, sensor, channel)
) WITHOUT ROWID;
CREATE INDEX alert_slot_event ON alert_slot(event_id);

-- Alerts that stand, each with its newest firing transition.
CREATE TABLE alert_open(
  alert  TEXT    NOT NULL,
  sensor TEXT    NOT NULL,
  event  INTEGER NOT NULL,
  PRIMARY KEY(alert, sensor)
) WITHOUT ROWID;

CREATE TABLE quarantine(
  id      INTEGER PRIMARY KEY,
  at_ms   INTEGER NOT NULL,
  topic   TEXT    NOT NULL,
  payload BLOB    NOT NULL,
  reason  TEXT    NOT NULL
);

CREATE TABLE retained(
  topic TEXT PRIMARY KEY,
  hash  INTEGER NOT NULL
) WITHOUT ROWID;

-- Columns from `open` on are the store's own.
CREATE TABLE day(
  day               INTEGER PRIMARY KEY,
  zone              TEXT    NOT NULL,
  last_arrival_ms   INTEGER NOT NULL,
  revision          INTEGER NOT NULL,
  first_revision_ms INTEGER NOT NULL,
  touched           INTEGER NOT NULL,
  dirty             INTEGER NOT NULL,
  open              INTEGER NOT NULL,  -- 1: batches after last_batch count, though they did not write this row
  first_batch       INTEGER NOT NULL,  -- rows of the day lie in batches first_batch … last_batch
  last_batch        INTEGER NOT NULL,
  removed           INTEGER NOT NULL   -- by retention: 0 nothing, 1 some rows, 2 all that it will
);

-- The zones in which days are cut: each from its first day to the day before the next one's.
CREATE TABLE zone(
  first_day INTEGER PRIMARY KEY,
  name      TEXT NOT NULL
);

CREATE TABLE summary(
  id        INTEGER PRIMARY KEY,
  day       INTEGER NOT NULL,
  revision  INTEGER NOT NULL,
  made_ms   INTEGER NOT NULL,
  digest    TEXT    NOT NULL,
  row_count INTEGER NOT NULL,
  key       TEXT    NOT NULL,
  body      BLOB    NOT NULL,
  UNIQUE(day, revision)
);

CREATE TABLE outbox(
  id          INTEGER PRIMARY KEY,
  sink        TEXT    NOT NULL,
  day         INTEGER NOT NULL,
  revision    INTEGER NOT NULL,
  key         TEXT    NOT NULL,
  state       INTEGER NOT NULL,  -- 0 pending, 1 delivered, 2 parked, 3 discarded
  attempts    INTEGER NOT NULL,
  created_ms  INTEGER NOT NULL,
  next_try_ms INTEGER NOT NULL,
  done_ms     INTEGER NOT NULL,
  note        TEXT    NOT NULL,
  UNIQUE(sink, day, revision)
);
CREATE INDEX outbox_pending ON outbox(day, revision, sink) WHERE state = 0;

-- For people and tools. Their names and columns stay; columns may be added at the end.

CREATE VIEW readings(sensor, time_ms, value, time, unit, flags) AS
  SELECT s.name, r.time_ms, r.value, strftime('%Y-%m-%dT%H:%M:%fZ', r.time_ms / 1000.0, 'unixepoch'), s.unit,
         r.flags
  FROM reading r JOIN sensor s ON s.id = r.sensor;

CREATE VIEW alert_events(id, alert, sensor, state, severity, value, threshold, unit, labels, since_ms, at_ms,
                         since, at, message, flags) AS
  SELECT event_id, alert, sensor, CASE state WHEN 1 THEN 'firing' ELSE 'resolved' END, severity, value,
         threshold, unit, labels, since_ms, at_ms,
         strftime('%Y-%m-%dT%H:%M:%fZ', since_ms / 1000.0, 'unixepoch'),
         strftime('%Y-%m-%dT%H:%M:%fZ', at_ms / 1000.0, 'unixepoch'), message, flags
  FROM alert_event;

CREATE VIEW daily_summaries(date, revision, made_at, row_count, digest, key, document) AS
  SELECT date(day * 86400, 'unixepoch'), revision,
         strftime('%Y-%m-%dT%H:%M:%fZ', made_ms / 1000.0, 'unixepoch'), row_count, digest, key,
         CAST(body AS TEXT)
  FROM summary;

-- Without a date: arrived while the clock was not trusted, and not entered yet.
CREATE VIEW ledger(date, counter, value) AS
  SELECT date(day * 86400, 'unixepoch'), name, value FROM counter
  UNION ALL SELECT NULL, name, sum(value) FROM unset_counter GROUP BY name;

CREATE VIEW uploads(date, revision, sink, state, attempts, created_at, note) AS
  SELECT date(day * 86400, 'unixepoch'), revision, sink,
         CASE state WHEN 0 THEN 'pending' WHEN 1 THEN 'delivered' WHEN 2 THEN 'parked' ELSE 'discarded' END,
         attempts, strftime('%Y-%m-%dT%H:%M:%fZ', created_ms / 1000.0, 'unixepoch'), note
  FROM outbox;
