"""The stateless half of the pipe: normalise ▸ strip ▸ classify ▸ publish, one record in, one event out."""
