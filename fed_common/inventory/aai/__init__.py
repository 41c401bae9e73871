"""VIMs that ONAP A&AI knows: asked for when somebody needs them, kept as rows."""
