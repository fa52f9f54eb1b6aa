"""Background work: one port to queue tasks, an engine on either database, a worker, a clock."""
