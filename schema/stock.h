/* stock.h - how much of what is kept, for the status line. */
#ifndef XUNGE_SCHEMA_STOCK_H
#define XUNGE_SCHEMA_STOCK_H

#include "schema/store.h"

struct stock {
	int64_t held, rejected, conflicts; /* rows that wait; rows ever kept */
	int64_t streams;                   /* app installations ever seen */
	int64_t wal_bytes, db_bytes;       /* 0: no such file */
	int64_t free_bytes;                /* on the database's disk; -1: unknown */
};

/* Costs a walk over the held events, and little else. */
enum err stock_take(struct store *st, const char *path, struct stock *out) MUST_CHECK;

/* Of the disk that the file `path` stands on; -1 both: unknown. */
void stock_disk(const char *path, int64_t *free_bytes, int64_t *total_bytes);

#endif
