"""Article pages, for feeds whose list entry says ``content: page``: asked for politely, their rights obeyed, read."""
