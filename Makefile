# The front door. CMake does the building; `make help` lists what there is.
.DEFAULT_GOAL := build
.PHONY: build
build: ## Build build/madang
	@scripts/install-deps.sh run
	@scripts/npm-ci.sh prod
	@[ -e build/CMakeCache.txt ] || cmake -B build
	@cmake --build build -j2
