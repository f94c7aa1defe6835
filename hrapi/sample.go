package hrapi

import (
	"bytes"
	"context"
	"database/sql"
	_ "embed"
	"fmt"
	"time"
)

//go:embed employees.csv
var sampleCSV []byte

//go:embed example.csv
var exampleCSV string

// Example returns an import file that shows every column, UTF-8 and separated
// by commas. Its people are not the sample people: a database that imported it
// counts as real data.
func Example() string { return exampleCSV }

// Seed fills an empty database with the sample people, who come with the program
// for trying it out with the development identity provider, confirmed now, and
// marks it as holding them. A database with any employee in it, sample or real, is
// left as it is. Seed reports whether it filled the database.
func (d *Database) Seed(ctx context.Context) (bool, error) {
	rows, err := parse(bytes.NewReader(sampleCSV))
	if err != nil {
		return false, fmt.Errorf("hrapi: sample people: %w", err)
	}
	now := time.Now().UTC().Truncate(time.Second)
	seeded := false
	err = d.write(ctx, "fill with the sample people", func(tx *sql.Tx) error {
		var employees int
		if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM employees`).Scan(
			&employees); err != nil || employees > 0 {
			return err
		}
		people := make([]Record, len(rows))
		for i := range rows {
			people[i] = rows[i].record
			people[i].ConfirmedAt = now
		}
		if err := insert(ctx, tx, people); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO sample (seeded_at) VALUES (?)`,
			formatTime(now)); err != nil {
			return err
		}
		seeded = true
		return nil
	})
	return seeded && err == nil, err
}

// Sample reports whether the database holds the sample people, which only the
// development identity provider may be combined with: their logins are known to
// everybody.
func (d *Database) Sample(ctx context.Context) (bool, error) {
	var sample bool
	err := d.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM sample)`).Scan(&sample)
	return sample, wrapSQL("ask for sample data", err)
}
