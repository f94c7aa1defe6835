-- The id of the change that added the entry, at the first one of each change.
ALTER TABLE task_events ADD COLUMN change bytea;

-- A task is the sum of its entries, and is read from them: to store the sum as well would write it anew with every change.
ALTER TABLE tasks DROP COLUMN snapshot;

ALTER TABLE tasks
    ADD COLUMN changes bytea,                    -- ids of changes without entries, the oldest first: 16 bytes each, and 8 of the time in milliseconds
    ADD COLUMN terms   bytea,                    -- what the message that began the last turn asked for beside its text
    ADD COLUMN bytes   bigint NOT NULL DEFAULT 0; -- of the entries
UPDATE tasks SET bytes = (SELECT coalesce(sum(length(event)), 0) FROM task_events WHERE task = num);

-- The hold that an unfinished task takes part in.
ALTER TABLE tasks RENAME COLUMN prompt TO hold;
ALTER INDEX tasks_prompted RENAME TO tasks_holding;

CREATE TABLE holds (
    key      bytea  PRIMARY KEY,
    value    bytea  NOT NULL,
    revision bigint NOT NULL, -- counts values from 1
    until    bigint NOT NULL, -- nanoseconds since 1970; tasks may keep it alive for longer
    changes  bytea            -- ids of amendments, as above
);

-- Prompts that tasks of an earlier version share have no value: each task has all of its own.
INSERT INTO holds (key, value, revision, until) SELECT DISTINCT hold, ''::bytea, 1, 0 FROM tasks WHERE hold IS NOT NULL;
