// Several tabs of one phone share one box: what one changes the others show, and one of them, the one in front, notes the walk.

/** @typedef {{what: "mail"|"down"|"walk"|"poke"|"account", link?: string, heard?: number}} News link: of the tab that sends */

/** @param {(m: News) => void} heard */
export function newTabs(heard) {
	const wire = "BroadcastChannel" in globalThis ? new BroadcastChannel("xunge-field") : null;
	/** @type {() => void} */
	let release = () => {};
	const tabs = {
		/** this tab notes positions */ walks: false,
		tell: (/** @type {News} */ m) => wire?.postMessage(m),
		/** Takes the walk from whichever tab has it. @param {() => Promise<void>} taken it is ours: read it before anything else */
		takeWalk: (taken) => new Promise((/** @type {(v?: any) => void} */ ok) => {
			if (!navigator.locks) {
				tabs.walks = true;
				return ok();
			}
			navigator.locks.request("xunge-walk", { steal: true }, async () => {
				await taken();
				tabs.walks = true;
				ok();
				await new Promise((/** @type {(v?: any) => void} */ done) => (release = done));
			}).catch(() => {}).then(() => { // another tab is in front now
				tabs.walks = false;
				ok();
			});
		}),
		dropWalk() {
			tabs.walks = false;
			release();
		},
	};

	wire?.addEventListener("message", (e) => heard(e.data));
	return tabs;
}
