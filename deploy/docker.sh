#!/usr/bin/env bash
# The commands of ./go and ./setup with Docker, which is all the machine needs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
. deploy/python.sh

write_env() {
  local python
  if python="$(find_python 2>/dev/null)"; then
    "$python" deploy/local/environment.py "$@"
  else
    local terminal=()
    if [ -t 0 ]; then terminal=(-it); fi
    docker run --rm "${terminal[@]}" --user "$(id -u):$(id -g)" -v "$PWD:/parley" -w /parley python:3.13-slim-trixie \
      python deploy/local/environment.py "$@"
  fi
  mode=docker
  keep_mode
}

# Bots are saved from the browser too: the program that writes their files is whoever owns the folder. Root's is given to the user of the image.
own_bots() {
  local owner
  owner="$(stat -c %u:%g bot_config 2>/dev/null || stat -f %u:%g bot_config)"
  if [ "${owner%%:*}" = 0 ]; then
    owner=1000:1000
    chown -R "$owner" bot_config ||
      echo "bot_config belongs to root, so no bot can be saved in the browser. Mend it with: sudo chown -R $owner bot_config" >&2
  fi
  sed -i.part "s/^BOTS_USER=.*/BOTS_USER=$owner/" .env
  rm -f .env.part
}

need_docker() {
  if ! docker compose version >/dev/null 2>&1; then
    echo "Docker with its compose plugin is missing. Install it, or use the local mode: --local" >&2
    exit 1
  fi
  if ! docker info >/dev/null 2>&1; then
    echo "The Docker engine does not answer. Start it, or become a member of the group docker." >&2
    exit 1
  fi
}

value() { sed -n "s/^$1=//p" .env; }

url() { echo "http://localhost:${APP_PORT:-$(value APP_PORT)}"; }

# One line for each stage, with its time; the output only when it failed.
stage() {
  local what="$1" start output
  shift
  start="$(date +%s)"
  if output="$("$@" 2>&1)"; then
    printf '%6d s  %s\n' "$(($(date +%s) - start))" "$what"
  else
    printf '%6d s  %s: failed\n%s\n' "$(($(date +%s) - start))" "$what" "$output" >&2
    exit 1
  fi
}

migrate() {
  DJANGO_SUPERUSER_USERNAME="$(value DJANGO_SUPERUSER_USERNAME)" DJANGO_SUPERUSER_EMAIL="$(value DJANGO_SUPERUSER_EMAIL)" \
    DJANGO_SUPERUSER_PASSWORD="$(value DJANGO_SUPERUSER_PASSWORD)" DJANGO_SUPERUSER_TOKEN="$(value DJANGO_SUPERUSER_TOKEN)" \
    docker compose run --rm -T --entrypoint python -e DJANGO_SUPERUSER_USERNAME -e DJANGO_SUPERUSER_EMAIL -e DJANGO_SUPERUSER_PASSWORD \
    -e DJANGO_SUPERUSER_TOKEN -w /parley app deploy/database.py
}

prepare() {
  need_docker
  write_env "$@"
  own_bots
  stage "images" docker compose build --quiet
  stage "database" migrate
}

setup() {
  local ask=--ask
  if [ "${1:-}" = --yes ]; then ask=; fi
  prepare ${ask:+"$ask"}
  echo
  echo "Set up. ./go starts it at $(url)"
  login
}

login() { echo "Sign in as $(value DJANGO_SUPERUSER_USERNAME); the password is DJANGO_SUPERUSER_PASSWORD in .env"; }

up() {
  local detach='' first=''
  if [ ! -f .env ]; then first=yes; fi
  for each in "$@"; do
    case "$each" in
      --detach) detach=yes ;;
      --yes) ;;
      *)
        echo "./go --docker knows --detach and --yes, not $each" >&2
        exit 2
        ;;
    esac
  done
  prepare
  stage "containers" docker compose up --detach --wait
  echo
  echo "Parley is at $(url)"
  if [ -n "$first" ]; then login; fi
  if [ -f docker-compose.override.yml ]; then
    echo "docker-compose.override.yml: app and bots hang. docker compose exec app /bin/bash, then npm run server; the same with bots and npm run bots."
  fi
  if [ -n "$detach" ]; then
    echo "./go stop stops it; ./go logs shows what it says."
    return
  fi
  echo "Ctrl-C stops it."
  trap 'trap "" INT TERM HUP; echo; stage stop docker compose stop; exit 0' INT TERM HUP
  docker compose logs --follow --tail 0 &
  wait
}

command=up
case "${1:-}" in
  "" | -*) ;;
  *)
    command="$1"
    shift
    ;;
esac
case "$command" in
  setup | up) "$command" "$@" ;;
  stop) need_docker && stage "stop" docker compose stop ;;
  status) need_docker && docker compose ps --all ;;
  logs) need_docker && docker compose logs --tail 200 --follow "$@" ;;
  manage) need_docker && docker compose run --rm --entrypoint python app app/manage.py "$@" ;;
  bots) need_docker && docker compose run --rm --no-deps --entrypoint python -e PYTHONPATH=bot_server bots -m manager.cli "$@" ;;
  *)
    echo "There is no ./go $command with Docker. ./go help lists the commands." >&2
    exit 2
    ;;
esac
