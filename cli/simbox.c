#include "cli/simbox.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/map.h"
#include "core/event.h"

#define HEAD "xunge simulate ledger 1"
#define RESEND_MS 30000
#define RESEND_MAX_MS 300000
#define ASKED_MS 2000 /* what is asked for may still be on its way */
#define FLIGHT 2000   /* sent and unanswered, beyond which nothing new is sent */
#define KEEP_MS (7 * 86400000LL)
#define TIDY_KEEP 50 /* answered events of a phone in a ledger made smaller */

enum state { NEW, SENT, ACKED, HELD, REJECTED, CONFLICT, GONE };

struct item { /* an event; its text is in the ledger */
	int64_t off;
	uint32_t len;
	uint8_t state, tries;
	int64_t made_ms, sent_mono, due_mono;
};

struct era { /* one epoch; items have contiguous seqs from first on */
	char epoch[EVENT_EPOCH_MAX + 1];
	int64_t first;
	struct item *item;
	int n, cap;
	int low;    /* no item before it waits */
	int flying; /* SENT */
	int waiting; /* NEW or SENT */
	int64_t lost; /* the highest seq counted as lost */
	bool greeted; /* said hello: the next ack tells all that the platform has */
};

struct simphone {
	struct simbox *box;
	char id[EVENT_DEVICE_MAX + 1];
	struct era *era; /* the last is current */
	int nera;
	int64_t due_mono;
};

struct simbox {
	char *file;
	int fd, lock;
	int64_t size; /* of the file, out not counted */
	struct buf out;
	struct map phones;
	struct simcounts n;
	double hurry;
	struct json json;
	bool failed; /* the ledger could not be read */
	int64_t opened_ms;
	int64_t tidied; /* its size when it was made smaller */
};

/* ------------------------------------------------------------------ the file */

enum err simbox_flush(struct simbox *x)
{
	size_t done = 0;

	if (x->failed)
		return ERR_IO;
	while (done < x->out.n) {
		ssize_t n = write(x->fd, x->out.p + done, x->out.n - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return ERR_IO;
		done += (size_t)n;
		x->size += n;
	}
	buf_clear(&x->out);
	return OK;
}

static void line(struct simbox *x, const char *what, const struct simphone *ph, const char *epoch, int64_t seq)
{
	buf_addf(&x->out, "%s %s %s %" PRId64, what, ph->id, epoch, seq);
}

/* The event's text, appended to out. */
static enum err text_of(struct simbox *x, const struct item *it, struct buf *out)
{
	enum err e;

	if (it->off + it->len > x->size && (e = simbox_flush(x)) != OK)
		return e;
	buf_reserve(out, it->len);
	if (pread(x->fd, out->p + out->n, it->len, it->off) != (ssize_t)it->len)
		return ERR_IO;
	out->n += it->len;
	out->p[out->n] = '\0';
	return OK;
}

/* ------------------------------------------------------------------ phones */

static struct era *current(const struct simphone *ph)
{
	return ph->nera ? &ph->era[ph->nera - 1] : NULL;
}

static struct item *item_at(const struct era *e, int64_t seq)
{
	return seq >= e->first && seq < e->first + e->n ? &e->item[seq - e->first] : NULL;
}

static int64_t next_seq(const struct era *e)
{
	return e->first + e->n;
}

static bool waits(const struct item *it)
{
	return it->state == NEW || it->state == SENT;
}

static void state_to(struct simphone *ph, struct era *e, struct item *it, enum state s)
{
	struct simcounts *n = &ph->box->n;
	const int64_t was_waiting = waits(it), was_flying = it->state == SENT;

	n->acked += (s == ACKED) - (it->state == ACKED);
	n->held += (s == HELD) - (it->state == HELD);
	n->rejected += (s == REJECTED) - (it->state == REJECTED);
	it->state = (uint8_t)s;
	e->waiting += (int)(waits(it) - was_waiting);
	e->flying += (int)((s == SENT) - was_flying);
	n->waiting += waits(it) - was_waiting;
	while (e->low < e->n && !waits(&e->item[e->low]))
		e->low++;
	if (waits(it) && it - e->item < e->low)
		e->low = (int)(it - e->item);
}

static struct era *begin(struct simphone *ph, const char *epoch, int64_t next)
{
	struct era *e;

	ph->era = xrealloc(ph->era, (size_t)(ph->nera + 1) * sizeof *ph->era);
	e = &ph->era[ph->nera++];
	*e = (struct era){.first = next};
	(void)snprintf(e->epoch, sizeof e->epoch, "%s", epoch); /* ours: it fits */
	return e;
}

static void drop_era(struct simphone *ph, int i)
{
	free(ph->era[i].item);
	memmove(&ph->era[i], &ph->era[i + 1], (size_t)(ph->nera - i - 1) * sizeof *ph->era);
	ph->nera--;
}

/* Earlier epochs go when nothing of them waits; answered events go by number and age. */
static void trim(struct simphone *ph, int64_t now_ms)
{
	struct era *e;
	int drop = 0;

	for (int i = ph->nera - 2; i >= 0; i--)
		if (ph->era[i].waiting == 0)
			drop_era(ph, i);
	if (!(e = current(ph)))
		return;
	while (drop < e->low && (e->low - drop > SIMBOX_KEEP || e->item[drop].made_ms < now_ms - KEEP_MS))
		drop++;
	if (drop == 0 || (drop < 256 && drop < e->n)) /* not one by one */
		return;
	memmove(e->item, e->item + drop, (size_t)(e->n - drop) * sizeof *e->item);
	e->n -= drop;
	e->low -= drop;
	e->first += drop;
}

static struct item *append(struct simphone *ph, struct era *e, int64_t made_ms)
{
	if (e->n == e->cap) {
		e->cap = e->cap ? 2 * e->cap : 8;
		e->item = xrealloc(e->item, (size_t)e->cap * sizeof *e->item);
	}
	e->item[e->n] = (struct item){.state = NEW, .made_ms = made_ms};
	e->waiting++;
	ph->box->n.waiting++;
	ph->due_mono = 0;
	return &e->item[e->n++];
}

static void make(struct simphone *ph, struct era *e, struct slice rest, int64_t now_ms)
{
	struct simbox *x = ph->box;
	int64_t seq = next_seq(e);
	struct item *it = append(ph, e, now_ms);
	size_t from;

	line(x, "made", ph, e->epoch, seq);
	buf_addc(&x->out, ' ');
	from = x->out.n;
	buf_addf(&x->out, "{\"epoch\":\"%s\",\"seq\":%" PRId64 ",", e->epoch, seq);
	buf_add(&x->out, rest.p, rest.n);
	buf_addc(&x->out, '}');
	it->off = x->size + (int64_t)from;
	it->len = (uint32_t)(x->out.n - from);
	buf_addc(&x->out, '\n');
}

struct simphone *simbox_phone(struct simbox *x, const char *device)
{
	struct simphone *ph = map_get(&x->phones, device, strlen(device));

	if (ph)
		return ph;
	ph = xcalloc(1, sizeof *ph);
	ph->box = x;
	ph->due_mono = INT64_MAX;
	(void)snprintf(ph->id, sizeof ph->id, "%s", device); /* a longer one is no device */
	(void)map_put(&x->phones, device, strlen(device), ph); /* was not there */
	return ph;
}

int64_t simphone_waiting(const struct simphone *ph)
{
	int64_t n = 0;

	for (int i = 0; i < ph->nera; i++)
		n += ph->era[i].waiting;
	return n;
}

int64_t simphone_oldest(const struct simphone *ph)
{
	for (int i = 0; i < ph->nera; i++)
		if (ph->era[i].waiting)
			return ph->era[i].item[ph->era[i].low].made_ms;
	return 0;
}

bool simphone_is_new(const struct simphone *ph)
{
	return ph->nera == 0;
}

int64_t simphone_due(const struct simphone *ph)
{
	return ph->due_mono;
}

enum err simphone_make(struct simphone *ph, struct slice rest, int64_t now_ms)
{
	if (simphone_waiting(ph) >= SIMBOX_WAITING)
		return ERR_FULL;
	trim(ph, now_ms);
	make(ph, current(ph), rest, now_ms);
	ph->box->n.made++;
	return OK;
}

void simphone_install(struct simphone *ph, const char *epoch, bool keep, int64_t now_ms)
{
	struct simbox *x = ph->box;
	struct buf b = {0};
	int old = ph->nera;

	buf_addf(&x->out, "epoch %s %s\n", ph->id, epoch);
	(void)begin(ph, epoch, 1);
	x->n.reinstalls += old > 0;
	for (int k = 0; k < old; k++) {
		struct era *e = &ph->era[k], *to = current(ph);

		for (int i = 0; i < e->n; i++) {
			struct item *it = &e->item[i];
			int64_t seq = e->first + i;
			const char *rest;

			if (it->state == NEW || it->state == CONFLICT) {
				buf_clear(&b);
				if (text_of(x, it, &b) != OK || !(rest = strstr(b.p, ",\"kind\""))) {
					x->failed = true; /* the next flush says so */
					goto out;
				}
				line(x, "moved", ph, e->epoch, seq);
				buf_addf(&x->out, " %s %" PRId64 "\n", to->epoch, next_seq(to));
				x->n.moved++;
				state_to(ph, e, it, GONE);
				make(ph, to, (struct slice){rest + 1, (uint32_t)(b.n - 2 - (size_t)(rest - b.p))}, it->made_ms);
			} else if (it->state == SENT && !keep) {
				line(x, "dropped", ph, e->epoch, seq);
				buf_addc(&x->out, '\n');
				x->n.dropped++;
				state_to(ph, e, it, GONE);
			}
		}
	}
out:
	buf_done(&b);
	trim(ph, now_ms);
}

/* ------------------------------------------------------------------ sending */

static int64_t wait_ms(const struct simbox *x, int tries, struct simrng *rng)
{
	int64_t ms = tries > 4 ? RESEND_MAX_MS : (int64_t)RESEND_MS << (tries - 1);

	if (ms > RESEND_MAX_MS)
		ms = RESEND_MAX_MS;
	return (int64_t)((double)ms * (0.8 + 0.4 * simrng_unit(rng)) / x->hurry) + 1;
}

static void set_due(struct simphone *ph)
{
	int64_t due = INT64_MAX;

	for (int k = 0; k < ph->nera; k++) {
		const struct era *e = &ph->era[k];

		for (int i = e->low; i < e->n; i++)
			if (e->item[i].state == SENT && e->item[i].due_mono < due)
				due = e->item[i].due_mono;
			else if (e->item[i].state == NEW && e->flying < FLIGHT)
				due = 0;
	}
	ph->due_mono = due;
}

int simphone_collect(struct simphone *ph, int64_t now_mono_ms, int max, struct simrng *rng, struct buf *out, enum err *err)
{
	struct simbox *x = ph->box;
	int n = 0;

	*err = OK;
	buf_clear(out);
	buf_addc(out, '[');
	for (int k = 0; k < ph->nera && n == 0; k++) {
		struct era *e = &ph->era[k];
		int low = e->low;

		for (int i = low; i < e->n && n < max; i++) {
			struct item *it = &e->item[i];

			if (!(it->state == SENT && it->due_mono <= now_mono_ms) && !(it->state == NEW && e->flying < FLIGHT))
				continue;
			if (n > 0 && out->n + it->len + 2 > SIMBOX_BYTES)
				break;
			if (n > 0)
				buf_addc(out, ',');
			if ((*err = text_of(x, it, out)) != OK)
				return 0;
			if (n++ == 0)
				buf_addf(&x->out, "sent %s %s", ph->id, e->epoch);
			buf_addf(&x->out, " %" PRId64, e->first + i);
			x->n.resent += it->state == SENT;
			x->n.sent++;
			it->tries = (uint8_t)(it->tries < 100 ? it->tries + 1 : 100);
			it->sent_mono = now_mono_ms;
			it->due_mono = now_mono_ms + wait_ms(x, it->tries, rng);
			state_to(ph, e, it, SENT);
		}
	}
	set_due(ph);
	if (n == 0) {
		buf_clear(out);
		return 0;
	}
	buf_addc(&x->out, '\n');
	x->n.payloads++;
	if (n == 1 && simrng_chance(rng, 0.8)) /* one event may come alone or as an array */
		buf_drop(out, 1);
	else
		buf_addc(out, ']');
	return n;
}

int simphone_repeat(struct simphone *ph, struct simrng *rng, struct buf *out, enum err *err)
{
	struct era *e = current(ph);
	int n = 0, from, want = 1 + (int)simrng_below(rng, 5);

	*err = OK;
	buf_clear(out);
	if (!e || e->n == 0)
		return 0;
	from = (int)simrng_below(rng, (uint32_t)e->n);
	buf_addc(out, '[');
	for (int i = from; i < e->n && n < want; i++) {
		if (e->item[i].state == NEW || e->item[i].state >= CONFLICT)
			continue;
		if (n++ > 0)
			buf_addc(out, ',');
		if ((*err = text_of(ph->box, &e->item[i], out)) != OK)
			return 0;
	}
	buf_addc(out, ']');
	if (n)
		ph->box->n.payloads++;
	return n;
}

void simphone_again(struct simphone *ph)
{
	for (int k = 0; k < ph->nera; k++)
		for (int i = ph->era[k].low; i < ph->era[k].n; i++)
			ph->era[k].item[i].due_mono = 0;
	if (simphone_waiting(ph) > 0)
		ph->due_mono = 0;
}

bool simphone_hello(struct simphone *ph, int k, int64_t clock_ms, struct buf *out)
{
	struct era *e;
	int64_t next;

	if (k >= ph->nera)
		return false;
	e = &ph->era[ph->nera - 1 - k];
	e->greeted = true;
	next = next_seq(e);
	if (k > 0) /* what was moved away from an earlier epoch is not to be waited for */
		while (next > e->first && e->item[next - 1 - e->first].state == GONE)
			next--;
	buf_clear(out);
	buf_addf(out, "{\"hello\":{\"epoch\":\"%s\",\"first\":%" PRId64 ",\"next\":%" PRId64 ",\"time\":%" PRId64
		",\"app\":\"simulate " XUNGE_VERSION "\"}}", e->epoch, e->first, next, clock_ms);
	return true;
}

/* ------------------------------------------------------------------ answers */

static void answered(struct simphone *ph, struct era *e, int64_t seq, enum state s, struct slice code, int64_t commit)
{
	struct simbox *x = ph->box;
	struct item *it = item_at(e, seq);

	if (!it || it->state == (uint8_t)s || it->state >= CONFLICT)
		return;
	if (s == ACKED && it->state != SENT)
		return; /* it was answered more precisely */
	line(x, s == ACKED ? "acked" : s == HELD ? "held" : s == REJECTED ? "rejected" : "conflict", ph, e->epoch, seq);
	if (s == ACKED)
		buf_addf(&x->out, " %" PRId64, commit);
	else if (s != CONFLICT)
		buf_addf(&x->out, " %.*s", (int)code.n, code.p);
	buf_addc(&x->out, '\n');
	x->n.conflicts += s == CONFLICT;
	state_to(ph, e, it, s);
}

static void asked(struct simphone *ph, struct era *e, int64_t seq)
{
	struct simbox *x = ph->box;
	struct item *it = item_at(e, seq);

	if (!it) {
		if (seq < e->first && seq > e->lost) {
			line(x, "lost", ph, e->epoch, seq);
			buf_addc(&x->out, '\n');
			x->n.lost++;
			x->n.acked--; /* it had an answer, or it would still be here */
			e->lost = seq;
		}
		return;
	}
	if (it->state == ACKED || it->state == HELD || it->state == REJECTED) {
		line(x, "asked", ph, e->epoch, seq);
		buf_addc(&x->out, '\n');
		x->n.asked++;
		state_to(ph, e, it, SENT);
		it->due_mono = 0;
	} else if (it->state == SENT && it->due_mono > it->sent_mono + (int64_t)(ASKED_MS / x->hurry)) {
		it->due_mono = it->sent_mono + (int64_t)(ASKED_MS / x->hurry);
	}
	if (it->due_mono < ph->due_mono)
		ph->due_mono = it->due_mono;
}

static int64_t number(const struct json *j, uint32_t t, const char *key)
{
	int64_t v = 0;
	uint32_t m = json_get(j, t, key);

	return m && json_int(j, m, &v) ? v : 0;
}

static struct slice word(struct json *j, uint32_t t, const char *key)
{
	uint32_t m = json_get(j, t, key);

	return m && j->tok[m].type == JSON_STRING ? json_text(j, m) : slice_of("");
}

static bool is_missing(const struct json *j, uint32_t ranges, int64_t seq)
{
	int64_t lo, hi;

	if (!ranges || j->tok[ranges].type != JSON_ARRAY)
		return false;
	for (uint32_t t = ranges + 1; t < j->tok[ranges].next; t = j->tok[t].next)
		if (j->tok[t].type == JSON_ARRAY && j->tok[t].count == 2 && json_int(j, t + 1, &lo) &&
			json_int(j, t + 2, &hi) && seq >= lo && seq <= hi)
			return true;
	return false;
}

static void take_results(struct simphone *ph, struct era *e, struct json *j, uint32_t list, struct simack *out)
{
	if (!list || j->tok[list].type != JSON_ARRAY)
		return;
	for (uint32_t t = list + 1; t < j->tok[list].next; t = j->tok[t].next) {
		struct slice status = word(j, t, "status"), code = word(j, t, "code");
		int64_t seq = number(j, t, "seq");
		struct item *it = item_at(e, seq);

		if (!it)
			continue;
		if (it->state == NEW)
			out->clone = true;
		else if (slice_is(status, "held"))
			answered(ph, e, seq, HELD, code, 0);
		else if (slice_is(status, "rejected"))
			answered(ph, e, seq, REJECTED, code, 0);
		else if (slice_is(status, "conflict") && it->state == SENT)
			answered(ph, e, seq, CONFLICT, code, 0);
		out->clone |= it->state == CONFLICT;
	}
}

static void take_ack(struct simphone *ph, struct era *e, struct json *j, struct simack *out)
{
	uint32_t missing = json_get(j, 0, "missing");
	int64_t upto = number(j, 0, "upto"), commit = number(j, 0, "commit"), lo, hi;

	take_results(ph, e, j, json_get(j, 0, "results"), out);
	for (int i = e->low; i < e->n && e->first + i <= upto; i++) {
		if (is_missing(j, missing, e->first + i))
			continue;
		if (e->item[i].state == NEW)
			out->clone = true; /* nobody has seen it: another phone has our identity */
		else
			answered(ph, e, e->first + i, ACKED, slice_of(""), commit);
	}
	for (int64_t seq = upto < e->first ? e->first : upto + 1; e->greeted && upto >= 0 && seq < next_seq(e); seq++)
		if (!waits(item_at(e, seq)))
			asked(ph, e, seq);
	e->greeted = false;
	if (missing && j->tok[missing].type == JSON_ARRAY)
		for (uint32_t t = missing + 1; t < j->tok[missing].next; t = j->tok[t].next)
			if (j->tok[t].type == JSON_ARRAY && j->tok[t].count == 2 && json_int(j, t + 1, &lo) && json_int(j, t + 2, &hi))
				for (int64_t seq = lo < 1 ? 1 : lo; seq <= hi && seq < next_seq(e); seq++)
					asked(ph, e, seq);
}

void simphone_take(struct simphone *ph, struct slice payload, struct simack *out)
{
	struct json *j = &ph->box->json;
	struct slice type, epoch;

	*out = (struct simack){0};
	if (!json_read(j, payload.p, payload.n) || j->tok[0].type != JSON_OBJECT)
		return;
	type = word(j, 0, "type");
	out->sync = slice_is(type, "sync");
	out->hello = slice_is(type, "hello");
	if (!(out->understood = slice_is(type, "ack")))
		return;
	out->time_ms = number(j, 0, "time");
	if (json_get(j, 0, "error")) {
		out->refused = true;
		return;
	}
	epoch = word(j, 0, "epoch");
	for (int k = 0; k < ph->nera; k++)
		if (slice_is(epoch, ph->era[k].epoch))
			take_ack(ph, &ph->era[k], j, out);
	set_due(ph);
}

/* ------------------------------------------------------------------ opening */

static int64_t *counter(struct simcounts *n, const char *name)
{
	const struct { const char *name; int64_t *at; } all[] = {{"made", &n->made}, {"acked", &n->acked}, {"held", &n->held},
		{"rejected", &n->rejected}, {"lost", &n->lost}, {"dropped", &n->dropped}, {"moved", &n->moved},
		{"conflicts", &n->conflicts}, {"asked", &n->asked}, {"sent", &n->sent}, {"resent", &n->resent},
		{"payloads", &n->payloads}, {"reinstalls", &n->reinstalls}};

	for (size_t i = 0; i < ARRAY_LEN(all); i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].at;
	return NULL;
}

static struct era *era_of(struct simphone *ph, const char *epoch)
{
	for (int k = ph->nera - 1; k >= 0; k--)
		if (strcmp(ph->era[k].epoch, epoch) == 0)
			return &ph->era[k];
	return NULL;
}

/* When an event was made, by its phone's clock; now if that is out of all reason. */
static int64_t made_at(const char *json, int64_t now_ms)
{
	const char *at = strstr(json, "\"at\":");
	int64_t ms = at ? strtoll(at + 5, NULL, 10) : now_ms;

	return ms > now_ms || ms < now_ms - KEEP_MS ? now_ms : ms;
}

/* One line of the ledger; off: where it stands.  False: it makes no sense. */
static bool replay(struct simbox *x, char *s, int64_t off)
{
	char *base = s, *what = strsep(&s, " "), *device = strsep(&s, " "), *epoch = strsep(&s, " "), *number_text;
	struct simphone *ph;
	struct item *it;
	struct era *e;
	int64_t seq;

	if (!device || !epoch)
		return false;
	if (strcmp(what, "total") == 0) {
		int64_t *at = counter(&x->n, device);

		if (at)
			*at = strtoll(epoch, NULL, 10);
		return true;
	}
	ph = simbox_phone(x, device);
	if (strcmp(what, "epoch") == 0) {
		x->n.reinstalls += ph->nera > 0;
		(void)begin(ph, epoch, s ? strtoll(s, NULL, 10) : 1);
		return true;
	}
	if (!(e = era_of(ph, epoch)) || !(number_text = strsep(&s, " ")))
		return false;
	seq = strtoll(number_text, NULL, 10);
	if (strcmp(what, "made") == 0) {
		if (!s || *s != '{')
			return false;
		if (e->n == 0)
			e->first = seq;
		if (seq != next_seq(e))
			return false;
		it = append(ph, e, made_at(s, x->opened_ms));
		it->off = off + (s - base);
		it->len = (uint32_t)strlen(s);
		x->n.made++;
		return true;
	}
	it = item_at(e, seq);
	if (strcmp(what, "sent") == 0) {
		for (; number_text; number_text = strsep(&s, " ")) {
			if (!(it = item_at(e, strtoll(number_text, NULL, 10))))
				continue;
			x->n.sent++;
			x->n.resent += it->state != NEW;
			if (it->state == NEW)
				state_to(ph, e, it, SENT);
		}
		x->n.payloads++;
		return true;
	}
	if (strcmp(what, "lost") == 0) {
		x->n.lost++;
		x->n.acked--;
		e->lost = seq;
		return true;
	}
	if (!it)
		return true; /* no longer kept */
	if (strcmp(what, "acked") == 0) {
		state_to(ph, e, it, ACKED);
	} else if (strcmp(what, "held") == 0) {
		state_to(ph, e, it, HELD);
	} else if (strcmp(what, "rejected") == 0) {
		state_to(ph, e, it, REJECTED);
	} else if (strcmp(what, "conflict") == 0) {
		state_to(ph, e, it, CONFLICT);
		x->n.conflicts++;
	} else if (strcmp(what, "asked") == 0) {
		state_to(ph, e, it, SENT);
		x->n.asked++;
	} else if (strcmp(what, "moved") == 0) {
		state_to(ph, e, it, GONE);
		x->n.moved++;
		x->n.made--; /* its `made` follows */
	} else if (strcmp(what, "dropped") == 0) {
		state_to(ph, e, it, GONE);
		x->n.dropped++;
	} else {
		return false;
	}
	return true;
}

static enum err read_all(struct simbox *x, struct why *why)
{
	FILE *f = fopen(x->file, "re");
	char *s = NULL;
	size_t cap = 0;
	ssize_t n;
	int64_t no = 0;
	enum err e = OK;

	if (!f)
		return why_set(why, ERR_IO, "cannot read %s: %s", x->file, strerror(errno));
	while ((n = getline(&s, &cap, f)) > 0) {
		if (s[n - 1] != '\n')
			break; /* cut off while it was written */
		s[n - 1] = '\0';
		if (no++ == 0 ? strcmp(s, HEAD) != 0 : !replay(x, s, x->size)) {
			e = why_set(why, ERR_INVALID, "%s:%" PRId64 ": not a ledger of this program", x->file, no);
			goto out;
		}
		x->size += n;
	}
	for (size_t pos = 0; e == OK;) { /* what a reader of the old file could not know */
		struct simphone *ph = map_next(&x->phones, &pos);

		if (!ph)
			break;
		trim(ph, 0);
		set_due(ph);
	}
out:
	free(s);
	(void)fclose(f); /* was only read */
	return e;
}

enum err simbox_open(const char *dir, double hurry, struct simbox **out, struct why *why)
{
	struct simbox *x = xcalloc(1, sizeof *x);
	char *lock = xasprintf("%s/lock", dir);
	enum err e = OK;

	x->hurry = hurry;
	x->opened_ms = clock_wall_ms();
	x->fd = x->lock = -1;
	x->file = xasprintf("%s/ledger", dir);
	if (mkdir(dir, 0700) != 0 && errno != EEXIST)
		e = why_set(why, ERR_IO, "cannot make %s: %s", dir, strerror(errno));
	else if ((x->lock = open(lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600)) < 0)
		e = why_set(why, ERR_IO, "cannot open %s: %s", lock, strerror(errno));
	else if (flock(x->lock, LOCK_EX | LOCK_NB) != 0)
		e = why_set(why, ERR_BUSY, "%s is in use by another simulate: stop it, or choose another --dir", dir);
	else if ((x->fd = open(x->file, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600)) < 0)
		e = why_set(why, ERR_IO, "cannot open %s: %s", x->file, strerror(errno));
	else if ((e = read_all(x, why)) == OK && ftruncate(x->fd, x->size) != 0)
		e = why_set(why, ERR_IO, "cannot write %s: %s", x->file, strerror(errno));
	free(lock);
	if (e == OK && x->size == 0)
		buf_adds(&x->out, HEAD "\n");
	if (e == OK && (e = simbox_flush(x)) != OK)
		(void)why_set(why, e, "cannot write %s: %s", x->file, strerror(errno)); /* e says it */
	if (e != OK) {
		simbox_close(x);
		return e;
	}
	*out = x;
	return OK;
}

void simbox_close(struct simbox *x)
{
	struct simphone *ph;

	if (!x)
		return;
	if (x->fd >= 0 && simbox_flush(x) != OK)
		x->failed = true; /* callers that must know flush themselves */
	for (size_t pos = 0; (ph = map_next(&x->phones, &pos));) {
		for (int k = 0; k < ph->nera; k++)
			free(ph->era[k].item);
		free(ph->era);
		free(ph);
	}
	map_done(&x->phones);
	json_done(&x->json);
	buf_done(&x->out);
	if (x->fd >= 0)
		(void)close(x->fd); /* flushed above */
	if (x->lock >= 0)
		(void)close(x->lock); /* nothing was written to it */
	free(x->file);
	free(x);
}

void simbox_counts(const struct simbox *x, struct simcounts *out)
{
	*out = x->n;
}

/* ------------------------------------------------------------------ a smaller ledger */

/* Writes what the phone still has; the new places of its events. */
static enum err write_phone(struct simbox *x, struct simphone *ph, FILE *f, int64_t *at, struct buf *b)
{
	static const char *const said[] = {NULL, "sent", "acked", "held", "rejected", "conflict", "dropped"};

	for (int k = 0; k < ph->nera; k++) {
		struct era *e = &ph->era[k];
		int from = e->low > TIDY_KEEP ? e->low - TIDY_KEEP : 0;

		memmove(e->item, e->item + from, (size_t)(e->n - from) * sizeof *e->item);
		e->n -= from;
		e->low -= from;
		e->first += from;
		buf_clear(b);
		buf_addf(b, "epoch %s %s %" PRId64 "\n", ph->id, e->epoch, e->first);
		for (int i = 0; i < e->n; i++) {
			struct item *it = &e->item[i];
			int64_t start;
			enum err err;

			buf_addf(b, "made %s %s %" PRId64 " ", ph->id, e->epoch, e->first + i);
			start = *at + (int64_t)b->n;
			if ((err = text_of(x, it, b)) != OK)
				return err;
			it->off = start; /* the old file is not read for it again */
			buf_addc(b, '\n');
			if (said[it->state])
				buf_addf(b, "%s %s %s %" PRId64 "%s\n", said[it->state], ph->id, e->epoch, e->first + i,
					it->state == ACKED ? " 0" : it->state == HELD || it->state == REJECTED ? " -" : "");
			if (fwrite(b->p, 1, b->n, f) != b->n)
				return ERR_IO;
			*at += (int64_t)b->n;
			buf_clear(b);
		}
		if (b->n && fwrite(b->p, 1, b->n, f) != b->n)
			return ERR_IO;
		*at += (int64_t)b->n;
	}
	return OK;
}

enum err simbox_tidy(struct simbox *x, int64_t limit, struct why *why)
{
	char *name;
	FILE *f = NULL;
	struct buf b = {0};
	int64_t at = 0;
	enum err e;
	static const char *const names[] = {"made", "acked", "held", "rejected", "lost", "dropped", "moved", "conflicts", "asked",
		"sent", "resent", "payloads", "reinstalls"};

	if (x->size < limit || x->size < 2 * x->tidied) /* what waits may be much */
		return OK;
	name = xasprintf("%s.new", x->file);
	if ((e = simbox_flush(x)) != OK)
		goto out;
	e = ERR_IO;
	if (!(f = fopen(name, "we")))
		goto out;
	at = fprintf(f, "%s\n", HEAD);
	for (size_t pos = 0;;) {
		struct simphone *ph = map_next(&x->phones, &pos);

		if (!ph)
			break;
		if ((e = write_phone(x, ph, f, &at, &b)) != OK)
			goto out;
	}
	e = ERR_IO;
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		at += fprintf(f, "total %s %" PRId64 "\n", names[i], *counter(&x->n, names[i]));
	if (fflush(f) != 0 || fsync(fileno(f)) != 0 || rename(name, x->file) != 0)
		goto out;
	(void)close(x->fd); /* everything in it is in the new one */
	x->size = x->tidied = at;
	if ((x->fd = open(x->file, O_RDWR | O_APPEND | O_CLOEXEC)) >= 0)
		e = OK;
out:
	if (f)
		(void)fclose(f); /* flushed above */
	if (e != OK)
		(void)why_set(why, e, "cannot write %s: %s", name, strerror(errno)); /* e says it */
	buf_done(&b);
	free(name);
	return e;
}
