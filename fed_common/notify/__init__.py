"""What is told of alarms: to whom, how, how often it was tried."""
