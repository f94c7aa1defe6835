package hrapi

import (
	"context"
	"database/sql"
	"fmt"
	"io"
	"time"
)

// ImportOptions says how a file is imported.
type ImportOptions struct {
	// Full says that the file is the whole staff: whoever is missing from it is
	// ended as of today (UTC). Refused with a *TooManyEndedError above a tenth of
	// the staff, unless Force is set.
	Full bool
	// Force lifts that bound.
	Force bool
}

// Summary says what an import did. Added, Changed and Confirmed add up to the
// records of the file.
type Summary struct {
	Added     int // not in the database before
	Changed   int // in the database, with other values
	Confirmed int // in the database as they are in the file
	Ended     int // missing from a full file, and so ended
	// SampleRemoved counts the sample people that gave way to real data.
	SampleRemoved int
	// At is the import's time, which is now the as_of of every record above:
	// UTC, whole seconds.
	At time.Time
}

// TooManyEndedError is the refusal of a full import that would end more than a
// tenth of the staff: more likely half a file than a black day. Nothing was
// changed.
type TooManyEndedError struct {
	Ended, Staff int
}

func (e *TooManyEndedError) Error() string {
	return fmt.Sprintf(
		"nothing was imported: the file lacks %d of %d employees, more than a tenth of the "+
			"staff; check that it is complete, and use --force if it is", e.Ended, e.Staff)
}

// Import reads a file and writes all of it in one transaction, or nothing. The file is CSV,
// separated by commas, semicolons or tabs, a JSON array of objects or one object a line; in UTF-8,
// with or without a byte order mark; at most 64 MiB and 200,000 records. Columns or members are
// employee_id, subject, email, name, status (all five needed) and title, department,
// employment_type, start_date, end_date (YYYY-MM-DD). Spaces around a value do not count, and
// e-mail addresses become lower case.
//
// Records are matched by employee_id; those that are not in the file
// stay as they are, and keep their old confirmation, unless the import is full.
//
// The first import into a database that holds the sample people removes these,
// all of them and the mark, in the same transaction: John Doe must not stay
// behind among real employees.
//
// Look-ups go on meanwhile and see the records as they were. What is wrong with
// the file is an *ImportError or a *TooManyEndedError; every other error is
// about the database.
func (d *Database) Import(ctx context.Context, r io.Reader, opts ImportOptions) (Summary, error) {
	rows, err := parse(r)
	if err != nil {
		return Summary{}, err
	}
	at := time.Now().UTC().Truncate(time.Second)
	for i := range rows {
		rows[i].record.ConfirmedAt = at
	}
	var summary Summary
	err = d.write(ctx, "import", func(tx *sql.Tx) error {
		summary = Summary{At: at}
		if err := removeSample(ctx, tx, &summary); err != nil {
			return err
		}
		before := map[string]Record{}
		err := list(ctx, tx, func(r Record) bool { before[idKey(r.EmployeeID)] = r; return true })
		if err != nil {
			return err
		}
		changed, err := plan(before, rows, opts, &summary)
		if err != nil {
			return err
		}
		return replace(ctx, tx, before, changed)
	})
	if err != nil {
		return Summary{}, err
	}
	return summary, nil
}

func removeSample(ctx context.Context, tx *sql.Tx, summary *Summary) error {
	res, err := tx.ExecContext(ctx, `DELETE FROM sample`)
	if err != nil {
		return err
	}
	if marked, err := res.RowsAffected(); err != nil || marked == 0 {
		return err
	}
	res, err = tx.ExecContext(ctx, `DELETE FROM employees`)
	if err != nil {
		return err
	}
	removed, err := res.RowsAffected()
	summary.SampleRemoved = int(removed)
	return err
}

// plan compares the file with the database and returns the records to write.
func plan(
	before map[string]Record, rows []row, opts ImportOptions, summary *Summary,
) ([]Record, error) {
	if bad := taken(before, rows); len(bad) > 0 {
		return nil, &ImportError{Lines: bad}
	}
	write := make([]Record, 0, len(rows))
	inFile := make(map[string]bool, len(rows))
	for i := range rows {
		r := rows[i].record
		inFile[idKey(r.EmployeeID)] = true
		old, known := before[idKey(r.EmployeeID)]
		old.ConfirmedAt = r.ConfirmedAt
		switch {
		case !known:
			summary.Added++
		case old != r:
			summary.Changed++
		default:
			summary.Confirmed++
		}
		write = append(write, r)
	}
	if !opts.Full {
		return write, nil
	}
	staff := 0
	for id, r := range before {
		if r.Status == StatusEnded || (r.EndDate != "" && r.EndDate < dayOf(summary.At)) {
			continue // gone already: a full file need not mention them
		}
		staff++
		if !inFile[id] {
			summary.Ended++
			write = append(write, r.ended(summary.At))
		}
	}
	if !opts.Force && summary.Ended*10 > staff {
		return nil, &TooManyEndedError{Ended: summary.Ended, Staff: staff}
	}
	return write, nil
}

// ended is the record of somebody whom a full file no longer names. The file
// confirms just that, so it counts as a confirmation.
func (r Record) ended(at time.Time) Record {
	r.Status = StatusEnded
	// Somebody who was to start later has never worked here; the end must not
	// come before the start all the same.
	r.EndDate = max(dayOf(at), r.StartDate)
	r.ConfirmedAt = at
	return r
}

// taken finds subjects and addresses of the file that belong to a record which
// the file leaves alone. Among the records of the file they may change hands.
func taken(before map[string]Record, rows []row) []LineError {
	staying := make(map[string]Record, len(before))
	for id, r := range before {
		staying[id] = r
	}
	for i := range rows {
		delete(staying, idKey(rows[i].record.EmployeeID))
	}
	subjects, emails := map[string]string{}, map[string]string{}
	for _, r := range staying {
		subjects[r.Subject], emails[r.Email] = r.EmployeeID, r.EmployeeID
	}
	var bad []LineError
	for i := range rows {
		r := &rows[i]
		const advice = "%s belongs to employee %s in the database; give that one another in the " +
			"same file, or use that employee_id"
		if id, ok := subjects[r.record.Subject]; ok {
			bad = append(bad, r.Bad(advice, "subject", id))
		}
		if id, ok := emails[r.record.Email]; ok {
			bad = append(bad, r.Bad(advice, "email", id))
		}
	}
	return bad
}

// replace writes records over those with the same employee_id. All old ones go
// first, or two people who exchange an address would each be in the other's way.
func replace(ctx context.Context, tx *sql.Tx, before map[string]Record, records []Record) error {
	remove, err := tx.PrepareContext(ctx, `DELETE FROM employees WHERE employee_id = ?`)
	if err != nil {
		return err
	}
	defer remove.Close()
	for i := range records {
		old, known := before[idKey(records[i].EmployeeID)]
		if !known {
			continue
		}
		if _, err := remove.ExecContext(ctx, old.EmployeeID); err != nil {
			return err
		}
	}
	return insert(ctx, tx, records)
}
