#!/usr/bin/env bash
# develop.sh app|relay|bots|worker: one process of the Procfile, started again when its program's files change.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

name="${1:?which process? app, relay, bots or worker}"
case "$name" in
  app | relay) folders=(app) ;;
  bots) folders=(bot_server) ;; # bot files it watches itself
  worker) folders=(bot_server bot_config) ;;
  *)
    echo "There is no process $name: app, relay, bots or worker" >&2
    exit 2
    ;;
esac
exec watchfiles --filter python --target-type command "python deploy/local/process.py $name" "${folders[@]}"
