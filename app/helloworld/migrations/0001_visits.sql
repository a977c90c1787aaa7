-- One row, so that adding to it is one statement; the check keeps it the only one.
CREATE TABLE visits (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    total bigint NOT NULL CHECK (total >= 0)
);

INSERT INTO visits (total) VALUES (0);

-- The last batch that each process has written: one that is sent again, because its answer got lost, is not added twice.
CREATE TABLE visit_writers (
    instance uuid PRIMARY KEY,
    sequence bigint NOT NULL,
    written_at timestamptz NOT NULL DEFAULT now()
);
