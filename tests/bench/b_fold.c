/* b_fold.c - what a late event costs in a patrol of 5,000 points: folded anew from its events, on a reach with a line.
 *
 *   b_fold DIR [--points 5000] [--event 50] [--times 41] [--crs wgs84]
 *
 * The patrol comes in events of `event` points; then single points between those there, each a batch of its
 * own.  CPU time of intake_take and intake_commit, median; beside it that of a million sines, to tell how fast the
 * machine was.  One line of JSON on stdout. */
#include <getopt.h>
#include <math.h>

#include "schema/intake.h"
#include "schema/sql.h"
#include "tests/bench/town.h"

#define BASE_MS 1763949600000LL

struct opts {
	int points, event, times;
	const char *crs;
};

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double sines_ms(void)
{
	int64_t from = load_cpu_ns();
	volatile double sum = 0;

	for (int i = 0; i < 1000000; i++)
		sum = sum + sin(i);
	return (double)(load_cpu_ns() - from) / 1e6;
}

static void put_point(struct buf *b, int64_t ms, int i)
{
	buf_addf(b, "[%lld,%.7f,%.7f,8]", (long long)ms, 33.39 + i * 4e-6, 104.92 + (i % 7) * 1e-5);
}

/* Head of event seq, up to its body. */
static void put_head(struct buf *b, int seq, const char *kind)
{
	buf_clear(b);
	buf_addf(b, "{\"epoch\":\"e1\",\"seq\":%d,\"kind\":\"%s\",\"at\":%lld,\"body\":{\"patrol\":\"w1\"", seq, kind, (long long)BASE_MS);
}

static void take(struct intake *in, const struct buf *b)
{
	struct intake_from from = {.device = slice_of("d-00000"), .district = slice_of(LOAD_DISTRICT)};
	struct intake_ack ack;
	struct head head;

	town_must(intake_take(in, &from, buf_slice(b), BASE_MS + 86400000), "intake_take", NULL);
	town_must(intake_commit(in, BASE_MS + 86400000, &head), "intake_commit", NULL);
	while (intake_next_ack(in, &ack))
		if (memmem(ack.json.p, ack.json.n, "\"status\"", 8))
			load_fail("ack", ack.json.p);
}

static void walk(struct intake *in, const struct opts *o, int *seq)
{
	struct buf b = {0};

	put_head(&b, ++*seq, "patrol.start");
	buf_adds(&b, ",\"route\":\"river\",\"target\":\"QSH-01\"}}");
	take(in, &b);
	for (int i = 0; i < o->points;) {
		put_head(&b, ++*seq, "patrol.track");
		buf_addf(&b, ",\"crs\":\"%s\",\"pts\":[", o->crs);
		for (int k = 0; k < o->event && i < o->points; k++, i++) {
			if (k)
				buf_addc(&b, ',');
			put_point(&b, i * 2000, i);
		}
		buf_adds(&b, "]}}");
		take(in, &b);
	}
	buf_done(&b);
}

static double late_ms(struct intake *in, const struct opts *o, int *seq, int nth)
{
	int at = (int)((int64_t)o->points * (nth + 1) / (o->times + 2));
	struct buf b = {0};
	int64_t from;

	put_head(&b, ++*seq, "patrol.track");
	buf_addf(&b, ",\"crs\":\"%s\",\"pts\":[", o->crs);
	put_point(&b, at * 2000 + 1000, at);
	buf_adds(&b, "]}}");
	from = load_cpu_ns();
	take(in, &b);
	buf_done(&b);
	return (double)(load_cpu_ns() - from) / 1e6;
}

static void line(struct store *st)
{
	int64_t commit;

	town_must(store_begin(st), "store_begin", NULL);
	if (sqlite3_exec(sql_db(st), "INSERT INTO shape VALUES('QSH-01','{\"type\":\"LineString\",\"coordinates\":[[104.92,33.39],"
				     "[104.92,33.41]]}',1,NULL)", NULL, NULL, NULL) != SQLITE_OK)
		load_fail("shape", "cannot be written");
	town_must(store_note(st, BASE_MS, "line", 1, &commit), "store_note", NULL);
	town_must(store_commit(st, BASE_MS, NULL), "store_commit", NULL);
}

int main(int argc, char **argv)
{
	static const struct option lo[] = {{"points", 1, 0, 'p'}, {"event", 1, 0, 'e'}, {"times", 1, 0, 't'}, {"crs", 1, 0, 'c'}, {0}};
	struct opts o = {.points = 5000, .event = 50, .times = 41, .crs = "wgs84"};
	struct intake_conf conf = {.max_age_days = 3650};
	struct why why = {""};
	struct intake *in;
	struct store *st;
	double *ms, *ref;
	char *db;
	int c, seq = 0;

	while ((c = getopt_long(argc, argv, "", lo, NULL)) != -1) {
		switch (c) {
		case 'p': o.points = atoi(optarg); break;
		case 'e': o.event = atoi(optarg); break;
		case 't': o.times = atoi(optarg); break;
		case 'c': o.crs = optarg; break;
		default: return 2;
		}
	}
	if (optind != argc - 1 || o.points < 2 || o.event < 1 || o.event > 500 || o.times < 1)
		load_fail("usage", "b_fold DIR [--points N] [--event N] [--times N] [--crs CRS]");
	db = xasprintf("%s/fold.db", argv[optind]);
	town_make(db, NULL, 1, BASE_MS);
	town_must(store_open(db, STORE_WRITER, &st, &why), db, &why);
	line(st);
	in = intake_new(st, &conf);
	walk(in, &o, &seq);
	ms = xcalloc((size_t)o.times, sizeof *ms);
	ref = xcalloc((size_t)o.times, sizeof *ref);
	for (int i = 0; i < o.times; i++) {
		ms[i] = late_ms(in, &o, &seq, i);
		ref[i] = sines_ms();
	}
	qsort(ms, (size_t)o.times, sizeof *ms, order);
	qsort(ref, (size_t)o.times, sizeof *ref, order);
	printf("{\"points\":%d,\"event\":%d,\"late_ms\":%.3f,\"worst_ms\":%.3f,\"sines_ms\":%.3f}\n", o.points, o.event, ms[o.times / 2],
		ms[o.times - 1], ref[o.times / 2]);
	intake_free(in);
	store_close(st);
	free(ms);
	free(ref);
	free(db);
	return 0;
}
