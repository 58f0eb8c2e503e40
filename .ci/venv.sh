# Make .venv and install into it. Sourced by ./lofi, ./check and .ci/run, in the repository's root.
# shellcheck shell=sh

# find_python [MODULES]: print the first Python that is new enough and has the modules.
find_python() {
    for candidate in python3.13 python3.12 python3.11 python3 python; do
        if "$candidate" -c "import sys${1:+, $1}; sys.exit(sys.version_info < (3, 11))" 2>/dev/null; then
            echo "$candidate"
            return 0
        fi
    done
    return 1
}

say_how_to_get_python() {
    echo "lofi needs Python 3.11 or newer, and found none." >&2
    if [ "$(uname)" = Darwin ]; then
        echo "Install it: brew install python@3.13" >&2
    else
        echo "Install it: sudo apt install python3 python3-venv    (or what your system calls them)" >&2
    fi
}

say_how_to_get_venv() {
    version=$("$1" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    echo "Python $version is here, but its venv module is not." >&2
    echo "Install it: sudo apt install python$version-venv    (or what your system calls it)" >&2
}

# Make .venv where there is none that works.
make_venv() {
    if .venv/bin/python -m pip --version >/dev/null 2>&1; then
        return 0
    fi
    python=$(find_python 'venv, ensurepip') || {
        if python=$(find_python); then
            say_how_to_get_venv "$python"
        else
            say_how_to_get_python
        fi
        return 1
    }
    rm -rf .venv
    "$python" -m venv .venv
}

# install_once NAME FILES -- ARGUMENTS: pip install ARGUMENTS, unless FILES are as they were the last time.
install_once() {
    stamp=.venv/installed-$1
    shift
    sum=
    while [ "$1" != -- ]; do
        sum="$sum $(cksum <"$1")"
        shift
    done
    shift
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$sum" ]; then
        return 0
    fi
    echo "installing: $*" >&2
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt "$@" || return 1
    echo "$sum" >"$stamp"
}
