-- Times are Unix milliseconds, but for created, which is nanoseconds. Snapshots and events are the JSON of A2A 1.0.
CREATE TABLE tasks (
    num        INTEGER PRIMARY KEY, -- counts tasks in the order of their creation
    id         TEXT    NOT NULL UNIQUE,
    owner      BLOB    NOT NULL,    -- may hold a zero byte
    context    TEXT    NOT NULL,
    state      INTEGER NOT NULL,    -- number of the proto enumeration
    finished   INTEGER NOT NULL,    -- whether the state is terminal
    stamp      INTEGER NOT NULL,    -- of the status
    created    INTEGER NOT NULL,
    seq        INTEGER NOT NULL,    -- of the last entry
    snapshot   BLOB    NOT NULL,    -- the sum of the entries
    checkpoint BLOB
) STRICT;

-- A page of a list, its filters and its total are read from this index alone.
CREATE INDEX tasks_listed ON tasks (owner, stamp, id, state, context);

-- What a restart takes up, and what the retention removes. Each task is in one of them.
CREATE INDEX tasks_unfinished ON tasks (num) WHERE finished = 0;
CREATE INDEX tasks_finished ON tasks (stamp, id) WHERE finished = 1;

CREATE TABLE task_events (
    task  INTEGER NOT NULL, -- tasks.num
    seq   INTEGER NOT NULL,
    event BLOB    NOT NULL,
    PRIMARY KEY (task, seq)
) STRICT, WITHOUT ROWID;

-- Digests of first messages, kept as long as a repetition is the same task.
CREATE TABLE message_keys (
    key     BLOB    PRIMARY KEY,
    task    TEXT    NOT NULL, -- tasks.id
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
