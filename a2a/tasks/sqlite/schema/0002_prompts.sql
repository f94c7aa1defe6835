-- The key of a prompt that an unfinished task holds, alone or with others.
ALTER TABLE tasks ADD COLUMN prompt BLOB;

CREATE INDEX tasks_prompted ON tasks (prompt, num) WHERE prompt IS NOT NULL;
