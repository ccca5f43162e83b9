# rdbferry: `make help` lists what this file does.

# A source archive has its commit in a file; see `make dist`.
COMMIT  := $(shell cat COMMIT 2>/dev/null || git describe --always --dirty --abbrev=12 --exclude='*' 2>/dev/null)
VERSION := $(shell sed -n 's/^\#define RDBFERRY_VERSION "\(.*\)"/\1/p' include/rdbferry/version.h)

BUILD  ?= release
OUT    ?= build/$(BUILD)
CC     ?= cc
WERROR ?= $(if $(CI),1,0)

PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBDIR     ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR     ?= $(PREFIX)/share/man

# --- flags -------------------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wundef -Wformat=2 \
            -Wwrite-strings -Wpointer-arith -Wcast-qual -Wswitch-enum
ifeq ($(WERROR),1)
WARNINGS += -Werror
endif

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FLAGS_release := -O3 -g -DNDEBUG
FLAGS_debug   := -O0 -g
FLAGS_asan    := -O1 -g $(SANITIZE)
FLAGS_tsan    := -O1 -g -fsanitize=thread
FLAGS_fuzz    := -O1 -g -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
ifndef FLAGS_$(BUILD)
$(error BUILD is one of release, debug, asan, tsan, fuzz)
endif

LIBS      := liblz4 libzstd zlib libxxhash libssl libcrypto libpcre2-8
# Asked once, and only if something is built: they may have to be installed before.
once = $(eval $1 := $(shell $2))$($1)
LIB_CFLAGS = $(call once,LIB_CFLAGS,pkg-config --cflags $(LIBS))
LIB_LIBS   = $(call once,LIB_LIBS,pkg-config --libs $(LIBS))
LZF_CFLAGS = $(call once,LZF_CFLAGS,pkg-config --cflags liblzf)

COMMON := -std=c11 -D_GNU_SOURCE -fPIC -fvisibility=hidden -pthread $(WARNINGS) $(FLAGS_$(BUILD))
LIB_FLAGS  = $(COMMON) -Iinclude -Isrc $(LIB_CFLAGS) $(CFLAGS)
CMD_FLAGS  = $(COMMON) -Iinclude -Isrc $(CFLAGS)
TEST_FLAGS = $(COMMON) -Iinclude -Isrc -Itests $(LIB_CFLAGS) $(LZF_CFLAGS) $(CFLAGS)
LINK_FLAGS = -pthread $(FLAGS_$(BUILD)) $(CFLAGS) $(LDFLAGS)
# The tests run programs thousands of times: these start in two thirds of the time.
LINK_asan  = -no-pie $(if $(findstring clang,$(CC)),,-static-libasan -static-libubsan)
PROGRAM_LINK_FLAGS = $(LINK_$(BUILD)) $(LINK_FLAGS)

# --- files -------------------------------------------------------------------------------------------

LIB_SRC  := $(sort $(filter-out src/cmd/%,$(wildcard src/*/*.c)))
CMD_SRC  := $(sort $(wildcard src/cmd/*.c src/cmd/*/*.c))
TEST_SRC := $(sort $(wildcard tests/unit/*.c tests/support/*.c))
GEN_SRC  := $(sort $(wildcard tools/rdbgen/*.c))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
LIB_OBJ  := $(LIB_SRC:%.c=$(OUT)/%.o)
CMD_OBJ  := $(CMD_SRC:%.c=$(OUT)/%.o)
TEST_OBJ := $(TEST_SRC:%.c=$(OUT)/%.o)
GEN_OBJ  := $(GEN_SRC:%.c=$(OUT)/%.o)

PROGRAM := $(OUT)/rdbferry
PORTABLE := $(OUT)/rdbferry-static
STATIC  := $(OUT)/librdbferry.a
SHARED  := $(OUT)/librdbferry.so
UNIT    := $(OUT)/unit-tests
RDBGEN  := $(OUT)/rdbgen

.DEFAULT_GOAL := all
.SUFFIXES:
.DELETE_ON_ERROR:
.PHONY: all static deb deb-of-tree dist demo test check races bench lint fuzz soak matrix install uninstall clean help unit deps

## all: build the program, the libraries (static and shared) and the tools
all: $(PROGRAM) $(STATIC) $(SHARED) $(RDBGEN)

# V=1 shows the commands.
Q   := $(if $(V),,@)
say  = $(if $(V),,@echo '  $(1)')

# --- building ----------------------------------------------------------------------------------------

# Rebuild when the flags change, not only the files.
FLAGS_NOW := $(CC) $(COMMON) $(CFLAGS) $(LINK_$(BUILD)) $(LDFLAGS)
$(OUT)/.flags: FORCE
	@mkdir -p $(@D)
	@printf '%s\n' '$(FLAGS_NOW)' | cmp -s - $@ || printf '%s\n' '$(FLAGS_NOW)' > $@
FORCE:

$(OUT)/.commit: FORCE
	@mkdir -p $(@D)
	@echo '$(COMMIT)' | cmp -s - $@ || echo '$(COMMIT)' > $@

$(LIB_OBJ): ALL_FLAGS = $(LIB_FLAGS)
$(CMD_OBJ): ALL_FLAGS = $(CMD_FLAGS)
# They are compiled more often than anything in them is run.
$(TEST_OBJ) $(GEN_OBJ): ALL_FLAGS = $(TEST_FLAGS) $(if $(findstring release,$(BUILD)),-O1)
$(OUT)/src/cmd/cmd_version.o: $(OUT)/.commit
$(OUT)/src/cmd/cmd_version.o: ALL_FLAGS = $(CMD_FLAGS) -DRDBFERRY_COMMIT='"$(COMMIT)"'
$(OUT)/%.o: %.c $(OUT)/.flags
	@mkdir -p $(@D)
	$(call say,CC $<)
	$(Q)$(CC) $(ALL_FLAGS) -MMD -MP -c $< -o $@

# It includes the files of the page.
$(OUT)/src/cmd/page/page_files.o: $(wildcard src/cmd/page/*.html src/cmd/page/*.css src/cmd/page/*.js)

# One relocatable object whose hidden symbols are local: the archive exports what the shared library does.
$(STATIC): $(LIB_OBJ)
	$(call say,AR $@)
	$(Q)$(LD) -r $^ -o $(OUT)/librdbferry.o
	$(Q)objcopy --localize-hidden $(OUT)/librdbferry.o
	$(Q)rm -f $@
	$(Q)$(AR) rcs $@ $(OUT)/librdbferry.o

# It is never unloaded: a thread that looks up a name may still run in it.
$(SHARED): $(LIB_OBJ)
	$(call say,LD $@)
	$(Q)$(CC) -shared -Wl,-soname,librdbferry.so.0,-z,nodelete $^ $(LINK_FLAGS) $(LIB_LIBS) -o $@

$(PROGRAM): $(CMD_OBJ) $(LIB_OBJ)
	$(call say,LD $@)
	$(Q)$(CC) $^ $(PROGRAM_LINK_FLAGS) $(LIB_LIBS) -lm -o $@

## static: the program in one file that needs no library, for containers and other distributions
static: $(PORTABLE)

# The linker warns of functions that load libraries of glibc at run time; packaging/static sees to those.
$(PORTABLE): packaging/static/names.c $(CMD_OBJ) $(LIB_OBJ)
	$(call say,LD $@)
	$(Q)$(CC) $(COMMON) -static -Wl,--build-id=none $^ $(LINK_FLAGS) \
	    $(shell pkg-config --static --libs $(LIBS)) -lm -o $@ 2> $@.log || { cat $@.log >&2; exit 1; }

# It is executed again for each test: without the libraries that Criterion does not load anyway, and where the linker
# puts it, that costs less.
UNIT_LIBS = -Wl,-Bstatic $(shell pkg-config --libs liblz4 libzstd libxxhash) -Wl,-Bdynamic \
            $(shell pkg-config --libs criterion zlib libssl libcrypto libpcre2-8 liblzf) -lm

$(UNIT): $(TEST_OBJ) $(LIB_OBJ)
	$(call say,LD $@)
	$(Q)$(CC) $^ $(PROGRAM_LINK_FLAGS) -no-pie $(UNIT_LIBS) -o $@

$(RDBGEN): $(GEN_OBJ) $(LIB_OBJ)
	$(call say,LD $@)
	$(Q)$(CC) $^ $(PROGRAM_LINK_FLAGS) $(LIB_LIBS) $(shell pkg-config --libs liblzf) -lm -o $@

-include $(LIB_OBJ:.o=.d) $(CMD_OBJ:.o=.d) $(TEST_OBJ:.o=.d) $(GEN_OBJ:.o=.d)

# --- testing -----------------------------------------------------------------------------------------

.PHONY: suites run-fuzzers run-soak

SANITIZERS_SPEAK := ASAN_OPTIONS=abort_on_error=1:detect_leaks=1 UBSAN_OPTIONS=print_stacktrace=1:halt_on_error=1 \
                    TSAN_OPTIONS=halt_on_error=1:die_after_fork=0
# This Makefile again, for what needs the packages that `deps` installs, or other flags.
AGAIN := +@$(MAKE) -s --no-print-directory

deps:
	@tools/install-deps build test

## demo: build, convert a real dump, start a server on the result, show that it is all there
demo: deps
	$(AGAIN) all
	@tools/demo $(OUT)

## test: install what is missing, build, run every suite; ends with the counts
test: deps
	$(AGAIN) suites

## check: the same under AddressSanitizer and UndefinedBehaviorSanitizer
check: deps
	+@$(SANITIZERS_SPEAK) $(MAKE) -s --no-print-directory BUILD=asan suites

## races: most suites with servers, under ThreadSanitizer
races: deps
	+@$(SANITIZERS_SPEAK) $(MAKE) -s --no-print-directory BUILD=tsan SUITES='server live source container guides split corpus' suites

# Those of the command line start the program thousands of times: the static one, which loads no libraries. The others, and
# those under sanitizers, start the one that is installed.
suites: all $(UNIT) $(if $(findstring release,$(BUILD)),$(PORTABLE))
	@BUILD=$(BUILD) CC='$(CC)' $(if $(findstring release,$(BUILD)),CLI_PROGRAM=$(PORTABLE)) tests/run $(OUT) $(SUITES)

## unit: the unit tests alone
unit: $(UNIT)
	@BUILD=$(BUILD) tests/run $(OUT) unit

## lint: formatting, layers, exported symbols, static analysis, scripts, and a build by clang
lint:
	@tools/install-deps build test lint
	$(AGAIN) all
	@tools/lint $(OUT)

## bench: how fast and in how much memory, beside cat, redis-check-rdb and redis-cli --pipe
bench: deps
	$(AGAIN) all
	@tools/bench $(PROGRAM)

## fuzz: each fuzz target for FUZZ_SECONDS (60) with libFuzzer; needs clang
FUZZ_SECONDS ?= 60
FUZZERS := $(FUZZ_SRC:tests/fuzz/%.c=$(OUT)/%)
fuzz:
	@tools/install-deps build lint
	$(AGAIN) BUILD=fuzz CC=clang run-fuzzers

run-fuzzers: $(FUZZERS)
	@for fuzzer in $^; do \
	    mkdir -p $$fuzzer.corpus && \
	    $(SANITIZERS_SPEAK) $$fuzzer -max_total_time=$(FUZZ_SECONDS) -max_len=16384 -artifact_prefix=$(OUT)/ \
	        $$fuzzer.corpus testdata || exit 1; \
	done

$(FUZZERS): $(OUT)/%: tests/fuzz/%.c $(LIB_OBJ)
	$(call say,LD $@)
	$(Q)$(CC) $(TEST_FLAGS) $^ $(LINK_FLAGS) -fsanitize=fuzzer $(LIB_LIBS) -lm -o $@

# The program, with calls that can be made to fail: not those of the sanitizers, whose runtimes stay outside.
FAULTY  := $(PROGRAM)-faults
WRAPPED  = $(shell sed -n 's/^FAULTY[A-Z_]*.\([a-z0-9_]*\),.*/\1/p; s/^int __wrap_\([a-z]*\).*;$$/\1/p' tests/soak/faults.c)

$(FAULTY): tests/soak/faults.c $(CMD_OBJ) $(LIB_OBJ)
	$(call say,LD $@)
	$(Q)$(CC) $(COMMON) $^ $(LINK_FLAGS) $(WRAPPED:%=-Wl,--wrap=%) $(LIB_LIBS) -lm -o $@

## soak: mutants against servers, failing calls, kills, hostile servers for SOAK_SECONDS (600) or SOAK_SEEDS each
soak: deps
	+@$(SANITIZERS_SPEAK) $(MAKE) -s --no-print-directory BUILD=asan run-soak

# Only BUILD=asan finds all there is to find.
run-soak: all $(FAULTY)
	@RDBFERRY=$(abspath $(PROGRAM)) RDBGEN=$(abspath $(RDBGEN)) tests/soak/run $(SOAK)

## matrix: every way from each of SERVERS to each (default: those on PATH), which may be old ones; ends with a table
matrix: deps
	$(AGAIN) all
	@RDBFERRY=$(abspath $(PROGRAM)) python3 -B tests/server/matrix.py $(SERVERS)

# --- installing --------------------------------------------------------------------------------------

HEADERS := $(wildcard include/rdbferry/*.h)
DOCDIR  ?= $(PREFIX)/share/doc/rdbferry
BASH_COMPLETIONS ?= $(PREFIX)/share/bash-completion/completions
ZSH_COMPLETIONS  ?= $(PREFIX)/share/zsh/site-functions
FISH_COMPLETIONS ?= $(PREFIX)/share/fish/vendor_completions.d

# Manual pages of commands, and completions: made from the manual page and by the program.
SHARE     := $(OUT)/share
MAN_PAGES := rdbferry.1 $(foreach command,convert split replay verify diff inspect,rdbferry-$(command).1)
$(SHARE)/.made: $(PROGRAM) tools/man-pages docs/rdbferry.1
	@rm -rf $(SHARE) && mkdir -p $(SHARE)
	$(Q)tools/man-pages $(PROGRAM) $(SHARE)
	$(Q)cp docs/rdbferry.1 $(SHARE)
	$(Q)$(PROGRAM) help --completion bash > $(SHARE)/rdbferry
	$(Q)$(PROGRAM) help --completion zsh > $(SHARE)/_rdbferry
	$(Q)$(PROGRAM) help --completion fish > $(SHARE)/rdbferry.fish
	@touch $@

## install: the program, library, headers, .pc file, manual pages, completions (PREFIX, DESTDIR)
install: all $(SHARE)/.made
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/pkgconfig $(DESTDIR)$(INCLUDEDIR)/rdbferry
	install -m 755 $(PROGRAM) $(DESTDIR)$(BINDIR)/rdbferry
	install -m 644 $(STATIC) $(DESTDIR)$(LIBDIR)/librdbferry.a
	install -m 755 $(SHARED) $(DESTDIR)$(LIBDIR)/librdbferry.so.0
	ln -sf librdbferry.so.0 $(DESTDIR)$(LIBDIR)/librdbferry.so
	install -m 644 $(HEADERS) $(DESTDIR)$(INCLUDEDIR)/rdbferry
	sed 's|@PREFIX@|$(PREFIX)|; s|@LIBDIR@|$(LIBDIR)|; s|@INCLUDEDIR@|$(INCLUDEDIR)|; s|@VERSION@|$(VERSION)|' \
	    rdbferry.pc.in > $(DESTDIR)$(LIBDIR)/pkgconfig/rdbferry.pc
	install -D -m 644 -t $(DESTDIR)$(MANDIR)/man1 $(MAN_PAGES:%=$(SHARE)/%)
	install -D -m 644 -t $(DESTDIR)$(BASH_COMPLETIONS) $(SHARE)/rdbferry
	install -D -m 644 -t $(DESTDIR)$(ZSH_COMPLETIONS) $(SHARE)/_rdbferry
	install -D -m 644 -t $(DESTDIR)$(FISH_COMPLETIONS) $(SHARE)/rdbferry.fish
	install -D -m 644 -t $(DESTDIR)$(DOCDIR) docs/json.md docs/example.c
	install -D -m 644 -t $(DESTDIR)$(DOCDIR)/guides docs/guides/*.md

## uninstall: what install put there
uninstall:
	rm -f $(DESTDIR)$(BINDIR)/rdbferry $(MAN_PAGES:%=$(DESTDIR)$(MANDIR)/man1/%)
	rm -f $(DESTDIR)$(BASH_COMPLETIONS)/rdbferry $(DESTDIR)$(ZSH_COMPLETIONS)/_rdbferry
	rm -f $(DESTDIR)$(FISH_COMPLETIONS)/rdbferry.fish
	rm -f $(addprefix $(DESTDIR)$(LIBDIR)/,librdbferry.a librdbferry.so.0 librdbferry.so pkgconfig/rdbferry.pc)
	rm -rf $(DESTDIR)$(INCLUDEDIR)/rdbferry $(DESTDIR)$(DOCDIR)

# --- packages ----------------------------------------------------------------------------------------

# Debian's flags, but for those about speed.
DEBIAN_FLAGS = $(shell DEB_CFLAGS_MAINT_STRIP='-O2 -g' dpkg-buildflags --get $(1))

## deb: Debian packages of the program, the library, and its headers: OUT/hardened/deb
deb:
	@tools/install-deps build package
	$(AGAIN) OUT=$(OUT)/hardened CFLAGS='$(call DEBIAN_FLAGS,CFLAGS) $(call DEBIAN_FLAGS,CPPFLAGS)' \
	    LDFLAGS='$(call DEBIAN_FLAGS,LDFLAGS)' deb-of-tree

deb-of-tree: all
	+@tools/make-deb $(OUT)
	@ls $(OUT)/deb/*.deb

## dist: archives of the source and of the static program, and their SHA-256 sums: OUT/dist
dist: static $(SHARE)/.made
	@tools/make-dist $(OUT)

## clean: every build tree
clean:
	rm -rf build

## help: this list
help:
	@echo 'Targets:'
	@sed -n 's/^## \([a-z]*\): /  \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14
	@echo 'Variables: BUILD=release|debug|asan|tsan|fuzz  CC=gcc|clang  PREFIX= DESTDIR= WERROR=1 V=1 OUT=<build tree>'
