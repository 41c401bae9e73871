"""Host faults: who reports them, what is done at once, and how all of it is taken back."""
