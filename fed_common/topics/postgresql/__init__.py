"""Django's engine for PostgreSQL, with a pool that lends its connections out without asking the server first."""
