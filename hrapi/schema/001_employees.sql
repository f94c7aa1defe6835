-- The mark of the file: "S0HR". A database of another program, the agent's
-- above all, must not be taken for this one.
PRAGMA application_id = 0x53304852;

CREATE TABLE employees (
	employee_id     TEXT NOT NULL PRIMARY KEY COLLATE NOCASE CHECK (employee_id <> ''),
	subject         TEXT NOT NULL UNIQUE CHECK (subject <> ''),
	email           TEXT NOT NULL UNIQUE CHECK (email <> ''),
	name            TEXT NOT NULL,
	status          TEXT NOT NULL CHECK (status IN ('active', 'on_leave', 'ended')),
	title           TEXT NOT NULL DEFAULT '',
	department      TEXT NOT NULL DEFAULT '',
	employment_type TEXT NOT NULL DEFAULT '',
	-- Days as YYYY-MM-DD; empty means not known. Compared as text.
	start_date      TEXT NOT NULL DEFAULT '' CHECK (start_date = '' OR start_date GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
	end_date        TEXT NOT NULL DEFAULT '' CHECK (end_date = '' OR end_date GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]'),
	-- RFC 3339 in UTC: the last import that confirmed the row.
	confirmed_at    TEXT NOT NULL
) STRICT;

-- One row while the employees are the sample people.
CREATE TABLE sample (
	seeded_at TEXT NOT NULL
) STRICT;
