"""The `creche` command: generic, one file a command family, all over `Queue`."""
