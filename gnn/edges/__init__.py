"""From records, tables, matrices and networks to edges, as plain arrays: no graph is known here."""
