# Xunge 巡格.  make run | make test | make help
VERSION := $(shell sed -n 1p VERSION)
Q       := $(if $(V),,@)# V=1 shows the commands
BUILD   ?= build$(if $(SAN),-$(subst $(comma),-,$(SAN)))$(if $(MUTANT),-$(MUTANT))
comma   := ,
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
HTTP    ?= 8080
MQTT    ?= 1883
RUN     ?= run
DEMO    ?= 1
ROUNDS  ?= 200

WARN    := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla $(if $(WERROR)$(CI),-Werror)
CFLAGS  ?= -O2 -g
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE -I. $(WARN) -fno-strict-aliasing -fstack-protector-strong $(CFLAGS) \
	-DXUNGE_VERSION='"$(VERSION)"' $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all) \
	$(if $(MUTANT),-DMUTANT_$(MUTANT))
LIB_LIBS    := -lsqlite3 -lsodium -ljansson -lm -lpthread -lz -lxlsxwriter
INGEST_LIBS := -lmosquitto
SERVER_LIBS := -lwebsockets -lcrypto -lbrotlienc
CLI_LIBS    := -lmosquitto

LIB_SRC := $(wildcard base/*.c core/*.c schema/*.c schema/*/*.c)
LIB_OBJ := $(LIB_SRC:%.c=$(BUILD)/o/%.o) $(BUILD)/o/schema/sql_text.o
obj      = $(patsubst %.c,$(BUILD)/o/%.o,$(wildcard $(1)/*.c))
no_main  = $(filter-out %/main.o,$(call obj,ingest) $(call obj,server) $(call obj,cli))
PROGRAMS := $(BUILD)/xunge $(BUILD)/xunge-ingest $(BUILD)/xunge-server
UNIT    := $(patsubst tests/unit/%.c,$(BUILD)/t/%,$(wildcard tests/unit/t_*.c))
FUZZ    := $(patsubst tests/fuzz/%.c,$(BUILD)/fuzz/%,$(wildcard tests/fuzz/f_*.c))
BENCHES := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(wildcard tests/bench/b_*.c))

.PHONY: all run test check unit system mutants faults soak fuzz bench look lint install deps deps-test vendor clean help
all: $(PROGRAMS) ## build the three programs
	@:

run: deps ## install packages, build, run the platform with its demo town (DEMO=0, HTTP=, MQTT=, RUN=)
	@$(MAKE) --no-print-directory -j$$(nproc) all
	@exec deploy/run.sh "$(BUILD)" "$(RUN)" "$(HTTP)" "$(MQTT)" "$(DEMO)"

test: deps-test ## install, build, lint, run every test; closes with "N passed, N failed"
	@exec tests/run.sh

check: all unit lint ## quick: unit tests and lint, nothing installed

$(BUILD)/libxunge.a: $(LIB_OBJ)
	@rm -f $@ && ar rcs $@ $^
$(BUILD)/xunge: $(call obj,cli) $(BUILD)/libxunge.a
	@echo '  link $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIB_LIBS) $(CLI_LIBS)
$(BUILD)/xunge-ingest: $(call obj,ingest) $(BUILD)/libxunge.a
	@echo '  link $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIB_LIBS) $(INGEST_LIBS)
$(BUILD)/xunge-server: $(call obj,server) $(BUILD)/libxunge.a
	@echo '  link $@'
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(LIB_LIBS) $(SERVER_LIBS)
$(BUILD)/o/%.o: %.c VERSION
	@mkdir -p $(@D)
	@echo '  cc $<'
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<
$(BUILD)/o/schema/sql_text.o: $(BUILD)/sql_text.c
	@mkdir -p $(@D)
	@echo '  cc $<'
	$(Q)$(CC) $(ALL_CFLAGS) -c -o $@ $<
$(BUILD)/sql_text.c: schema/embed.sh $(wildcard schema/sql/*.sql)
	@mkdir -p $(@D)
	sh schema/embed.sh schema/sql/*.sql > $@.new && mv $@.new $@

$(BUILD)/t/%: tests/unit/%.c $(no_main) $(BUILD)/libxunge.a $(wildcard tests/unit/*.h)
	@mkdir -p $(@D)
	@echo '  link $@'
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< $(no_main) $(BUILD)/libxunge.a $(LIB_LIBS) $(INGEST_LIBS) $(SERVER_LIBS) -lcmocka
unit: $(UNIT) ## C unit and property tests
	@exec tests/unit.sh $(UNIT)
system: all ## system tests against real daemons, a real broker, a real browser
	@cd tests && node --test --test-concurrency=2 system/
mutants: ## three deliberate mistakes, each of which the tests must catch
	@exec tests/mutants.sh
faults: all ## kill -9 at random points, ROUNDS times
	@ROUNDS=$(ROUNDS) exec tests/fault/run.sh
soak: all ## an hour and more of phones, kills and a watching supervisor (SOAK_ROUNDS)
	@ROUNDS=$(or $(SOAK_ROUNDS),2000) exec tests/fault/run.sh
fuzz: $(FUZZ) ## libFuzzer targets, FUZZ_SECONDS each (60)
	@exec tests/fuzz/run.sh $(FUZZ)
$(BUILD)/fuzz/%: tests/fuzz/%.c $(LIB_SRC) $(BUILD)/sql_text.c
	@mkdir -p $(@D)
	@echo '  link $@'
	$(Q)clang -std=c11 -D_GNU_SOURCE -I. -g -O1 -fsanitize=fuzzer,address,undefined -DXUNGE_VERSION='"fuzz"' -o $@ $< $(LIB_SRC) $(BUILD)/sql_text.c $(LIB_LIBS)
$(BUILD)/bench/%: tests/bench/%.c $(wildcard tests/bench/*.h) $(BUILD)/libxunge.a
	@mkdir -p $(@D)
	@echo '  link $@'
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $< $(BUILD)/libxunge.a $(LIB_LIBS) $(INGEST_LIBS)
bench: all $(BENCHES) ## every benchmark with its reference, interleaved (BENCH=name for one)
	@exec tests/bench/run.sh
look: all ## exports of a town's year as pictures in build/look, and every formula calculated anew by LibreOffice
	@exec deploy/deps.sh deploy/packages-look.txt
	@node tests/look/look.mjs build/look
lint: ## layers, style rules, static checks
	@exec tests/lint.sh
install: all ## into DESTDIR/PREFIX (/usr/local)
	install -d $(DESTDIR)$(or $(PREFIX),/usr/local)/bin $(DESTDIR)$(or $(PREFIX),/usr/local)/share/xunge
	install $(PROGRAMS) $(DESTDIR)$(or $(PREFIX),/usr/local)/bin
	cp -r server/web $(DESTDIR)$(or $(PREFIX),/usr/local)/share/xunge/
vendor: deps-test ## build the pages' third-party modules again, from tests/package-lock.json
	@cd tests && node vendor.mjs
deps:
	@exec deploy/deps.sh deploy/packages.txt
deps-test: deps
	@exec deploy/deps.sh deploy/packages-test.txt
	@cd tests && { test node_modules/.package-lock.json -nt package-lock.json || npm ci --no-progress --loglevel=error >/dev/null; }
clean: ## remove what make built
	rm -rf build build-*
help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t12
-include $(shell find $(BUILD)/o -name '*.d' 2>/dev/null)
