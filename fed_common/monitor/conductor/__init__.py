"""The only writer of status: takes reports, judges what to do, tells the river."""
