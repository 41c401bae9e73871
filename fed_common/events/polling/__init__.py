"""The polling spring: looks at clouds, compared with what is known, told as events."""
