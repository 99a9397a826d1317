# What this directory's programs share, to be sourced: a PostgreSQL of their own, and Debezium's plugins. It sets bin, work (gone at
# the end, with the processes in pids) and plugins.
root=$(cd ../.. && pwd)
debezium=3.4.0.Final
bin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -1)
[[ -n $bin ]] || bin=$(dirname "$(command -v initdb || true)")
[[ -x $bin/initdb ]] || { echo "there is no PostgreSQL; install it: apt-get install postgresql" >&2; exit 1; }

plugins=$PWD/target/plugins
for plugin in postgres jdbc; do
  [[ -d $plugins/debezium-connector-$plugin ]] && continue
  echo "fetching Debezium's $plugin connector"
  mvn -q -ntp org.apache.maven.plugins:maven-dependency-plugin:3.9.0:unpack -Dmdep.useBaseVersion=true \
    -Dartifact="io.debezium:debezium-connector-$plugin:$debezium:tar.gz:plugin" -DoutputDirectory="$plugins"
done

work=$(mktemp -d)
chmod 711 "$work"
pids=()
end() {
  for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null || true; done
  [[ -d $work/data ]] && as "$bin/pg_ctl" -D "$work/data" -m immediate stop >/dev/null 2>&1 || true
  wait 2>/dev/null || true
  rm -rf "$work"
}
trap end EXIT

# PostgreSQL refuses to be root's.
as() { if [[ $(id -u) == 0 ]]; then (cd / && runuser -u postgres -- "$@"); else "$@"; fi; }
free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' 2>/dev/null || echo $((20000 + RANDOM % 12000)); }

# start_postgres PORT PASSWORD: with logical decoding, and a user app of that password
start_postgres() {
  mkdir "$work/data" "$work/run"
  echo "$2" >"$work/run/password"
  [[ $(id -u) == 0 ]] && chown -R postgres "$work/data" "$work/run"
  echo "PostgreSQL on port $1, with logical decoding"
  as "$bin/initdb" -D "$work/data" -U app -A scram-sha-256 --pwfile "$work/run/password" >/dev/null
  as "$bin/pg_ctl" -D "$work/data" -l "$work/run/log" -w start \
    -o "-p $1 -k $work/run -c listen_addresses=127.0.0.1 -c wal_level=logical" >/dev/null
}
