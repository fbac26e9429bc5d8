#include "base/clock.h"

#include <time.h>

#include "base/err.h"

static int64_t clock_read(clockid_t id)
{
	struct timespec t;

	if (clock_gettime(id, &t) != 0)
		die("clock: clock_gettime failed");
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

int64_t clock_wall_ms(void)
{
	return clock_read(CLOCK_REALTIME);
}

int64_t clock_mono_ms(void)
{
	return clock_read(CLOCK_MONOTONIC);
}
