// Calls of the server's HTTP interface.

/** @typedef {{status: number, body: any, retryAfter: number|null}} Answer status 0: the server was not reached */
/** @typedef {{user: string, roles: string[], scope: string, csrf: string, person?: string, url?: string, demo?: boolean, tiles?: string, tiles_credit?: string}} Me */

const WITHIN_MS = 10e3;

/** @param {string} method @param {string} path @param {{body?: any, csrf?: string, headers?: Record<string, string>}} [more] @returns {Promise<Answer>} */
export async function call(method, path, more = {}) {
	/** @type {Record<string, string>} */
	const headers = { Accept: "application/json", ...more.headers };
	const stop = new AbortController();
	const timer = setTimeout(() => stop.abort(), WITHIN_MS);

	if (more.body !== undefined)
		headers["Content-Type"] = "application/json";
	if (more.csrf)
		headers["X-CSRF-Token"] = more.csrf;
	try {
		const r = await fetch(path, {
			method,
			headers,
			body: more.body === undefined ? undefined : JSON.stringify(more.body),
			credentials: "same-origin",
			cache: "no-store",
			signal: stop.signal,
		});
		const after = Number.parseInt(r.headers.get("Retry-After") || "", 10);

		return { status: r.status, body: await r.json().catch(() => null), retryAfter: Number.isNaN(after) ? null : after };
	} catch (_) {
		return { status: 0, body: null, retryAfter: null };
	} finally {
		clearTimeout(timer);
	}
}
