#!/usr/bin/env bash
# Runs a MariaDB for tests while a process holds a shared lock on USERS; then kills it and removes DIR.
# mariadb.sh DIR USERS PORT LINGER_SECONDS [OPTION…]
#
# Prints the server's process id once it accepts connections. No test process owns the server: it waits LINGER_SECONDS for
# the next one. The kernel releases a lock however its process ends, and kills the server if this script is killed.
set -euo pipefail
# The path of servers on Debian.
PATH=$PATH:/usr/sbin
dir=$1 users=$2 port=$3 linger=$4
shift 4

# Each server has its own folder for temporary tables, because a server empties that folder when it starts.
mkdir -p "$dir/tmp"
if [[ ! -d $dir/data ]]; then
  mariadb-install-db --no-defaults --datadir="$dir/data" --user="$(id -un)" --auth-root-authentication-method=normal \
    --skip-test-db --tmpdir="$dir/tmp" >"$dir/install.log" 2>&1
fi
cat >"$dir/init.sql" <<'SQL'
ALTER USER root@localhost IDENTIFIED BY 'p@ss/word';
CREATE USER IF NOT EXISTS tutti@127.0.0.1 IDENTIFIED BY 'p@ss/word';
GRANT ALL ON *.* TO tutti@127.0.0.1;
CREATE DATABASE IF NOT EXISTS tutti;
SQL
rm -f "$dir/error.log"
setpriv --pdeathsig KILL mariadbd --no-defaults --datadir="$dir/data" --user="$(id -un)" --init-file="$dir/init.sql" \
  --bind-address=127.0.0.1 --port="$port" --socket=mariadb.sock --skip-name-resolve --tmpdir="$dir/tmp" \
  --log-error="$dir/error.log" --max-connections=1000 --idle-transaction-timeout=5 --innodb-buffer-pool-size=32M \
  --innodb-log-file-size=16M --performance-schema=OFF "$@" >/dev/null 2>&1 &
server=$!

# Bash does not wait for a process substitution: `tail` ends with the server or its timeout.
grep -q 'ready for connections' < <(timeout 60 tail -n +1 -F --pid="$server" "$dir/error.log" 2>/dev/null)
# From here on the server is removed on every exit, also when no reader of the output is left (SIGPIPE).
remove() {
  kill -KILL "$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  rm -rf "$dir"
}
trap remove EXIT
trap '' PIPE
echo "$port" >"$dir/port"
echo "$server"
exec >&-

exec 9<>"$users"
while true; do
  flock 9
  flock -u 9
  sleep "$linger"
  if flock -n 9; then break; fi
done
