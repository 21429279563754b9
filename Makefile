# Two commands: `make demo` shows a whole campaign sweep on a mock city; `make test` runs every check. The rest is in `patrol`.
.DEFAULT_GOAL := demo
.PHONY: demo test

demo:
	@sh .ci/setup
	@.venv/bin/patrol doctor --mend --quiet
	@.venv/bin/patrol demo

test:
	@sh .ci/setup
	@.venv/bin/patrol doctor --mend --quiet --for-tests
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports --no-cache
	.venv/bin/pytest -n auto --dist loadfile --no-loadscope-reorder
