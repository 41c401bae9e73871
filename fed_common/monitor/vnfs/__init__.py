"""What a VNF goes through: created, scaled, healed, respawned, deleted, one operation at a time."""
