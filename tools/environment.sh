#!/bin/sh
# Prepare .venv, or the folder that VENV names, for a requirements file: find a Python, create the environment, install. Nothing happens when the
# environment already holds what the requirements files ask for.
#
#   sh tools/environment.sh requirements.txt
set -eu

requirements=${1:?usage: sh tools/environment.sh requirements.txt}
[ -f "$requirements" ] || { echo "There is no $requirements here; run this from the top of the repository." >&2; exit 2; }
venv=${VENV:-.venv}
python=$venv/bin/python
stamp=$venv/installed-$requirements
export PIP_DISABLE_PIP_VERSION_CHECK=1

# A stamp names every requirements file's content, so a change in any of them installs again.
wanted() { cat requirements*.txt; }
new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; }
has_venv() { "$1" -c 'import ensurepip, venv' >/dev/null 2>&1; }

if wanted | cmp -s - "$stamp" && new_enough "$python"; then
    exit 0
fi

if ! { new_enough "$python" && "$python" -m pip --version >/dev/null 2>&1; }; then
    found= without_venv=
    if [ -n "${PYTHON:-}" ]; then set -- "$PYTHON"; else set -- python3.13 python3.12 python3.11 python3 python; fi
    # Each candidate is run, not only looked up: version managers put names on the path that do not work.
    for candidate in "$@"; do
        new_enough "$candidate" || continue
        if has_venv "$candidate"; then found=$candidate; break; fi
        without_venv=${without_venv:-$candidate}
    done
    if [ -z "$found" ] && [ -n "$without_venv" ]; then
        echo "$without_venv cannot create virtual environments: install its venv package" \
            "(on Debian and Ubuntu: sudo apt-get install python3-venv), then run make again." >&2
        exit 1
    elif [ -z "$found" ] && [ -n "${PYTHON:-}" ]; then
        echo "PYTHON=$PYTHON is not a working Python 3.11 or newer." >&2
        exit 1
    elif [ -z "$found" ]; then
        echo "No Python 3.11 or newer found: install one from python.org or your system's packages, or name it" \
            "with make PYTHON=/path/to/python3.12, then run make again." >&2
        exit 1
    fi
    echo "Creating $venv with $("$found" --version)"
    "$found" -m venv --clear "$venv"
fi

echo "Installing $requirements into $venv (the first time takes some minutes)"
# In a terminal pip shows its progress; in a log only what went wrong.
if [ -t 1 ]; then quiet=; else quiet=--quiet; fi
"$python" -m pip install $quiet -r "$requirements"

# Files include each other with -r, so one install covers the smaller files too.
case $requirements in
    requirements-dev.txt) covered="requirements-dev.txt requirements-quick.txt requirements.txt requirements-charts.txt" ;;
    requirements-quick.txt) covered="requirements-quick.txt requirements-charts.txt" ;;
    requirements.txt) covered="requirements.txt requirements-charts.txt" ;;
    *) covered=$requirements ;;
esac
for file in $covered; do wanted > "$venv/installed-$file"; done
