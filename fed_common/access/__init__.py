"""Who may call, and secrets at rest."""
