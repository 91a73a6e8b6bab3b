# SPDX-FileCopyrightText: 2026 The Keima Authors
# SPDX-License-Identifier: Apache-2.0
# The commands of README.md. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
NATIVE := framework/native
BENCH := build/bench/keima
JOBS ?= $(shell nproc)
# What `make test-tsan` builds. Addresses are not randomised there: ThreadSanitizer needs them where it expects them.
TSAN_LAYERS := base ops eager compiler
# An installed environment is up to date when the build inputs have not changed since.
BUILD_INPUTS := pyproject.toml $(wildcard framework/keima/functional/*.py) $(shell find $(NATIVE) -type f \( -name '*.cc' -o -name '*.h' -o -name '*.inc' -o -name 'CMakeLists.txt' -o -name '*.cmake' -o -name '*.py' \))

.PHONY: fuzz fuzz-coverage bench bench-eager bench-inference bench-training help test test-aarch64 test-oracle test-slow test-tsan test-python test-native executor-size lint format clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-18s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install -q "scikit-build-core>=0.10" "pybind11>=2.13" numpy "cmake>=3.22" ninja

$(VENV)/.built: $(BUILD_INPUTS) | $(BIN)/python
	$(BIN)/python -m pip install -q --group dev
	$(BIN)/python -m pip install -q --no-build-isolation -e '.[all]'
	$(BIN)/python $(NATIVE)/bindings/stubs.py "$$($(BIN)/python -c 'import keima._core as c; print(c.__file__)')" framework/keima/functional framework/keima/_core/ops.pyi framework/keima/functional/__init__.pyi
	touch $@

test: lint test-native test-aarch64 executor-size test-python ## everything but the slow tests

test-python: $(VENV)/.built ## Python tests, without the slow ones
	$(BIN)/python -m pytest -q -m 'not slow and not oracle' tests
	KEIMA_ISA=scalar $(BIN)/python -m pytest -q -m 'not oracle' tests/framework/keima/ops
	KEIMA_ISA=avx2 $(BIN)/python -m pytest -q -m 'not oracle' tests/framework/keima/ops

test-slow: $(VENV)/.built ## the slow Python tests
	$(BIN)/python -m pytest -q -m slow tests

test-oracle: $(VENV)/.built ## ops against PyTorch and ONNX Runtime, which it installs in build/bench
	KEIMA_TORCH_PYTHON="$$($(BIN)/python -c 'from pathlib import Path; from benchmarks.peers import peer_python; print(peer_python(Path("build/bench/torch")).absolute())')" \
	  KEIMA_ONNX_PYTHON="$$($(BIN)/python -c 'from pathlib import Path; from benchmarks.peers import peer_python; print(peer_python(Path("build/bench/onnx"), ("onnx", "onnxruntime")).absolute())')" \
	  $(BIN)/python -m pytest -q -m oracle tests

test-native: | $(BIN)/python ## the native library's own tests, under ASan and UBSan
	PATH="$(abspath $(BIN)):$$PATH" cmake -S $(NATIVE) -B build/native-asan -G Ninja -DKEIMA_PYTHON=OFF -DKEIMA_TESTS=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo -DKEIMA_SANITIZE=address,undefined
	PATH="$(abspath $(BIN)):$$PATH" cmake --build build/native-asan -j $(JOBS)
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 PATH="$(abspath $(BIN)):$$PATH" ctest --test-dir build/native-asan --output-on-failure -j $(JOBS)

test-tsan: | $(BIN)/python ## native tests that use threads, under ThreadSanitizer: pool, allocator, eager engine, profiler, graphs
	PATH="$(abspath $(BIN)):$$PATH" cmake -S $(NATIVE) -B build/native-tsan -G Ninja -DKEIMA_PYTHON=OFF -DKEIMA_TESTS=ON -DCMAKE_BUILD_TYPE=RelWithDebInfo -DKEIMA_SANITIZE=thread
	PATH="$(abspath $(BIN)):$$PATH" cmake --build build/native-tsan -j $(JOBS) --target $(addprefix test_,$(TSAN_LAYERS))
	set -e; for layer in $(TSAN_LAYERS); do TSAN_OPTIONS=halt_on_error=1 KEIMA_NUM_THREADS=4 setarch -R build/native-tsan/tests/$$layer/test_$$layer; done

fuzz: test-native ## 100,000 mutated graph files and as many plans through their loaders and a run, under ASan and UBSan
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 build/native-asan/tests/fuzz/fuzz_graph 100000 $$RANDOM build/fuzz-last.bin
	UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1 build/native-asan/tests/fuzz/fuzz_plan 100000 $$RANDOM build/fuzz-last-plan.bin

# Without sanitizers, whose checks would count as lines; FUZZ_FILES and FUZZ_SEED choose the files.
fuzz-coverage: FUZZ_FILES ?= 20000
fuzz-coverage: FUZZ_SEED ?= 1
fuzz-coverage: | $(BIN)/python ## how many lines of the loader mutated graph files reach (docs/fuzzing.md)
	PATH="$(abspath $(BIN)):$$PATH" cmake -S $(NATIVE) -B build/native-coverage -G Ninja -DKEIMA_PYTHON=OFF -DKEIMA_TESTS=ON -DKEIMA_COVERAGE=ON
	PATH="$(abspath $(BIN)):$$PATH" cmake --build build/native-coverage -j $(JOBS) --target fuzz_graph
	find build/native-coverage -name '*.gcda' -delete
	build/native-coverage/tests/fuzz/fuzz_graph $(FUZZ_FILES) $(FUZZ_SEED) build/native-coverage/fuzz-last.bin
	$(BIN)/python tests/framework/native/fuzz/coverage.py build/native-coverage

# test_base is left to the host: qemu-user 7 stops at the fork of a program with threads.
test-aarch64: | $(BIN)/python ## the kernels' and the executor's tests for 64-bit Arm, under qemu-user
	PATH="$(abspath $(BIN)):$$PATH" cmake -S $(NATIVE) -B build/aarch64 -G Ninja --toolchain $(abspath $(NATIVE))/cmake/aarch64-linux.cmake -DKEIMA_TESTS=ON
	PATH="$(abspath $(BIN)):$$PATH" cmake --build build/aarch64 -j $(JOBS)
	PATH="$(abspath $(BIN)):$$PATH" ctest --test-dir build/aarch64 --output-on-failure -j $(JOBS) -E '^base$$'

executor-size: test-aarch64 ## the stripped size of the executor, and where it comes from
	PATH="$(abspath $(BIN)):$$PATH" cmake -S $(NATIVE) -B build/x86-64 -G Ninja
	PATH="$(abspath $(BIN)):$$PATH" cmake --build build/x86-64 -j $(JOBS) --target keima-run
	$(BIN)/python benchmarks/executor/size.py build/x86-64
	$(BIN)/python benchmarks/executor/size.py build/aarch64 aarch64-linux-gnu-strip

lint: $(VENV)/.built ## ruff, mypy --strict, import-linter, the arrows of the C++ layers, dangling references, licences, reuse
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python $(NATIVE)/cmake/check_layers.py $(NATIVE)
	$(BIN)/keima sync check --tree .@HEAD
	$(BIN)/keima audit
	$(BIN)/reuse lint -q || $(BIN)/reuse lint

demo: $(VENV)/.built ## train LeNet on Fashion-MNIST, evaluate it, show plots and predictions (in demo/)
	rm -rf demo
	$(BIN)/keima train modelzoo/keima_zoo/recipes/lenet.yaml --out demo
	$(BIN)/keima eval demo/checkpoint.safetensors
	$(BIN)/python -m keima_zoo.samples demo
	$(BIN)/keima predict demo/checkpoint.safetensors demo/samples/*.png
	@echo "See demo/curve.png and demo/confusion.png."

bench: bench-inference bench-training bench-eager ## all comparisons with other frameworks

# What users install: the wheel, in an environment of its own.
$(BENCH)/.installed: $(VENV)/.built
	rm -rf $(BENCH) build/bench/wheel
	$(BIN)/python -m pip wheel -q --no-deps --no-build-isolation -w build/bench/wheel .
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/python -m pip install -q "$$(echo build/bench/wheel/keima-*.whl)[zoo]"
	touch $@

bench-inference: $(BENCH)/.installed ## whole nets at inference against ONNX Runtime and OpenVINO
	$(BENCH)/bin/python -m benchmarks.inference.run

bench-training: $(BENCH)/.installed ## training steps of ResNet-18, ResNet-50 and ViT-S against PyTorch
	$(BENCH)/bin/python -m benchmarks.training.run

bench-eager: $(BENCH)/.installed ## the cost of small ops against PyTorch
	$(BENCH)/bin/python -m benchmarks.eager.run

format: $(VENV)/.built ## rewrite Python files in the project's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove what the other targets made
	rm -rf build dist .venv
