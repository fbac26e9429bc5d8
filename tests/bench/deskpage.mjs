// deskpage.mjs - what the page itself notes down for desk.mjs.  Each function runs in the browser, on its own.

/** Before the page's own scripts: when a row of an alert stood there, when all of the desk did, input delays, the work of a delta. */
export function before() {
	const bench = { rows: new Map(), whole: 0, delays: [], deltas: [] };
	const blocks = ['.alerts tbody tr, .alerts .empty', '.cases tbody tr, .cases .empty', '.ledger tbody tr', '.overdue tbody tr, .overdue .empty', '.closing tbody tr'];

	globalThis.bench = bench;
	const whole = new MutationObserver(() => {
		if (!document.querySelector('[data-test=link] .good') || !blocks.every((b) => document.querySelector(b)) || !document.querySelector('.chart-box canvas, .chart.folded'))
			return;
		whole.disconnect();
		requestAnimationFrame(() => requestAnimationFrame(() => (bench.whole = performance.now())));
	});

	whole.observe(document, { subtree: true, childList: true, attributeFilter: ['class'] }); // the link is good by its class
	new MutationObserver(() => {
		for (const tr of document.querySelectorAll('.alerts tbody tr[data-row]'))
			if (!bench.rows.has(tr.dataset.row) && tr.getBoundingClientRect().height > 0)
				bench.rows.set(tr.dataset.row, Date.now());
	}).observe(document, { subtree: true, childList: true });
	new PerformanceObserver((list) => {
		for (const e of list.getEntries())
			if (e.name === 'pointerdown' || e.name === 'keydown')
				bench.delays.push(e.processingStart - e.startTime);
	}).observe({ type: 'event', durationThreshold: 16, buffered: true });

	// The work of a delta: its handler, the drawing in the next frames, and the layout after it.
	let work = null;
	const real = globalThis.requestAnimationFrame.bind(globalThis);

	globalThis.requestAnimationFrame = (fn) => real((t) => {
		const from = performance.now();

		fn(t);
		if (work) {
			document.documentElement.getBoundingClientRect(); // lays out
			work.ms += performance.now() - from;
		}
	});
	const on = Object.getOwnPropertyDescriptor(WebSocket.prototype, 'onmessage');

	Object.defineProperty(WebSocket.prototype, 'onmessage', { ...on, set(fn) {
		on.set.call(this, fn && ((e) => {
			if (!e.data.startsWith('{"op":"delta"'))
				return fn(e);
			if (work)
				bench.deltas.push(work.ms);
			const from = performance.now();

			fn(e);
			work = { ms: performance.now() - from };
			return undefined;
		}));
	} });
}

/** The first deltas meet code that was never run: they do not count. */
export function after() {
	if (globalThis.bench.deltas.length < 30)
		return false;
	globalThis.bench.deltas.length = globalThis.bench.delays.length = 0;
	return true;
}
