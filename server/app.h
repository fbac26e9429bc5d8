/* app.h - the parts of the server, for those who tie them together. */
#ifndef XUNGE_SERVER_APP_H
#define XUNGE_SERVER_APP_H

#include <sys/types.h>

#include "base/conf.h"
#include "server/bell.h"
#include "server/errands.h"
#include "server/files.h"
#include "server/pages.h"
#include "server/wire.h"
#include "server/worker.h"

#define APP_HASHERS 2      /* 64 MiB each while they work */
#define APP_HASH_QUEUE 32
#define APP_FILERS 2
#define APP_FILE_QUEUE 256
#define APP_COUNTERS 2    /* add figures up */
#define APP_COUNT_QUEUE 64

struct app {
	struct conf *conf;
	char *db_path, *address;
	bool stop, failed; /* failed: the exit status says so */
	bool ready;        /* the line that says so was written */
	struct store *st; /* reader; NULL while it cannot be opened */
	ino_t db_inode;        /* of the file that is open */
	dev_t db_device;
	int64_t store_mono_ms; /* next try */
	struct model model;
	struct views views;
	struct watchers watchers;
	struct passages passages;
	struct sessions *sessions;
	struct worker *worker, *exporter, *filer, *counter;
	struct seat *exports; /* under way (exports_api.h) */
	size_t exports_n;
	struct files *files; /* NULL: photos are not taken */
	size_t photos_shown;
	bool moved; /* something was committed since the files were swept */
	struct bell *bell;
	struct errands *errands;
	struct pages *pages;
	struct wire *wire;
	bool tls, demo;
	bool recheck; /* accounts must be read again */
	const char *url;     /* under which phones reach us; NULL: as the page was reached */
	const char *tiles, *tiles_credit; /* a background for the map; NULL: none */
	char *tiles_host;
	int64_t enrol_hours; /* a code holds */
	char *metrics_token;
	int64_t swept_mono_ms;
	int64_t source_since_ms; /* what the records come by does not answer, since; 0: it does */
	uint64_t refreshes, refresh_errors, signins, signins_refused, signins_busy, enrol_refused;
};

/* app.c: the database, and what follows from its changes */
enum err app_store_open(struct app *a, int64_t now_ms, struct why *why) MUST_CHECK;
bool app_is_fatal(enum err e); /* no use to try the opening again */
void app_refresh(struct app *a); /* after a bell, and once a second */
void app_alarm(void *ctx, int64_t now_mono_ms);
bool app_broker_answers(const struct app *a); /* as ingest says */

/* api.c: what HTTP asks */
void api_request(void *ctx, struct request *rq, struct response *rs);
bool api_passage(void *ctx, struct request *rq, struct response *rs);
void api_body(void *ctx, struct request *rq, struct response *rs, size_t n);
size_t api_body_max(const char *path); /* bytes that a body may have there */
struct session *api_upgrade(void *ctx, struct request *rq, struct response *rs);

/* metrics.c: Prometheus text, ours and ingest's */
void metrics_text(struct app *a, struct buf *b);

#endif
