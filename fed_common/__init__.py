"""The house: what all clouds share. It knows no cloud by name."""
