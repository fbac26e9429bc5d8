// Titles of alerts that the platform itself composes, in English: ingest writes them in Chinese.  Names stay as they are, and so does
// what people typed; a title of another form is shown as it came.  Fetched when the language is English.
const MONTH = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** @param {string} n @param {string} one */
const some = (n, one) => `${n} ${one}${n === "1" ? "" : "s"}`;
/** @param {string} m @param {string} d */
const day = (m, d) => `${d} ${MONTH[Number(m) - 1] || m}`;
/** @param {string} target */
const place = (target) => (target === "责任范围" ? "own area" : target);
/** @param {string} need @param {string} unit @param {string} done */
const progress = (need, unit, done) => `${done} of ${some(need, unit === "天" ? "day" : "patrol")} done`;

/** @typedef {[RegExp, (...m: string[]) => string]} Form */

/** @type {Form[]} */
const WHOLE = [
	[/^(.+) 逾期未巡 (.+)：应于(\d+)月(\d+)日前完成，本期应巡(\d+)(天|次)，已巡(\d+)[天次]$/, (who, where, m, d, need, unit, done) => `${who}: patrol of ${place(where)} overdue, was due by ${day(m, d)}; ${progress(need, unit, done)}`],
	[/^(.+) 巡查临期 (.+)：(\d+)月(\d+)日前应巡(\d+)(天|次)，已巡(\d+)[天次]$/, (who, where, m, d, need, unit, done) => `${who}: patrol of ${place(where)} due by ${day(m, d)}; ${progress(need, unit, done)}`],
	[/^磁盘将满：剩余不到 256 MiB，将停止接收$/, () => "Disk nearly full: less than 256 MiB free, intake will stop"],
	[/^磁盘空间不足：剩余不到 1 GiB 或 5%$/, () => "Disk space low: less than 1 GiB or 5% free"],
	[/^平台时钟早于最近一次提交，时间无法判断：请校时$/, () => "The platform's clock is behind the last commit, times cannot be judged: set it right"],
	[/^紧急求助$/, () => "SOS"],
];
const DEVICE = /^(?:(.+)的)?设备 (\S+) (.+)$/;
/** @type {Form[]} */
const OF_DEVICE = [
	[/^没有消息，最后一次 (\S+ \S+)$/, (at) => `no message since ${at}`],
	[/^缺 (\d+) 条记录，自 (\S+ \S+)$/, (n, at) => `${some(n, "record")} missing since ${at}`],
	[/^(\d+) 条记录已丢失，自 (\S+ \S+)$/, (n, at) => `${some(n, "record")} lost since ${at}`],
	[/^时钟([快慢]) (\d+) 分钟$/, (way, n) => `clock ${n} min ${way === "快" ? "fast" : "slow"}`],
	[/^有 (\d+) 条记录搁置超过 5 天$/, (n) => `${some(n, "record")} held for over 5 days`],
];

/** @param {Form[]} forms @param {string} text @returns {string|null} */
function match(forms, text) {
	for (const [form, english] of forms) {
		const m = form.exec(text);

		if (m)
			return english(...m.slice(1));
	}
	return null;
}

/** @param {{type: string, title: string}} a @returns {string} */
export function englishTitle(a) {
	const title = a.title || "";

	if (/^(hazard|case_)/.test(a.type)) // typed by people
		return title;
	const d = DEVICE.exec(title);
	const parts = d ? d[3].split("；").map((p) => match(OF_DEVICE, p)) : [];

	if (d && parts.every((p) => p !== null))
		return `Device ${d[2]}${d[1] ? ` of ${d[1]}` : ""}: ${parts.join("; ")}`;
	return match(WHOLE, title) ?? title;
}
