#include "cli/staging.h"

#include <dirent.h>
#include <errno.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define PREFIX "import-"
#define SUFFIX ".staged"

/* The folder where ingest may read it too: its service may have a /tmp of its own. */
static enum err folder(struct cli *c, char **out, struct why *why)
{
	const char *db = NULL;
	char *copy;
	enum err e;

	if ((e = cli_db(c, &db, why)) != OK || (e = cli_owner(db, why)) != OK)
		return e;
	copy = xstrdup(db);
	*out = realpath(dirname(copy), NULL);
	if (!*out)
		e = why_set(why, ERR_NOTFOUND, "folder of %s: %s", db, strerror(errno));
	free(copy);
	return e;
}

/* Whose staging file is that?  0: it is none. */
static long owner(const char *name)
{
	char *end;
	long pid;

	if (strncmp(name, PREFIX, strlen(PREFIX)) != 0)
		return 0;
	pid = strtol(name + strlen(PREFIX), &end, 10);
	return pid > 0 && pid <= INT_MAX && strcmp(end, SUFFIX) == 0 ? pid : 0;
}

/* Removes what killed imports left behind.  One that has our pid cannot be another's. */
static void sweep(const char *dir)
{
	DIR *d = opendir(dir);
	struct dirent *f;
	long pid;

	if (!d)
		return; /* making the file says why */
	while ((f = readdir(d)))
		if ((pid = owner(f->d_name)) && (pid == getpid() || (kill((pid_t)pid, 0) != 0 && errno == ESRCH)))
			(void)unlinkat(dirfd(d), f->d_name, 0); /* may be gone */
	(void)closedir(d); /* only read */
}

/* The signals that end us (not those that we were started to ignore), and the child's end. */
static void watched(sigset_t *set)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP};
	struct sigaction was;

	(void)signal(SIGCHLD, SIG_DFL); /* whoever started us may have ignored it: its end would be lost */
	(void)sigemptyset(set); /* these fail for unknown signals only */
	(void)sigaddset(set, SIGCHLD);
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (sigaction(ends[i], NULL, &was) == 0 && was.sa_handler != SIG_IGN)
			(void)sigaddset(set, ends[i]);
}

/* Waits for the child; a signal ends it.  Returns the signal that ended either, or 0 and its status. */
static int attend(pid_t child, const sigset_t *set, int *status)
{
	int sig, end = 0;

	for (;;) {
		sig = sigwaitinfo(set, NULL);
		if (sig > 0 && sig != SIGCHLD) {
			(void)kill(child, SIGKILL); /* ours, and not waited for yet */
			(void)waitpid(child, &end, 0);
			return sig;
		}
		if (waitpid(child, &end, WNOHANG) == child) /* else it was stopped, or goes on */
			break;
	}
	*status = WIFEXITED(end) ? WEXITSTATUS(end) : CLI_FAILED;
	return WIFSIGNALED(end) ? WTERMSIG(end) : 0;
}

int staging_run(struct cli *c, int (*work)(void *ctx, const char *staged), void *ctx)
{
	char *dir = NULL, *staged = NULL;
	struct why why = {""};
	int status = CLI_FAILED, sig;
	sigset_t set, before;
	pid_t child;
	enum err e;

	if ((e = folder(c, &dir, &why)) != OK)
		return cli_status(c, e, &why);
	sweep(dir);
	staged = xasprintf("%s/" PREFIX "%ld" SUFFIX, dir, (long)getpid());
	watched(&set);
	(void)sigprocmask(SIG_BLOCK, &set, &before); /* fails for bad arguments only */
	child = fork();
	if (child == 0) {
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody imports behind a command that was killed */
		status = work(ctx, staged);
	} else if (child < 0) {
		status = cli_fail(c, "cannot start a process: %s", strerror(errno));
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
	} else {
		sig = attend(child, &set, &status);
		(void)unlink(staged); /* may not be there */
		if (sig)
			status = cli_fail(c, "ended by a signal (%s); import the file again: what was taken does not change", strsignal(sig));
		(void)sigprocmask(SIG_SETMASK, &before, NULL);
		if (sig && sig != SIGCHLD && sigismember(&set, sig) == 1)
			(void)raise(sig); /* as whoever waits for us expects it */
	}
	free(staged);
	free(dir);
	return status;
}
