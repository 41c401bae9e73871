"""The contracts between the house, the clouds and the sinks."""
