# Check the Lua of the Neovim plugin: its form with stylua, its sense with luacheck. Sourced by .ci/run and make.
# shellcheck shell=sh

LUA_TOOLS=.venv/lua-tools
STYLUA_VERSION=2.5.2

# find_stylua: print the command, which npm installs where it is not here.
find_stylua() {
    own=$LUA_TOOLS/node_modules/.bin/stylua
    if command -v stylua; then
        return 0
    fi
    [ -x "$own" ] || npm install --prefix "$LUA_TOOLS" --no-audit --no-fund --no-update-notifier --loglevel=error \
        --fetch-retries=0 "@johnnymorganz/stylua-bin@$STYLUA_VERSION" >&2 || return 1
    echo "$own"
}

# find_luacheck: print the command, which apt installs where it is not here and nobody has to be asked.
find_luacheck() {
    command -v luacheck && return 0
    apt="apt-get install --yes --quiet lua-check"
    if [ "$(id -u)" = 0 ]; then
        $apt >&2
    else
        sudo -n $apt >&2
    fi
    command -v luacheck
}

# lua_format [--check]: what cannot be had is said and skipped.
lua_format() {
    stylua=$(find_stylua) || {
        echo "stylua could not be installed: the form of the Lua code is not checked" >&2
        return 0
    }
    git ls-files -z '*.lua' | xargs -0 "$stylua" "$@"
}

lua_lint() {
    luacheck=$(find_luacheck) || {
        echo "luacheck could not be installed (apt install lua-check): the Lua code is not linted" >&2
        return 0
    }
    git ls-files -z '*.lua' | xargs -0 "$luacheck" --quiet
}
