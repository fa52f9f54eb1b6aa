#!/bin/sh
# Make the two roles and the database, once, when the database's volume is new.
# The statements are those of `trato doctor --sql`; a test compares them.
set -eu
psql --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" --dbname postgres \
    --set owner_password="$OWNER_PASSWORD" --set app_password="$APP_PASSWORD" <<'SQL'
CREATE ROLE trato_owner LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE;
CREATE ROLE trato_app LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEROLE NOCREATEDB;
CREATE DATABASE trato OWNER trato_owner TEMPLATE template0 ENCODING 'UTF8';
REVOKE ALL ON DATABASE trato FROM PUBLIC;
GRANT CONNECT ON DATABASE trato TO trato_app;
\connect trato
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE EXTENSION IF NOT EXISTS btree_gin;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE, CREATE ON SCHEMA public TO trato_owner;
GRANT USAGE ON SCHEMA public TO trato_app;
ALTER ROLE trato_owner PASSWORD :'owner_password';
ALTER ROLE trato_app PASSWORD :'app_password';
SQL
