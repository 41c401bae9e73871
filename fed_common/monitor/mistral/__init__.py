"""The Mistral-compatible read face: workflows, executions and tasks of the monitor."""
