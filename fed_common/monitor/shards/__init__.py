"""Which executor watches which targets: leases with epochs in the database, taken over within a second."""
