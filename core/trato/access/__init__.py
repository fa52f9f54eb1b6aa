"""Who may do what: users, members, roles, teams, sessions, tokens, and the rules by them."""
