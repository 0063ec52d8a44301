"""New, edited or repeated: one decision per raw record, from the record and what is known of its item."""
