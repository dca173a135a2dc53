#!/usr/bin/env bash
# ./go runs the whole product; ./go help lists the other commands.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
. deploy/python.sh

case "${1:-}" in
  test | check | bench | help) rest=("$@") mode=local ;; # the same in both modes
  bots | manage) mode="$(kept_mode)" rest=("$@") ;; # their arguments are not ours to read
  *) choose_mode "$@" ;;
esac
if [ "$mode" = docker ]; then
  exec deploy/docker.sh "${rest[@]}"
fi
exec "$(find_python)" deploy/local/cli.py "${rest[@]}"
