"""The river: from a cloud's notification to every subscriber."""
