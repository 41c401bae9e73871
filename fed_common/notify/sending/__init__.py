"""Getting deliveries out: one loop in one thread per process, lanes for the order, limits per endpoint."""
