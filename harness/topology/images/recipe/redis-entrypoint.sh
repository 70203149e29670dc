#!/bin/bash
# Starts redis-server as the user redis. Arguments that begin with a dash, or name a configuration file, are redis-server's.
set -euo pipefail

case "${1:-}" in
  -* | *.conf) set -- redis-server "$@" ;;
esac

# Outside the container the port is only where somebody publishes it, so peers need no password, as in the official image.
if [[ "${1:-}" == redis-server && "${2:-}" != *.conf && " $* " != *" --protected-mode "* && " $* " != *" --version "* ]]; then
  set -- "$@" --protected-mode no
fi

if [[ "${1:-}" == redis-server && "$(id -u)" == 0 ]]; then
  chown redis:redis .
  exec setpriv --reuid=redis --regid=redis --init-groups "$0" "$@"
fi
exec "$@"
