/* b_growth.c - what a row costs when there are many.
 *
 *   b_growth DIR [--rows 20000000] [--base 2000000] [--step 200000] [--pairs 5] [--batch 2000] [--bytes 300]
 *
 * Two databases of the same town: one is filled to `base` rows, one to `rows`.  Then, pair by pair,
 * `step` rows more go into the one and into the other, in turns, and the CPU time of intake_take and
 * intake_commit alone (not the making of the events) is compared.  1,000 devices, the mix of
 * load.h, event times spread evenly: 3 seconds of life for each row in both, so that days, months
 * and patrols are as many for each row in the small one as in the large.
 * Progress on stderr, one line of JSON on stdout. */
#include <errno.h>
#include <getopt.h>
#include <sys/stat.h>

#include "schema/intake.h"
#include "tests/bench/town.h"

#define DEVICES 1000
#define LIFE_MS 3000
#define BASE_MS 1704038400000LL /* 2024-01-01 +08:00 */

struct lane {
	const char *name;
	char *db;
	struct store *st;
	struct intake *in;
	int64_t rows, cpu_ns, wall_ns;
	struct load_who who[DEVICES];
	char district[8], device[DEVICES][8];
};

struct opts {
	int64_t rows, base, step, batch;
	int pairs, bytes;
};

static void open_lane(struct lane *l, const char *dir, const char *name)
{
	struct intake_conf conf = {.max_age_days = 3650};
	struct why why = {""};

	*l = (struct lane){.name = name, .db = xasprintf("%s/%s.db", dir, name)};
	town_make(l->db, NULL, DEVICES, BASE_MS);
	town_must(store_open(l->db, STORE_WRITER, &l->st, &why), l->db, &why);
	l->in = intake_new(l->st, &conf);
	for (uint32_t i = 0; i < DEVICES; i++) {
		load_who_set(&l->who[i], i, 7);
		snprintf(l->device[i], sizeof l->device[i], "d-%05u", i % 100000);
	}
}

/* n rows more; only what intake does is timed. */
static void fill(struct lane *l, const struct opts *o, int64_t n)
{
	char *bytes = xrealloc(NULL, (size_t)o->batch * LOAD_EVENT_MAX);
	size_t *len = xcalloc((size_t)o->batch, sizeof *len);

	while (n > 0) {
		int64_t k = n < o->batch ? n : o->batch, cpu, wall, now = 0;
		struct intake_ack ack;
		struct head head;
		size_t pos = 0;

		for (int64_t i = 0; i < k; i++) {
			int64_t row = l->rows + i;

			now = BASE_MS + row * LIFE_MS;
			len[i] = load_event(bytes + pos, (size_t)o->bytes, &l->who[row % DEVICES], row / DEVICES + 1, now, LOAD_PATROLS);
			pos += len[i];
		}
		pos = 0;
		wall = load_now_ns();
		cpu = load_cpu_ns();
		for (int64_t i = 0; i < k; i++) {
			struct intake_from from = {.device = slice_of(l->device[(l->rows + i) % DEVICES]), .district = slice_of(LOAD_DISTRICT)};

			town_must(intake_take(l->in, &from, (struct slice){bytes + pos, (uint32_t)len[i]}, now), "intake_take", NULL);
			pos += len[i];
		}
		town_must(intake_commit(l->in, now, &head), "intake_commit", NULL);
		while (intake_next_ack(l->in, &ack))
			if (memmem(ack.json.p, ack.json.n, "\"status\"", 8))
				load_fail("ack", "an event was not simply stored");
		l->cpu_ns += load_cpu_ns() - cpu;
		l->wall_ns += load_now_ns() - wall;
		l->rows += k;
		n -= k;
	}
	free(len);
	free(bytes);
}

static double segment(struct lane *l, const struct opts *o, int64_t n, double *wall_us)
{
	int64_t cpu = l->cpu_ns, wall = l->wall_ns;

	fill(l, o, n);
	*wall_us = (double)(l->wall_ns - wall) / 1e3 / (double)n;
	return (double)(l->cpu_ns - cpu) / 1e3 / (double)n;
}

static void grow(struct lane *l, const struct opts *o, int64_t rows)
{
	while (l->rows < rows) {
		int64_t n = rows - l->rows < 1000000 ? rows - l->rows : 1000000;
		double wall, cpu = segment(l, o, n, &wall);
		struct stat s = {0};

		if (stat(l->db, &s) < 0)
			load_fail(l->db, strerror(errno));
		fprintf(stderr, "%s: %.1f million rows, %.2f us CPU and %.2f us of the clock a row, %.0f bytes a row\n", l->name,
			(double)l->rows / 1e6, cpu, wall, (double)s.st_size / (double)l->rows);
	}
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v, int n)
{
	qsort(v, (size_t)n, sizeof *v, order);
	return n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2;
}

int main(int argc, char **argv)
{
	static const struct option lo[] = {{"rows", 1, 0, 'r'}, {"base", 1, 0, 'b'}, {"step", 1, 0, 's'}, {"pairs", 1, 0, 'p'},
		{"batch", 1, 0, 'n'}, {"bytes", 1, 0, 'y'}, {0}};
	struct opts o = {.rows = 20000000, .base = 2000000, .step = 200000, .batch = 2000, .pairs = 5, .bytes = 300};
	struct lane *small = xcalloc(1, sizeof *small), *large = xcalloc(1, sizeof *large);
	double *ratio, *a, *b;
	struct stat s = {0};
	int c;

	while ((c = getopt_long(argc, argv, "", lo, NULL)) != -1) {
		switch (c) {
		case 'r': o.rows = atoll(optarg); break;
		case 'b': o.base = atoll(optarg); break;
		case 's': o.step = atoll(optarg); break;
		case 'p': o.pairs = atoi(optarg); break;
		case 'n': o.batch = atoll(optarg); break;
		case 'y': o.bytes = atoi(optarg); break;
		default: return 2;
		}
	}
	if (optind != argc - 1 || o.pairs < 1 || o.step < 1 || o.batch < 1 || o.rows < o.base || o.bytes > LOAD_EVENT_MAX)
		load_fail("usage", "b_growth DIR [--rows N] ...; see the head of b_growth.c");
	open_lane(small, argv[optind], "small");
	open_lane(large, argv[optind], "large");
	grow(small, &o, o.base);
	grow(large, &o, o.rows);
	ratio = xcalloc((size_t)o.pairs, sizeof *ratio);
	a = xcalloc((size_t)o.pairs, sizeof *a);
	b = xcalloc((size_t)o.pairs, sizeof *b);
	for (int i = 0; i < o.pairs; i++) {
		double wall;

		if (i % 2) {
			b[i] = segment(large, &o, o.step, &wall);
			a[i] = segment(small, &o, o.step, &wall);
		} else {
			a[i] = segment(small, &o, o.step, &wall);
			b[i] = segment(large, &o, o.step, &wall);
		}
		ratio[i] = b[i] / a[i];
		fprintf(stderr, "pair %d: %.2f us a row at %.1f million, %.2f at %.1f million: %.3f\n", i + 1, a[i], (double)small->rows / 1e6,
			b[i], (double)large->rows / 1e6, ratio[i]);
	}
	if (stat(large->db, &s) < 0)
		load_fail(large->db, strerror(errno));
	printf("{\"ratios\":[");
	for (int i = 0; i < o.pairs; i++)
		printf("%s%.4f", i ? "," : "", ratio[i]);
	printf("],\"small_us\":%.3f,\"large_us\":%.3f,\"rows\":%lld,\"bytes_per_row\":%.1f}\n", median(a, o.pairs), median(b, o.pairs),
		(long long)large->rows, (double)s.st_size / (double)large->rows);
	intake_free(small->in);
	intake_free(large->in);
	store_close(small->st);
	store_close(large->st);
	free(small->db);
	free(large->db);
	free(small);
	free(large);
	free(ratio);
	free(a);
	free(b);
	return 0;
}
