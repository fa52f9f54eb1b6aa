#!/bin/sh
# Runs a command with the settings of the services, in their folder and as their user. As root:
#   install -m 755 deploy/trato.sh /usr/local/bin/trato
# Files are named by their whole path, in a folder that the user trato may read and write.
# What is set for one command wins over the file: TRATO_OWNER_DATABASE_URL=… trato migrate
set -e
given=$(export -p)
set -a
. /etc/trato/trato.env
eval "$given"
cd /var/lib/trato
exec setpriv --reuid trato --regid trato --init-groups /opt/trato/bin/trato "$@"
