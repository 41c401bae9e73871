"""The log of topics the gateway keeps itself."""
