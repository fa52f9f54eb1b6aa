"""Import and export of tables: files in, files out, and the words between them and the fields."""
