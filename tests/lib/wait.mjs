// wait.mjs - waiting that always ends: every wait has a bound and says what it waited for.

export const sleep = (ms) => new Promise((r) => setTimeout(r, ms));

/** Asks `probe` until it gives something truthy, and returns that; throws after `ms`. An error of the probe counts as "not yet". */
export async function until(probe, what, ms = 15000, every = 25) {
	const end = Date.now() + ms;
	let last;
	for (;;) {
		try {
			const v = await probe();
			if (v) return v;
			last = undefined;
		} catch (e) {
			last = e;
		}
		if (Date.now() >= end) throw new Error(`waited ${ms} ms in vain for ${what}${last ? `: ${last.message}` : ''}`);
		await sleep(every);
	}
}

/** `promise`, or an error after `ms`. */
export function within(promise, what, ms = 15000) {
	let timer;
	const late = new Promise((_, no) => {
		timer = setTimeout(() => no(new Error(`waited ${ms} ms in vain for ${what}`)), ms);
	});
	return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
