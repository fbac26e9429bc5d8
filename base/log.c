#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void log_line(int level, const char *module, const char *fmt, va_list ap)
{
	char line[1024];
	int n = snprintf(line, sizeof line, "<%d>%s: ", level, module);
	int m = vsnprintf(line + n, sizeof line - (size_t)n - 1, fmt, ap);

	n += m < 0 ? 0 : m;
	if (n > (int)sizeof line - 2)
		n = (int)sizeof line - 2;
	for (int i = 0; i < n; i++) /* one event a line, whatever a peer put into it */
		if ((unsigned char)line[i] < 0x20)
			line[i] = ' ';
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, (size_t)n) < 0)
		return; /* nowhere left to report it */
}

#define LOG_BODY(level)                                                                            \
	va_list ap;                                                                                \
	va_start(ap, fmt);                                                                         \
	log_line(level, module, fmt, ap);                                                          \
	va_end(ap)

void log_error(const char *module, const char *fmt, ...)
{
	LOG_BODY(3);
}

void log_warn(const char *module, const char *fmt, ...)
{
	LOG_BODY(4);
}

void log_info(const char *module, const char *fmt, ...)
{
	LOG_BODY(6);
}

bool log_traced(const char *module)
{
	static const char *trace;
	static bool known;
	const char *p;
	size_t n = strlen(module);

	if (!known) {
		trace = getenv("XUNGE_TRACE");
		known = true;
	}
	if (!trace || !*trace)
		return false;
	if (strcmp(trace, "all") == 0)
		return true;
	for (p = trace; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (strncmp(p, module, n) == 0 && (p[n] == ',' || p[n] == '\0'))
			return true;
	}
	return false;
}

void log_debug(const char *module, const char *fmt, ...)
{
	if (!log_traced(module))
		return;
	LOG_BODY(7);
}
