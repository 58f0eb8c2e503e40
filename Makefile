.PHONY: demo test lint format

demo:
	./lofi "rainy night, jazzy rhodes, 75 bpm"

test:
	./check

lint:
	.ci/run

format: .venv/bin/ruff
	.venv/bin/ruff check --fix --quiet || true
	.venv/bin/ruff format
	. .ci/lua.sh && lua_format

.venv/bin/ruff:
	. .ci/venv.sh && make_venv && install_once lint pyproject.toml constraints.txt -- --editable '.[test,lint]'
