#include "base/fault.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct {
	bool known, armed, kills, terms;
	char name[48];
	int at, passed;
} fault; /* test state, set before the work and read by it */

static void fault_set(const char *spec)
{
	char how[8] = "";

	fault.armed = false;
	fault.passed = 0;
	fault.at = 0;
	fault.name[0] = '\0';
	if (spec && sscanf(spec, "%47[^:]:%d:%7s", fault.name, &fault.at, how) >= 2)
		fault.armed = true;
	fault.kills = strcmp(how, "kill") == 0;
	fault.terms = strcmp(how, "term") == 0;
	fault.known = true;
}

int fault_arm(const char *spec)
{
	int passed = fault.passed;

	fault_set(spec);
	return passed;
}

bool fault_hit(const char *name)
{
	if (!fault.known)
		fault_set(getenv("XUNGE_FAULT"));
	if (!fault.armed || strcmp(name, fault.name) != 0 || ++fault.passed != fault.at)
		return false;
	if (fault.kills)
		(void)raise(SIGKILL); /* does not return */
	if (fault.terms)
		(void)raise(SIGTERM); /* ourselves: it is there */
	return !fault.terms;
}
