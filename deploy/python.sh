# shellcheck shell=bash
# Finds what ./setup and ./go run on. Sourced by both.

# The first Python of 3.11 or newer. Also 3.13, where Redis must come from the system.
find_python() {
  local each
  for each in "${PARLEY_PYTHON:-}" python3 python3.11 python3.12 python3.13 python3.14; do
    if [ -n "$each" ] && command -v "$each" >/dev/null 2>&1 &&
      "$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
      command -v "$each"
      return
    fi
  done
  echo "Parley needs Python 3.11 or newer. Install it: apt install python3, or brew install python@3.12. With Docker none is needed: --docker" >&2
  return 1
}

# What .env says, without reading anything else of it.
kept_mode() {
  if [ -f .env ]; then sed -n 's/^PARLEY_MODE=//p' .env; fi
}

keep_mode() {
  if [ -f .env ] && [ "$(kept_mode)" != "$mode" ]; then
    sed -i.part "s/^PARLEY_MODE=.*/PARLEY_MODE=$mode/" .env
    rm -f .env.part
  fi
}

# Splits --docker and --local from the other arguments, into the variables mode and rest. What was asked for is kept in .env.
# shellcheck disable=SC2034
choose_mode() {
  mode="$(kept_mode)"
  rest=()
  local each
  for each in "$@"; do
    case "$each" in
      --docker | --local)
        mode="${each#--}"
        keep_mode
        ;;
      *) rest+=("$each") ;;
    esac
  done
}
