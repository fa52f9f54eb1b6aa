"""Speed of Trato beside raw SQL and beside a bare Flask page, measured in one run."""
