/* t_powercut.c - what was acknowledged survives a power cut.
 * A file system under SQLite that forgets, on the cut, every write that no sync followed: the
 * pre-image of each unsynced write is kept and put back, newest first.  Seeds are printed. */
#include "tests/unit/town.h"

#include "base/clock.h"

#define FILES_MAX 16
#define ROUNDS 40

struct undo {
	struct undo *older;
	sqlite3_int64 at, size; /* size of the file before */
	int n, had;             /* bytes written; of them there before */
	char bytes[];
};

struct file {
	sqlite3_file base;
	struct disk_file *disk;
	sqlite3_file *real;
};

/* What a path has on the disk, whoever holds it open. */
struct disk_file {
	char path[256];
	sqlite3_file *real; /* the last handle that wrote */
	struct undo *undo;
};

static struct {
	sqlite3_vfs *real;
	struct disk_file file[FILES_MAX];
	int n;
	bool dead; /* the power is off: nothing is written any more */
	long undone, syncs;
} disk; /* one power supply for the whole test */

static struct disk_file *disk_of(const char *path)
{
	for (int i = 0; i < disk.n; i++)
		if (strcmp(disk.file[i].path, path) == 0)
			return &disk.file[i];
	assert_true(disk.n < FILES_MAX);
	(void)snprintf(disk.file[disk.n].path, sizeof disk.file[0].path, "%s", path);
	return &disk.file[disk.n++];
}

static void forget(struct disk_file *d)
{
	struct undo *u;

	while ((u = d->undo)) {
		d->undo = u->older;
		free(u);
	}
}

static void power_cut(void)
{
	disk.dead = true;
	for (int i = 0; i < disk.n; i++) {
		struct disk_file *d = &disk.file[i];

		for (struct undo *u = d->undo; u; u = u->older) {
			if (u->had)
				assert_int_equal(d->real->pMethods->xWrite(d->real, u->bytes, u->had, u->at), SQLITE_OK);
			assert_int_equal(d->real->pMethods->xTruncate(d->real, u->size), SQLITE_OK);
			disk.undone++;
		}
		forget(d);
	}
}

#define REAL(f) (((struct file *)(f))->real)

static int f_close(sqlite3_file *f)
{
	struct file *me = (struct file *)f;
	int rc = me->real->pMethods->xClose(me->real);

	if (me->disk && me->disk->real == me->real) {
		forget(me->disk); /* no power cut follows: nothing to put back */
		me->disk->real = NULL;
	}
	sqlite3_free(me->real);
	return rc;
}

static int f_read(sqlite3_file *f, void *p, int n, sqlite3_int64 at)
{
	return REAL(f)->pMethods->xRead(REAL(f), p, n, at);
}

static int f_write(sqlite3_file *f, const void *p, int n, sqlite3_int64 at)
{
	struct file *me = (struct file *)f;
	struct undo *u;

	if (disk.dead)
		return SQLITE_IOERR_WRITE;
	u = calloc(1, sizeof *u + (size_t)n);
	u->n = n;
	u->at = at;
	assert_int_equal(me->real->pMethods->xFileSize(me->real, &u->size), SQLITE_OK);
	u->had = at >= u->size ? 0 : u->size - at < n ? (int)(u->size - at) : n;
	if (u->had)
		assert_int_equal(me->real->pMethods->xRead(me->real, u->bytes, u->had, at), SQLITE_OK);
	u->older = me->disk->undo;
	me->disk->undo = u;
	me->disk->real = me->real;
	return me->real->pMethods->xWrite(me->real, p, n, at);
}

static int f_truncate(sqlite3_file *f, sqlite3_int64 size)
{
	return disk.dead ? SQLITE_IOERR_TRUNCATE : REAL(f)->pMethods->xTruncate(REAL(f), size);
}

static int f_sync(sqlite3_file *f, int flags)
{
	struct file *me = (struct file *)f;
	int rc;

	if (disk.dead)
		return SQLITE_IOERR_FSYNC;
	rc = me->real->pMethods->xSync(me->real, flags);
	forget(me->disk);
	disk.syncs++;
	return rc;
}

static int f_size(sqlite3_file *f, sqlite3_int64 *out)
{
	return REAL(f)->pMethods->xFileSize(REAL(f), out);
}

static int f_lock(sqlite3_file *f, int l)
{
	return REAL(f)->pMethods->xLock(REAL(f), l);
}

static int f_unlock(sqlite3_file *f, int l)
{
	return REAL(f)->pMethods->xUnlock(REAL(f), l);
}

static int f_check(sqlite3_file *f, int *out)
{
	return REAL(f)->pMethods->xCheckReservedLock(REAL(f), out);
}

static int f_control(sqlite3_file *f, int op, void *arg)
{
	return REAL(f)->pMethods->xFileControl(REAL(f), op, arg);
}

static int f_sector(sqlite3_file *f)
{
	return REAL(f)->pMethods->xSectorSize(REAL(f));
}

static int f_device(sqlite3_file *f)
{
	(void)f;
	return 0; /* promises nothing */
}

static int f_shm_map(sqlite3_file *f, int pg, int n, int extend, void volatile **out)
{
	return REAL(f)->pMethods->xShmMap(REAL(f), pg, n, extend, out);
}

static int f_shm_lock(sqlite3_file *f, int at, int n, int flags)
{
	return REAL(f)->pMethods->xShmLock(REAL(f), at, n, flags);
}

static void f_shm_barrier(sqlite3_file *f)
{
	REAL(f)->pMethods->xShmBarrier(REAL(f));
}

static int f_shm_unmap(sqlite3_file *f, int del)
{
	return REAL(f)->pMethods->xShmUnmap(REAL(f), del);
}

static const sqlite3_io_methods methods = {2, f_close, f_read, f_write, f_truncate, f_sync, f_size, f_lock,
	f_unlock, f_check, f_control, f_sector, f_device, f_shm_map, f_shm_lock, f_shm_barrier, f_shm_unmap,
	NULL, NULL};

static int v_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
	struct file *me = (struct file *)f;
	int rc;

	(void)v;
	me->base.pMethods = NULL;
	me->real = sqlite3_malloc(disk.real->szOsFile);
	me->disk = disk_of(name ? name : "(temporary)");
	rc = disk.real->xOpen(disk.real, name, me->real, flags, out);
	if (rc != SQLITE_OK) {
		sqlite3_free(me->real);
		return rc;
	}
	me->base.pMethods = &methods;
	return SQLITE_OK;
}

static void install(void)
{
	static sqlite3_vfs v;

	disk.real = sqlite3_vfs_find(NULL);
	v = *disk.real;
	v.zName = "powercut";
	v.szOsFile = sizeof(struct file);
	v.xOpen = v_open;
	assert_int_equal(sqlite3_vfs_register(&v, 1), SQLITE_OK);
}

static uint64_t dice;

static uint32_t roll(uint32_t n)
{
	dice = dice * 6364136223846793005ULL + 1442695040888963407ULL;
	return (uint32_t)(dice >> 33) % n;
}

/* Highest seq acknowledged to device d, from the ack lines. */
static int upto(const char *acks, int d)
{
	char key[32];
	const char *s;

	(void)snprintf(key, sizeof key, "d-%d {", d);
	s = strstr(acks, key);
	s = s ? strstr(s, "\"upto\":") : NULL;
	return s ? atoi(s + strlen("\"upto\":")) : 0;
}

static void one_round(uint64_t seed)
{
	struct town *t = calloc(1, sizeof *t);
	int sent[5] = {0}, acked[5] = {0}, batches = 1 + (int)(seed % 12);
	char p[256];

	dice = seed;
	disk.dead = false;
	town_make(t);
	for (int b = 0; b < batches; b++) {
		for (int i = 0, n = 1 + (int)roll(60); i < n; i++) {
			int d = 1 + (int)roll(4), seq = ++sent[d];

			(void)snprintf(p, sizeof p,
				"{\"epoch\":\"e\",\"seq\":%d,\"kind\":\"patrol.start\",\"at\":%lld,\"body\":{\"patrol\":\"w%d\","
				"\"route\":\"river\",\"target\":\"QSH-01\"}}",
				seq, TOWN_NOW, seq);
			town_send(t, d == 1 ? "d-1" : d == 2 ? "d-2" : d == 3 ? "d-3" : "d-4", p);
		}
		if (roll(4) == 0)
			store_checkpoint(t->st); /* with a batch open: moves what is committed */
		(void)town_commit(t);
		for (int d = 1; d <= 4; d++)
			if (upto(t->acks, d) > acked[d])
				acked[d] = upto(t->acks, d);
		if (roll(3) == 0)
			store_checkpoint(t->st);
	}
	for (int i = 0, n = (int)roll(20); i < n; i++) { /* not committed: may go */
		(void)snprintf(p, sizeof p, "{\"epoch\":\"e\",\"seq\":%d,\"kind\":\"sos\",\"at\":%lld,\"body\":{}}", ++sent[1], TOWN_NOW);
		town_send(t, "d-1", p);
	}
	power_cut();
	/* The process is gone with the power: its handles write nothing more. */
	intake_free(t->in);
	store_close(t->st);
	t->in = NULL;
	t->st = NULL;
	disk.dead = false;
	town_open(t);
	for (int d = 1; d <= 4; d++) {
		char sql[128];

		(void)snprintf(sql, sizeof sql, "SELECT count(*) FROM event e JOIN stream s ON s.id = e.stream WHERE s.device = 'd-%d' AND e.seq <= %d", d, acked[d]);
		if (town_count(t, sql) != acked[d])
			fail_msg("seed %llu: d-%d had %d acknowledged, %lld are stored", (unsigned long long)seed, d,
				acked[d], (long long)town_count(t, sql));
	}
	town_check(t);
	town_remove(t);
	free(t);
	for (int i = 0; i < disk.n; i++)
		forget(&disk.file[i]);
	disk.n = 0; /* the next round has a folder of its own */
}

static void test_power_cut(void **state)
{
	uint64_t seed = getenv("SEED") ? strtoull(getenv("SEED"), NULL, 10) : (uint64_t)clock_wall_ms();

	(void)state;
	install();
	(void)fprintf(stderr, "SEED=%llu\n", (unsigned long long)seed);
	for (int i = 0; i < ROUNDS; i++)
		one_round(seed + (uint64_t)i);
	assert_true(disk.undone > 0); /* the cuts took something away, or they test nothing */
	assert_true(disk.syncs > ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_power_cut)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
