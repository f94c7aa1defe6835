-- Push notification configurations, each with its place in the log of its task. Token and credentials in them are as the caller gave them.
CREATE TABLE webhooks (
    num      INTEGER PRIMARY KEY, -- counts webhooks in the order in which they were first set
    task     INTEGER NOT NULL,    -- tasks.num
    id       TEXT    NOT NULL,
    config   BLOB    NOT NULL,    -- the JSON of A2A 1.0
    version  TEXT    NOT NULL,    -- of the protocol that it came in
    revision INTEGER NOT NULL,    -- random, another one each time that it is set
    sent     INTEGER NOT NULL,    -- the last entry that needs no sending any more
    over     INTEGER NOT NULL,    -- whether nothing will be sent any more
    tries    INTEGER NOT NULL,    -- at the entry after that
    since    INTEGER NOT NULL,    -- of the first of them, in nanoseconds; 0 is none
    due      INTEGER NOT NULL,    -- of the next one, in nanoseconds; 0 is at once
    failure  TEXT    NOT NULL,    -- of the last one
    UNIQUE (task, id)
) STRICT;

CREATE INDEX webhooks_live ON webhooks (num) WHERE over = 0;
