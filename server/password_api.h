/* password_api.h - somebody gives himself another password.
 *
 *   password_post -> old one right? new one hashed (helper thread) -> ingest (local door) -> its answer: acts_answer()
 *
 * Guesses at the old one cost what guesses at sign-in cost.  The session that asked goes on, the account's others end. */
#ifndef XUNGE_SERVER_PASSWORD_API_H
#define XUNGE_SERVER_PASSWORD_API_H

#include "server/app.h"

void password_post(void *ctx, struct request *rq, struct response *rs);

#endif
