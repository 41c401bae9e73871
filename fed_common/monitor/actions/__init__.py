"""Policy actions: what is done when a monitor says that a VNF failed."""
