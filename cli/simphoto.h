/* simphoto.h - the pictures that simulated phones take: hills, a river, and what lies on its bank, before and after.  They
 * are put where the server keeps what phones bring (schema/photos.h), so that the demo town has photos to show. */
#ifndef XUNGE_CLI_SIMPHOTO_H
#define XUNGE_CLI_SIMPHOTO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct simphoto {
	char sha256[65]; /* hex */
	size_t bytes;
};

/* A PNG; the same seed is the same place, tidy when after.  False: it cannot be put there. */
bool simphoto_take(const char *dir, const char *device, uint64_t seed, bool after, struct simphoto *out);

#endif
