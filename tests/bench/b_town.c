/* b_town.c - the database that the benchmarks begin with.
 *
 *   b_town DIR DEVICES      writes DIR/town.db, DIR/devices.txt (lines: id secret) and DIR/passwd,
 *                           the broker's password file */
#include <errno.h>

#include "base/clock.h"
#include "tests/bench/town.h"

int main(int argc, char **argv)
{
	char *db, *list, *passwd;
	uint32_t n = argc == 3 ? (uint32_t)atoi(argv[2]) : 0;
	FILE *f;

	if (n < 1 || n > 99999)
		load_fail("usage", "b_town DIR DEVICES");
	db = xasprintf("%s/town.db", argv[1]);
	list = xasprintf("%s/devices.txt", argv[1]);
	passwd = xasprintf("%s/passwd", argv[1]);
	town_make(db, passwd, n, clock_wall_ms());
	if (!(f = fopen(list, "we")))
		load_fail(list, strerror(errno));
	for (uint32_t i = 0; i < n; i++) {
		char secret[ACCOUNT_SECRET];

		town_secret(i, secret);
		fprintf(f, "d-%05u %s\n", i, secret);
	}
	if (fclose(f) != 0)
		load_fail(list, strerror(errno));
	free(passwd);
	free(list);
	free(db);
	return 0;
}
