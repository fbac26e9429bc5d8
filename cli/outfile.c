#include "cli/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *label(const struct outfile *o)
{
	return o->name ? o->name : "standard output";
}

enum err outfile_open(struct outfile *o, const char *name, struct why *why)
{
	struct stat st;

	*o = (struct outfile){.fd = STDOUT_FILENO, .name = name};
	if (!name)
		return OK;
	/* What is no plain file (/dev/null, a pipe) must not be replaced by one. */
	if (stat(name, &st) == 0 && !S_ISREG(st.st_mode)) {
		o->fd = open(name, O_WRONLY | O_CLOEXEC);
	} else {
		o->part = xasprintf("%s.tmp-%ld", name, (long)getpid());
		o->fd = open(o->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0640);
	}
	if (o->fd < 0) {
		(void)why_set(why, ERR_IO, "cannot write %s: %s", name, strerror(errno));
		free(o->part);
		o->part = NULL;
		return ERR_IO;
	}
	return OK;
}

static enum err write_all(struct outfile *o, struct why *why)
{
	size_t done = 0;

	while (done < o->b.n) {
		ssize_t n = o->stop && *o->stop ? -1 : write(o->fd, o->b.p + done, o->b.n - done);

		if (o->stop && *o->stop)
			return why_set(why, ERR_CLOSED, "stopped");
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return why_set(why, errno == ENOSPC ? ERR_FULL : ERR_IO, "cannot write %s: %s", label(o),
				strerror(errno));
		done += (size_t)n;
		o->written += n;
	}
	buf_clear(&o->b);
	return OK;
}

int64_t outfile_bytes(const struct outfile *o)
{
	return o->written + (int64_t)o->b.n;
}

enum err outfile_push(struct outfile *o, struct why *why)
{
	return o->b.n < OUTFILE_BLOCK ? OK : write_all(o, why);
}

static enum err sync_folder(const char *path)
{
	char *copy = xstrdup(path);
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum err e = fd >= 0 && fsync(fd) == 0 ? OK : ERR_IO;

	if (fd >= 0)
		(void)close(fd); /* only read */
	free(copy);
	return e;
}

enum err outfile_close(struct outfile *o, struct why *why)
{
	enum err e = write_all(o, why);

	if (e == OK && o->part && fsync(o->fd) != 0)
		e = why_set(why, ERR_IO, "cannot write %s: %s", label(o), strerror(errno));
	if (o->name && close(o->fd) != 0 && e == OK)
		e = why_set(why, ERR_IO, "cannot write %s: %s", label(o), strerror(errno));
	o->fd = -1;
	if (e == OK && o->part && (rename(o->part, o->name) != 0 || sync_folder(o->name) != OK))
		e = why_set(why, ERR_IO, "cannot put %s in its place: %s", o->name, strerror(errno));
	if (e != OK && o->part)
		(void)unlink(o->part); /* the error is told already */
	free(o->part);
	o->part = NULL;
	buf_done(&o->b);
	return e;
}

void outfile_abort(struct outfile *o)
{
	if (o->part) {
		(void)unlink(o->part); /* may be gone */
		free(o->part);
		o->part = NULL;
	}
	if (o->name && o->fd >= 0)
		(void)close(o->fd); /* thrown away */
	o->fd = -1;
	buf_done(&o->b);
}
