-- A task is the sum of its entries, and is read from them. To store the sum as well would cost more than all else together, for every change
-- writes it as a whole.
ALTER TABLE tasks DROP COLUMN snapshot;

-- Who holds which key is in the memory of the one process that has the file; the column is for the next one.
DROP INDEX tasks_prompted;
