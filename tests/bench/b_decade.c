/* b_decade.c - the database of one town after ten years, and what it costs to read from it.
 *
 *   b_decade make DIR [EVENTS]             DIR/decade.db: 10,000,000 events, 2014 to 2023, through intake in batches of 1,400 at most, the
 *                                          clock going along (intake_due twice a day), as ingest would have made it
 *   b_decade run OUT COMMAND [ARG ...]     runs it, standard output into OUT, and says what it took
 *   b_decade steps DB NAME FORMAT FROM TO [AS-OF]
 *                                          one export in this process: its longest read transaction, and the memory it grew by
 *   b_decade take DB EVENTS [DAY] [BATCH]  so many further events of the same town, from that day on (-: after the last): the rate of
 *                                          intake, how long commits took, how long the WAL became
 *   b_decade spin SHARE                    the CPU load of something else: so much of a core (0 to 1), passing over memory, until it is ended
 *
 * A line of JSON each.  Of the town: 64 grids with a worker each, who owes a patrol a day; 24 reaches with a patroller
 * each, who owes two a week; 32 community chiefs and 6 town chiefs by the rules of deploy/rules/dinghu.csv; and each day some
 * 120 inspections, 40 visits, 10 works, 3 household states and 12 cases that go through all their states. */
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "core/civil.h"
#include "schema/exports/export.h"
#include "schema/intake.h"
#include "schema/sql.h"
#include "tests/bench/town.h"

#define DAY_MS 86400000LL
#define BASE_MS 1388505600000LL /* 2014-01-01 +08:00 */
#define YEARS 10
#define DAYS 3652
#define BATCH 1400
#define TOWN LOAD_DISTRICT "100"

#define COMMUNITIES LOAD_COMMUNITIES
#define GRIDS 4 /* of a community */
#define REACHES LOAD_REACHES
enum { WORKERS = 0, PATROLLERS = WORKERS + COMMUNITIES * GRIDS, CHIEFS = PATROLLERS + REACHES, TOWN_CHIEFS = CHIEFS + 2 * COMMUNITIES,
	OFFICES = TOWN_CHIEFS + 6, CENTRE = OFFICES + COMMUNITIES, HANDLERS = CENTRE + 2, VERIFIERS = HANDLERS + 6, PEOPLE = VERIFIERS + 2 };

struct entry { /* an event without its number */
	int64_t at_ms;
	int who;
	uint32_t order;
	char *rest;
};

struct maker {
	struct store *st;
	struct intake *in;
	struct load_who who[PEOPLE];
	int64_t seq[PEOPLE], day, made, cpu_ns, wall_ns;
	uint64_t state, names;
	struct entry *e;
	size_t n, cap;
	struct buf b;
	size_t batch;
	int64_t *commit_ns; /* of batches; NULL: not kept */
	size_t commits, commit_room;
};

/* ------------------------------------------------------------------ the town */

static void make_town(const char *db)
{
	static const char *const head = "rule,role,level,target,period,months,count,count_unit,min_minutes,min_metres,min_gap_hours,min_coverage,"
		"substitute,delegate,valid_from,valid_to\n";
	struct buf areas = {0}, reaches = {0}, people = {0}, appts = {0}, duties = {0};
	char hash[ACCOUNT_HASH];
	struct store *st = NULL;
	struct why why = {""};
	int64_t commit;

	buf_adds(&areas, "code,name,valid_from,valid_to\n" LOAD_DISTRICT ",示例区,,\n" TOWN ",示例镇,,\n");
	buf_adds(&reaches, "code,name,river,kind,area,length_m\n");
	buf_adds(&people, "id,name,phone\n");
	buf_adds(&appts, "person,role,scope,level,valid_from,valid_to\n");
	buf_adds(&duties, head);
	buf_adds(&duties, "daily,worker,grid,any,day,1-12,1,times,5,,,,no,no,2014-01-01,\n"
		"weekly,patroller,community,each,week,1-12,2,times,15,,,,no,no,2014-01-01,\n"
		"dinghu,chief,town,each,month,1-12,1,times,5,300,,,no,no,2014-01-01,\n"
		"dinghu,chief,community,each,month,1-12,2,times,5,300,,,no,no,2014-01-01,\n");
	for (int c = 1; c <= COMMUNITIES; c++) {
		buf_addf(&areas, TOWN "%03d,第%d社区,,\n", c, c);
		for (int g = 1; g <= GRIDS; g++)
			buf_addf(&areas, TOWN "%03d%03d,第%d社区第%d网格,,\n", c, g, c, g);
	}
	for (int i = 1; i <= REACHES; i++)
		buf_addf(&reaches, "QSH-%02d,清水河第%d段,清水河,river," TOWN "%03d,1500\n", i, i, 1 + (i - 1) % COMMUNITIES);
	for (int i = 0; i < PEOPLE; i++) {
		int c = i % COMMUNITIES + 1;

		buf_addf(&people, "p-%05d,赵%d,1000000%04d\n", i, i, i);
		buf_addf(&appts, "p-%05d,", i);
		if (i < PATROLLERS)
			buf_addf(&appts, "worker," TOWN "%03d%03d,grid", c, 1 + i / COMMUNITIES);
		else if (i < CHIEFS)
			buf_addf(&appts, "patroller,QSH-%02d,community", 1 + i - PATROLLERS);
		else if (i < TOWN_CHIEFS)
			buf_addf(&appts, "chief,QSH-%02d,community", 1 + (i - CHIEFS) % REACHES);
		else if (i < OFFICES)
			buf_addf(&appts, "chief,QSH-%02d,town", 1 + (i - TOWN_CHIEFS) * 4);
		else if (i < CENTRE)
			buf_addf(&appts, "office," TOWN "%03d,community", 1 + i - OFFICES);
		else
			buf_addf(&appts, "%s," TOWN ",town", i < HANDLERS ? "centre" : i < VERIFIERS ? "handler" : "verifier");
		buf_adds(&appts, ",2014-01-01,\n");
	}
	town_must(store_create(db, BASE_MS, &why), db, &why);
	town_must(store_open(db, STORE_WRITER, &st, &why), db, &why);
	town_must(store_begin(st), db, NULL);
	town_import(st, db, "areas", &areas, BASE_MS);
	town_import(st, db, "reaches", &reaches, BASE_MS);
	town_import(st, db, "people", &people, BASE_MS);
	town_import(st, db, "appointments", &appts, BASE_MS);
	town_import(st, db, "duties", &duties, BASE_MS);
	for (uint32_t i = 0; i < PEOPLE; i++) {
		char id[40], person[40], secret[ACCOUNT_SECRET];

		snprintf(id, sizeof id, "d-%05u", i);
		snprintf(person, sizeof person, "p-%05u", i);
		town_secret(i, secret);
		town_must(account_device_add(st, BASE_MS, id, person, LOAD_DISTRICT, secret, &commit, &why), id, &why);
	}
	town_must(account_password_hash(TOWN_PASSWORD, hash, &why), "password", &why);
	town_must(account_user_put(st, BASE_MS, TOWN_USER, "p-00000", "centre", TOWN, hash, &commit, &why), TOWN_USER, &why);
	town_must(store_commit(st, BASE_MS, NULL), db, NULL);
	store_close(st);
	buf_done(&areas);
	buf_done(&reaches);
	buf_done(&people);
	buf_done(&appts);
	buf_done(&duties);
}

/* ------------------------------------------------------------------ a day */

static int64_t below(struct maker *m, int64_t n)
{
	m->state = load_hash(m->state + 1);
	return (int64_t)(m->state >> 1) % n;
}

static const char *name(struct maker *m, char out[17])
{
	load_hex16(out, load_hash(++m->names ^ 0x6e616d65));
	out[16] = '\0';
	return out;
}

/* The event in m->b: its members behind `at`. */
static void put(struct maker *m, int who, int64_t at_ms)
{
	if (m->n == m->cap) {
		m->cap = m->cap ? 2 * m->cap : 4096;
		m->e = xrealloc(m->e, m->cap * sizeof *m->e);
	}
	m->e[m->n] = (struct entry){at_ms, who, (uint32_t)m->n, xstrdup(m->b.p)};
	m->n++;
	buf_clear(&m->b);
}

static int64_t hour(struct maker *m, int from, int to)
{
	return m->day + from * 3600000LL + below(m, (to - from) * 3600000LL);
}

/* `tracks` events of six points, half a minute between two. */
static void patrol(struct maker *m, int who, const char *route, const char *target, int tracks)
{
	int64_t at = hour(m, 7, 16), lon = 104900000 + below(m, 40000), lat = 33390000 + below(m, 10000);
	char id[17];

	(void)name(m, id);
	buf_addf(&m->b, "\"kind\":\"patrol.start\",\"at\":%lld,\"body\":{\"patrol\":\"%s\",\"route\":\"%s\",\"target\":\"%s\"}}", (long long)at, id, route, target);
	put(m, who, at);
	for (int t = 0; t < tracks; t++) {
		at += 180000;
		buf_addf(&m->b, "\"kind\":\"patrol.track\",\"at\":%lld,\"body\":{\"patrol\":\"%s\",\"pts\":[", (long long)at, id);
		for (int i = 0; i < 6; i++, lat += 250)
			buf_addf(&m->b, "%s[%d,%lld.%06lld,%lld.%06lld,%d]", i ? "," : "", (i - 5) * 30000, (long long)(lat / 1000000), (long long)(lat % 1000000),
				(long long)(lon / 1000000), (long long)(lon % 1000000), 5 + i);
		buf_adds(&m->b, "]}}");
		put(m, who, at);
	}
	at += 1000;
	buf_addf(&m->b, "\"kind\":\"patrol.end\",\"at\":%lld,\"body\":{\"patrol\":\"%s\",\"clear\":true}}", (long long)at, id);
	put(m, who, at);
}

static void patrols(struct maker *m)
{
	char target[24];

	for (int i = WORKERS; i < PATROLLERS; i++) { /* one in thirty stays at home, one goes for too short a time */
		int64_t luck = below(m, 30);

		snprintf(target, sizeof target, TOWN "%03d%03d", i % COMMUNITIES + 1, 1 + i / COMMUNITIES);
		if (luck)
			patrol(m, i, "grid", target, luck == 1 ? 1 : 35);
	}
	for (int i = PATROLLERS; i < CHIEFS; i++) {
		snprintf(target, sizeof target, "QSH-%02d", 1 + i - PATROLLERS);
		if (below(m, 7) < 5)
			patrol(m, i, "river", target, 14);
	}
	for (int i = CHIEFS; i < OFFICES; i++) {
		snprintf(target, sizeof target, "QSH-%02d", i < TOWN_CHIEFS ? 1 + (i - CHIEFS) % REACHES : 1 + (i - TOWN_CHIEFS) * 4);
		if (below(m, i < TOWN_CHIEFS ? 13 : 20) == 0)
			patrol(m, i, "river", target, 8);
	}
}

static void grid_of(struct maker *m, int who)
{
	buf_addf(&m->b, ",\"scope\":\"" TOWN "%03d%03d\"", who % COMMUNITIES + 1, 1 + who / COMMUNITIES);
}

static void records(struct maker *m)
{
	static const char *const topics[] = {"burn_straw", "burn_waste", "burn_weeds", "burn_leaves", "dumping_check", "gas_check", "food_check"};
	static const char *const items[][2] = {{"window_bars", "个"}, {"overhead_cables", "吨"}, {"wall_painting", "平方米"}, {"ad_cleaning", "处"}};
	static const char *const states[] = {"identified", "helped", "risk_removed"};

	for (int i = 0; i < 173; i++) {
		int who = (int)below(m, PATROLLERS);
		int64_t at = hour(m, 8, 18);

		buf_addf(&m->b, "\"kind\":\"%s\",\"at\":%lld", i < 120 ? "inspect" : i < 160 ? "visit" : i < 170 ? "work" : "household", (long long)at);
		grid_of(m, who);
		if (i < 120)
			buf_addf(&m->b, ",\"body\":{\"topic\":\"%s\",\"result\":\"%s\",\"people\":2,\"object\":\"沿线地块\"}}", topics[below(m, 7)],
				below(m, 20) ? "ok" : "problem");
		else if (i < 160)
			buf_addf(&m->b, ",\"body\":{\"group\":\"独居老人\",\"household\":\"h-%d\",\"persons\":1,\"staff\":1}}", (int)below(m, 3000));
		else if (i < 170)
			buf_addf(&m->b, ",\"body\":{\"item\":\"%s\",\"qty\":%d.25,\"unit\":\"%s\"}}", items[i % 4][0], (int)below(m, 90), items[i % 4][1]);
		else
			buf_addf(&m->b, ",\"body\":{\"household\":\"m-%d\",\"type\":\"脱贫不稳定户\",\"persons\":3,\"state\":\"%s\"}}", (int)below(m, 600), states[below(m, 3)]);
		put(m, who, at);
	}
}

static void act(struct maker *m, int who, int64_t *at, const char *id, const char *action, const char *more)
{
	*at += 300000 + below(m, 1800000);
	buf_addf(&m->b, "\"kind\":\"case.act\",\"at\":%lld,\"body\":{\"case\":\"%s\",\"action\":\"%s\"%s}}", (long long)*at, id, action, more);
	put(m, who, *at);
}

static void cases(struct maker *m)
{
	static const struct {
		const char *klass, *category, *own, *result;
	} sorts[] = {
		{"appeal", "roads", ",\"channel\":\"12345\"", "done"}, {"appeal", "environment", ",\"channel\":\"window\"", "done"},
		{"dispute", "family", ",\"parties\":\"甲、乙\"", "settled_oral"}, {"dispute", "land", ",\"parties\":\"丙、丁\"", "failed"},
		{"hazard", "fire", ",\"object\":\"商铺\"", "rectified"}, {"hazard", "traffic", ",\"object\":\"路口\"", "rectified"},
		{"finding", "dumping", "", "rectified"}, {"finding", "litter", "", "done"},
		{"rectify", "sanitation_city", ",\"issuer\":\"区创卫办\",\"item_no\":\"1\"", "rectified"},
	};

	for (int i = 0; i < 12; i++) {
		int who = (int)below(m, PATROLLERS), s = (int)below(m, ARRAY_LEN(sorts)), handler = HANDLERS + (int)below(m, 6);
		int office = OFFICES + who % COMMUNITIES;
		int64_t at = hour(m, 8, 17);
		char id[17], more[200];

		if (sorts[s].klass[0] == 'r')
			who = CENTRE;
		(void)name(m, id);
		buf_addf(&m->b, "\"kind\":\"case.report\",\"at\":%lld", (long long)at);
		grid_of(m, who == CENTRE ? 0 : who);
		buf_addf(&m->b, ",\"body\":{\"case\":\"%s\",\"class\":\"%s\",\"category\":\"%s\",\"severity\":3,\"title\":\"%s %s\",\"text\":\"现场情况说明，见照片。\"%s}}",
			id, sorts[s].klass, sorts[s].category, sorts[s].category, id, sorts[s].own);
		put(m, who, at);
		if (who == CENTRE)
			office = CENTRE;
		act(m, office, &at, id, "accept", "");
		snprintf(more, sizeof more, ",\"to\":\"p-%05d\"", handler);
		act(m, office, &at, id, "dispatch", more);
		if (below(m, 20) == 0)
			continue; /* nobody does anything */
		act(m, handler, &at, id, "sign", "");
		snprintf(more, sizeof more, ",\"result\":\"%s\"},\"att\":[{\"sha256\":\"%016llx%016llx%016llx%016llx\",\"bytes\":90000,\"mime\":\"image/jpeg\",\"role\":\"after\"}]",
			sorts[s].result, 1ULL, 2ULL, 3ULL, (unsigned long long)m->names);
		at += 300000 + below(m, 1800000);
		buf_addf(&m->b, "\"kind\":\"case.act\",\"at\":%lld,\"body\":{\"case\":\"%s\",\"action\":\"handle\"%s}", (long long)at, id, more);
		put(m, handler, at);
		act(m, VERIFIERS + i % 2, &at, id, "verify_pass", "");
		if (sorts[s].klass[0] == 'a' && below(m, 5))
			act(m, CENTRE, &at, id, "rate", below(m, 30) ? ",\"rating\":\"satisfied\"" : ",\"rating\":\"dissatisfied\"");
	}
}

static int by_time(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->at_ms != y->at_ms)
		return x->at_ms < y->at_ms ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/* ------------------------------------------------------------------ into the database */

static void commit(struct maker *m, int64_t now_ms)
{
	struct intake_ack ack;
	struct head head;

	town_must(intake_commit(m->in, now_ms, &head), "intake_commit", NULL);
	while (intake_next_ack(m->in, &ack))
		if (memmem(ack.json.p, ack.json.n, "\"status\"", 8))
			load_fail("an event was not simply stored", ack.json.p);
}

static void batch_over(struct maker *m, int64_t now_ms)
{
	int64_t from = load_now_ns();

	commit(m, now_ms);
	if (!m->commit_ns)
		return;
	if (m->commits == m->commit_room)
		m->commit_ns = xrealloc(m->commit_ns, (m->commit_room *= 2) * sizeof *m->commit_ns);
	m->commit_ns[m->commits++] = load_now_ns() - from;
}

static void clock_goes(struct maker *m, int64_t now_ms)
{
	bool more = true;

	while (more) {
		more = false;
		town_must(intake_due(m->in, now_ms, &more), "intake_due", NULL);
		commit(m, now_ms);
	}
}

/* One day more, or what `most` leaves of it. */
static void day(struct maker *m, int64_t most)
{
	struct buf text = {0};
	int64_t wall, cpu;

	m->n = 0;
	patrols(m);
	records(m);
	cases(m);
	qsort(m->e, m->n, sizeof *m->e, by_time);
	wall = load_now_ns();
	cpu = load_cpu_ns();
	clock_goes(m, m->day + 300000);
	for (size_t i = 0; i < m->n; i++) {
		const struct entry *e = &m->e[i];
		char device[12];
		struct intake_from from = {.district = slice_of(LOAD_DISTRICT)};

		if ((int64_t)i < most) {
			snprintf(device, sizeof device, "d-%05d", e->who);
			from.device = slice_of(device);
			buf_clear(&text);
			buf_addf(&text, "{\"epoch\":\"%s\",\"seq\":%lld,%s", m->who[e->who].epoch, (long long)++m->seq[e->who], e->rest);
			town_must(intake_take(m->in, &from, buf_slice(&text), e->at_ms + 2000), "intake_take", NULL);
			m->made++;
			if (i % m->batch == m->batch - 1)
				batch_over(m, e->at_ms + 2000);
		}
		free(e->rest);
	}
	clock_goes(m, m->day + DAY_MS - 300000);
	m->wall_ns += load_now_ns() - wall;
	m->cpu_ns += load_cpu_ns() - cpu;
	m->day += DAY_MS;
	buf_done(&text);
}

static void open_maker(struct maker *m, const char *db, uint64_t salt, int64_t from_ms)
{
	static const struct intake_conf conf = {.max_age_days = 3650};
	struct why why = {""};

	*m = (struct maker){.state = salt, .names = salt << 40, .day = from_ms, .batch = BATCH};
	town_must(store_open(db, STORE_WRITER, &m->st, &why), db, &why);
	m->in = intake_new(m->st, &conf);
	for (uint32_t i = 0; i < PEOPLE; i++)
		load_who_set(&m->who[i], i, salt);
}

static void close_maker(struct maker *m)
{
	intake_free(m->in);
	store_close(m->st);
	free(m->e);
	free(m->commit_ns);
	buf_done(&m->b);
}

static int make(const char *dir, int64_t events)
{
	char *db = xasprintf("%s/decade.db", dir);
	int64_t days = 0;
	struct maker m;
	struct stat s;

	make_town(db);
	open_maker(&m, db, 7, BASE_MS);
	while (m.made < events && days < DAYS) {
		day(&m, events - m.made);
		if (++days % 365 == 0)
			fprintf(stderr, "decade: %lld years, %.2f million events, %.1f us of the clock and %.1f us CPU each\n", (long long)days / 365,
				(double)m.made / 1e6, (double)m.wall_ns / 1e3 / (double)m.made, (double)m.cpu_ns / 1e3 / (double)m.made);
	}
	close_maker(&m);
	if (stat(db, &s) < 0)
		load_fail(db, strerror(errno));
	printf("{\"events\":%lld,\"days\":%lld,\"bytes\":%lld,\"seconds\":%.1f}\n", (long long)m.made, (long long)days, (long long)s.st_size, (double)m.wall_ns / 1e9);
	free(db);
	return 0;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static int take(const char *db, int64_t events, const char *from, const char *batch)
{
	char *wal = xasprintf("%s-wal", db);
	struct maker m;
	struct stat s;
	int32_t first;
	double p50, p99;

	if (from && strcmp(from, "-") == 0)
		from = NULL;
	if (from && !civil_parse_day(from, strlen(from), &first))
		load_fail(from, "no day");
	open_maker(&m, db, (uint64_t)load_now_ns(), from ? civil_day_ms(first) : BASE_MS + DAYS * DAY_MS);
	m.commit_ns = xcalloc(m.commit_room = 64, sizeof *m.commit_ns);
	if (batch && (m.batch = (size_t)atoll(batch)) == 0)
		load_fail(batch, "no batch");
	while (m.made < events)
		day(&m, events - m.made);
	if (m.commits == 0 || stat(wal, &s) < 0)
		load_fail(db, "no batch was committed");
	qsort(m.commit_ns, m.commits, sizeof *m.commit_ns, by_size);
	p50 = (double)m.commit_ns[m.commits / 2] / 1e6;
	p99 = (double)m.commit_ns[m.commits * 99 / 100] / 1e6;
	printf("{\"events\":%lld,\"rate\":%.0f,\"cpu_us\":%.2f,\"commits\":%zu,\"p50_ms\":%.2f,\"p99_ms\":%.2f,\"wal\":%lld}\n", (long long)m.made,
		(double)m.made * 1e9 / (double)m.wall_ns, (double)m.cpu_ns / 1e3 / (double)m.made, m.commits, p50, p99, (long long)s.st_size);
	close_maker(&m);
	free(wal);
	return 0;
}

#define SPIN_BYTES (32 << 20) /* more than the caches hold */
#define SPIN_SLICE_NS 10000000

/* It stops when nobody waits for it any more: its parent is gone. */
static int spin(const char *text)
{
	unsigned char *memory = xcalloc(1, SPIN_BYTES);
	double share = strtod(text, NULL);
	uint64_t sum = 0;
	size_t at = 0;

	if (share <= 0 || share > 1)
		load_fail(text, "no share of a core");
	for (pid_t parent = getppid(); getppid() == parent;) {
		int64_t from = load_now_ns(), busy = (int64_t)(SPIN_SLICE_NS * share);
		struct timespec rest = {.tv_nsec = SPIN_SLICE_NS - busy};

		while (load_now_ns() < from + busy) {
			for (size_t n = 0; n < 65536; n += 64, at = (at + 64) % SPIN_BYTES)
				memory[at] = (unsigned char)(sum += load_hash(memory[at] + sum));
		}
		if (rest.tv_nsec > 0)
			nanosleep(&rest, NULL);
	}
	printf("%d\n", (int)(sum & 1));
	free(memory);
	return 0;
}

/* ------------------------------------------------------------------ reading */

static int run_command(const char *out, char **argv)
{
	int64_t from = load_now_ns(), to;
	struct rusage u;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		int fd = open(out, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0)
			load_fail(out, strerror(errno));
		execvp(argv[0], argv);
		load_fail(argv[0], strerror(errno));
	}
	if (pid < 0 || wait4(pid, &status, 0, &u) != pid)
		load_fail("fork", strerror(errno));
	to = load_now_ns();
	printf("{\"ms\":%.2f,\"cpu_ms\":%.2f,\"rss_kib\":%ld,\"status\":%d}\n", (double)(to - from) / 1e6,
		(double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 + (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3, u.ru_maxrss,
		WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return 0;
}

static long anon_kib(void)
{
	char line[128];
	long kib = 0;
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof line, f))
		if (sscanf(line, "RssAnon: %ld", &kib) == 1)
			break;
	if (f)
		fclose(f);
	return kib;
}

struct reads {
	int64_t since_ns, longest_ns; /* since_ns 0: none is open */
	int64_t cpu_ns, most_cpu_ns;  /* the same, of the processor's time */
	int n;
};

static int64_t cpu_now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t); /* exists */
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int watch_reads(unsigned type, void *ctx, void *stmt, void *sql)
{
	struct reads *r = ctx;

	(void)type;
	(void)stmt;
	if (strncmp(sql, "BEGIN", 5) == 0) {
		r->since_ns = load_now_ns();
		r->cpu_ns = cpu_now_ns();
		r->n++;
	} else if (r->since_ns && (strncmp(sql, "COMMIT", 6) == 0 || strncmp(sql, "ROLLBACK", 8) == 0)) {
		if (load_now_ns() - r->since_ns > r->longest_ns)
			r->longest_ns = load_now_ns() - r->since_ns;
		if (cpu_now_ns() - r->cpu_ns > r->most_cpu_ns)
			r->most_cpu_ns = cpu_now_ns() - r->cpu_ns;
		r->since_ns = 0;
	}
	return 0;
}

static int steps(const char *db, char **v)
{
	struct export_ask ask = {.name = v[0], .scope = "*", .has_format = true, .from = v[2], .to = v[3], .at_ms = EXPORT_AT_DEFAULT,
		.now_ms = BASE_MS + DAYS * DAY_MS};
	long anon, most = 0, now;
	struct store *st = NULL;
	struct export *x = NULL;
	struct why why = {""};
	struct buf b = {0};
	struct reads reads = {0};
	int64_t t, longest = 0, opened, bytes = 0;
	bool more = true;
	int n = 0;

	if (v[4])
		ask.as_of = atoll(v[4]);
	if (!export_format_of(v[1], &ask.format))
		load_fail(v[1], "no such format");
	town_must(store_open(db, STORE_READER, &st, &why), db, &why);
	sqlite3_trace_v2(sql_db(st), SQLITE_TRACE_STMT, watch_reads, &reads);
	anon = anon_kib();
	t = load_now_ns();
	town_must(export_open(st, &ask, &x, &why), v[0], &why);
	opened = load_now_ns() - t;
	for (; more; n++) {
		t = load_now_ns();
		town_must(export_step(x, &b, &more, &why), v[0], &why);
		t = load_now_ns() - t;
		longest = t > longest ? t : longest;
		now = anon_kib();
		most = now > most ? now : most;
		bytes += (int64_t)b.n;
		buf_clear(&b);
	}
	printf("{\"steps\":%d,\"open_ms\":%.1f,\"step_ms\":%.1f,\"reads\":%d,\"read_ms\":%.1f,\"read_cpu_ms\":%.1f,\"grown_kib\":%ld,\"bytes\":%lld,\"rows\":%lld}\n", n, (double)opened / 1e6,
		(double)longest / 1e6, reads.n, (double)reads.longest_ns / 1e6, (double)reads.most_cpu_ns / 1e6, most - anon, (long long)bytes, (long long)export_rows(x));
	export_close(x);
	store_close(st);
	buf_done(&b);
	return 0;
}

int main(int argc, char **argv)
{
	const char *what = argc > 2 ? argv[1] : "";

	if (strcmp(what, "make") == 0 && argc <= 4)
		return make(argv[2], argc == 4 ? atoll(argv[3]) : 10000000);
	if (strcmp(what, "run") == 0 && argc > 3)
		return run_command(argv[2], argv + 3);
	if (strcmp(what, "steps") == 0 && (argc == 7 || argc == 8))
		return steps(argv[2], argv + 3);
	if (strcmp(what, "take") == 0 && argc >= 4 && argc <= 6)
		return take(argv[2], atoll(argv[3]), argv[4], argc == 6 ? argv[5] : NULL);
	if (strcmp(what, "spin") == 0 && argc == 3)
		return spin(argv[2]);
	load_fail("usage", "b_decade make | run | steps | take | spin; see the head of b_decade.c");
}
