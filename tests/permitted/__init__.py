"""Who may do what, where and to whom: every role, command, place and target of the declarations against one table."""
