-- The id of the change that added the entry, at the first one of each change.
ALTER TABLE task_events ADD COLUMN change BLOB;

-- Ids of changes without entries, the oldest first: 16 bytes each, and 8 of the time in milliseconds.
ALTER TABLE tasks ADD COLUMN changes BLOB;

-- What the message that began the last turn asked for beside its text.
ALTER TABLE tasks ADD COLUMN terms BLOB;

-- The bytes of the entries.
ALTER TABLE tasks ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0;
UPDATE tasks SET bytes = (SELECT coalesce(sum(length(event)), 0) FROM task_events WHERE task = num);

-- The hold that an unfinished task takes part in.
ALTER TABLE tasks RENAME COLUMN prompt TO hold;
UPDATE tasks SET hold = NULL WHERE finished = 1;
CREATE INDEX tasks_holding ON tasks (hold, num) WHERE hold IS NOT NULL;

CREATE TABLE holds (
    key      BLOB    PRIMARY KEY,
    value    BLOB    NOT NULL,
    revision INTEGER NOT NULL, -- counts values from 1
    until    INTEGER NOT NULL, -- nanoseconds since 1970; tasks may keep it alive for longer
    changes  BLOB              -- ids of amendments, as above
) STRICT, WITHOUT ROWID;

-- Prompts that tasks of an earlier version share have no value: each task has all of its own.
INSERT INTO holds (key, value, revision, until) SELECT DISTINCT hold, x'', 1, 0 FROM tasks WHERE hold IS NOT NULL;
