"""Third parties: companies and people, their branches, contacts, categories and tags."""
