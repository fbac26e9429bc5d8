/* xunge - administration: one table of commands for dispatch and help. */
#include "cli/cli.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CONF_HERE "run/xunge.conf"
#define CONF_SYSTEM "/etc/xunge/xunge.conf"

struct command {
	const char *name, *args, *help;
	int (*run)(struct cli *c, int argc, char **argv);
	const char *more;  /* lines below the usage; NULL: none */
	bool without_conf; /* works without a config file */
	bool own_help;     /* answers --help itself */
};

static const struct command commands[] = {
	{"init", "", "make a new database, with the default catalogue", cmd_init,
		"At [store] path.  There must be none yet.\n", false, false},
	{"migrate", "", "bring the database to the version of this program", cmd_migrate,
		"Stop xunge-ingest first.  Take a backup first.\n", false, false},
	{"import", "KIND FILE [--dry-run]", "take a registry file, all of it or nothing", cmd_import,
		"KIND: areas reaches people appointments exemptions categories duties calendar (CSV, UTF-8\n"
		"      or GB18030), map (GeoJSON), events (NDJSON with a member `device` in each line; through\n"
		"      the running xunge-ingest, each event with an answer of its own; add the devices first).\n"
		"--dry-run   check and count only; of events, their form only\n",
		false, false},
	{"export", "NAME --from D --to D [OPTIONS]", "write figures, ledgers, events as a table", cmd_export, NULL, false, true},
	{"freeze", "PERIOD | --list [--json]", "close the books of a month, or of a year", cmd_freeze,
		"PERIOD: a month (2023-12) or a year (2023: its months that are not frozen yet) that is over by +08:00.\n"
		"From then on its figures, ledgers and reports stay what they are, byte by byte; what comes later is a\n"
		"correction (xunge export corrections).  There is no way back: import what is still to come first.\n"
		"--list      the months that are frozen\n",
		false, false},
	{"device add", "ID --person P --district CODE [--secret-file FILE]",
		"a new device; prints its secret, once", cmd_device_add,
		"ID: 1 to 32 of a-z 0-9 and -; CODE: the 6 digits of its district.  An ID that was revoked comes\n"
		"back with a new secret.\n"
		"--secret-file FILE   the secret to give it (the first line); else one is made\n"
		"The broker lets it in within a moment; when xunge-ingest does not run, once it does.\n",
		false, false},
	{"device code", "ID [--person P] [--district CODE] [--url URL]", "a link that lets one phone in, once", cmd_device_code,
		"ID: new, revoked (then with --person), or one that lost its secret: the old one opens nothing once the link\n"
		"is used.  The link holds [server] enrol_hours (24); another one for the same device ends it.\n"
		"--url URL   the platform's address as phones see it (default: [server] url, else the path alone)\n",
		false, false},
	{"device enrol", "ID --person P", "let a further person act on a device", cmd_device_enrol, NULL,
		false, false},
	{"device revoke", "ID", "end a device's access, at once", cmd_device_revoke,
		"Nothing it sends counts any more.  The broker cuts it off within a moment; when xunge-ingest does\n"
		"not run, once it does.\n",
		false, false},
	{"device list", "[--json]", "all devices", cmd_device_list, NULL, false, false},
	{"user add", "NAME --role R [--person P] [--scope CODE]", "a new user; asks for the password",
		cmd_user_add,
		"R: worker patroller chief office centre handler verifier leader district admin.\n"
		"--person P     whom it is (default: NAME)\n"
		"--scope CODE   area code, or * for everything (default)\n"
		"The password is read from the first line of standard input when that is no terminal.\n",
		false, false},
	{"user passwd", "NAME", "a new password; asks for it", cmd_user_passwd,
		"Read from the first line of standard input when that is no terminal.\n", false, false},
	{"user disable", "NAME", "end a user's access, at once", cmd_user_disable, NULL, false, false},
	{"user list", "[--json]", "all users", cmd_user_list, NULL, false, false},
	{"status", "[--json]", "what is committed, and how ingest is", cmd_status, NULL, false, false},
	{"check", "", "does everything in the database agree?", cmd_check,
		"Prints each contradiction; exit status 1 when there is one.  Reads all of it.\n", false, false},
	{"backup", "FILE", "a consistent copy of the database, while it is in use", cmd_backup,
		"Attachment files are not in it: copy [files] dir after it.\n", false, false},
	{"restore", "FILE", "put a backup in the place of the database", cmd_restore,
		"Stop xunge-ingest first.  The database gets a new id, so that old cursors are refused; the one it\n"
		"replaces is kept beside it.\n",
		false, false},
	{"simulate", "[OPTIONS]", "simulated field devices", cmd_simulate, NULL, true, true},
};

/* ------------------------------------------------------------------ help and dispatch */

static void list(FILE *f, const char *group)
{
	size_t n = group ? strlen(group) : 0;

	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (!group || (strncmp(commands[i].name, group, n) == 0 && commands[i].name[n] == ' '))
			(void)fprintf(f, "  %-14s %s\n", commands[i].name, commands[i].help); /* or cli_flush says */
}

static void usage(FILE *f)
{
	(void)fputs("usage: xunge [--config FILE] COMMAND ...\n\n", f);
	list(f, NULL);
	(void)fprintf(f, "\n"
		"xunge help COMMAND   says more\n"
		"--config FILE        config of all programs; else $XUNGE_CONFIG, %s, %s;\n"
		"                     every key also as XUNGE_SECTION_KEY in the environment\n"
		"--version            of this program\n"
		"Exit status: 0 done, 1 failed, 2 wrong usage.\n",
		CONF_HERE, CONF_SYSTEM);
}

static void help(const struct command *cmd)
{
	(void)printf("usage: xunge %s %s\n\n%s%s%s", cmd->name, cmd->args, cmd->help, cmd->more ? "\n\n" : "\n",
		cmd->more ? cmd->more : "");
}

static bool is_group(const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (strncmp(commands[i].name, word, n) == 0 && commands[i].name[n] == ' ')
			return true;
	return false;
}

/* The command named by the first words, and how many they are. */
static const struct command *find(int n, char **word, int *used)
{
	for (size_t i = 0; i < ARRAY_LEN(commands); i++) {
		const char *name = commands[i].name, *space = strchr(name, ' ');
		size_t len = space ? (size_t)(space - name) : strlen(name);

		if (n < 1 || strlen(word[0]) != len || memcmp(word[0], name, len) != 0)
			continue;
		if (space && (n < 2 || strcmp(word[1], space + 1) != 0))
			continue;
		*used = space ? 2 : 1;
		return &commands[i];
	}
	return NULL;
}

/* Takes --config FILE out of argv, wherever it stands before a `--`. */
static bool take_config(int *argc, char **argv, const char **out)
{
	int n = 1;

	for (int i = 1; i < *argc; i++) {
		if (strcmp(argv[i], "--") == 0) {
			while (i < *argc)
				argv[n++] = argv[i++];
			break;
		}
		if (strncmp(argv[i], "--config=", 9) == 0) {
			*out = argv[i] + 9;
		} else if (strcmp(argv[i], "--config") == 0) {
			if (i + 1 == *argc)
				return false;
			*out = argv[++i];
		} else {
			argv[n++] = argv[i];
		}
	}
	*argc = n;
	argv[n] = NULL;
	return true;
}

static bool has(int argc, char **argv, const char *word)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++)
		if (strcmp(argv[i], word) == 0)
			return true;
	return false;
}

static int run(struct cli *c, const struct command *cmd, const char *file, int argc, char **argv)
{
	struct why why = {""};
	enum err e;
	int status;

	if (!file)
		file = getenv("XUNGE_CONFIG");
	if (!file || !*file)
		file = access(CONF_HERE, F_OK) == 0 ? CONF_HERE : access(CONF_SYSTEM, F_OK) == 0 ? CONF_SYSTEM : NULL;
	if (!file && !cmd->without_conf && !getenv("XUNGE_STORE_PATH"))
		return cli_fail(c, "no config: neither $XUNGE_CONFIG, %s nor %s is there; name one with --config FILE",
			CONF_HERE, CONF_SYSTEM);
	c->conf_file = file;
	if ((e = conf_open(file, &c->conf, &why)) != OK)
		return cli_status(c, e, &why);
	status = cli_flush(c, cmd->run(c, argc, argv));
	conf_free(c->conf);
	return status;
}

int main(int argc, char **argv)
{
	struct cli c = {0};
	const struct command *cmd;
	const char *file = NULL;
	int used = 0;

	(void)signal(SIGPIPE, SIG_IGN); /* a reader that goes away is an error of write(); SIGPIPE exists */
	(void)signal(SIGXFSZ, SIG_IGN); /* so is a limit on the size of files */
	if (!take_config(&argc, argv, &file))
		return cli_usage(&c, "--config wants a file");
	if (argc > 1 && strcmp(argv[1], "help") == 0) {
		if (argc == 2) {
			usage(stdout);
			return cli_flush(&c, CLI_DONE);
		}
		cmd = find(argc - 2, argv + 2, &used);
		if (cmd && cmd->own_help) {
			char *word[] = {argv[2], (char[]){"--help"}, NULL};

			return cli_flush(&c, cmd->run(&c, 2, word));
		}
		if (cmd)
			help(cmd);
		else if (is_group(argv[2]))
			list(stdout, argv[2]);
		else
			return cli_usage(&c, "%s: no such command", argv[2]);
		return cli_flush(&c, CLI_DONE);
	}
	if (has(argc, argv, "--version")) {
		(void)puts("xunge " XUNGE_VERSION); /* cli_flush says */
		return cli_flush(&c, CLI_DONE);
	}
	cmd = find(argc - 1, argv + 1, &used);
	if (has(argc, argv, "--help") || has(argc, argv, "-h")) {
		if (cmd && cmd->own_help)
			return cli_flush(&c, cmd->run(&c, argc - used, argv + used));
		if (cmd)
			help(cmd);
		else if (argc > 1 && is_group(argv[1]))
			list(stdout, argv[1]);
		else
			usage(stdout);
		return cli_flush(&c, CLI_DONE);
	}
	if (!cmd) {
		if (argc < 2)
			usage(stderr);
		else if (is_group(argv[1]))
			return cli_usage(&c, "%s: what? xunge help %s lists them", argv[1], argv[1]);
		else
			return cli_usage(&c, "%s: no such command", argv[1]);
		return CLI_USAGE;
	}
	c.name = cmd->name;
	return run(&c, cmd, file, argc - used, argv + used);
}
