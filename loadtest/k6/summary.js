// What a run found, as a table; and with SUMMARY=FILE all of k6's own numbers, as JSON.

import { holdS, scenarios, stages } from "./settings.js";

const SHARES = ["med", "p(95)", "p(99)", "p(99.9)", "max"];
export const trendStatistics = ["avg", "count", ...SHARES];

export function handleSummary(data) {
	const lines = [""];
	const values = (name) => data.metrics[name]?.values ?? {};
	const count = (name) => values(name).count ?? 0;
	const times = (name) => SHARES.map((share) => cell((values(name)[share] ?? 0).toFixed(1)));

	if (scenarios.includes("chat")) {
		const titles = [
			"connections",
			"held",
			"deliveries/s",
			"p50 ms",
			"p95 ms",
			"p99 ms",
			"p99.9 ms",
			"max ms",
		];
		lines.push(titles.map(cell).join(""));
		for (const { name } of stages) {
			const perSecond = count(`deliveries{connections:${name}}`) / holdS;
			const row = [name, count(`connections{connections:${name}}`), perSecond.toFixed(0)];
			lines.push([...row.map(cell), ...times(`delivery{connections:${name}}`)].join(""));
		}
		lines.push("");
	}
	const asked = {
		acknowledgement: "acknowledgement",
		"delivery to pollers": "polled_delivery",
		"a page of history": "http_req_duration{name:history}",
		"log in": "http_req_duration{name:log in}",
		register: "http_req_duration{name:register}",
	};
	const first = ["", "", "count"].map(cell).join("");
	lines.push(
		first +
			SHARES.map((share) => cell(`${share.replace("med", "p50").replace(/[()]/g, "")} ms`)).join(
				"",
			),
	);
	for (const [title, metric] of Object.entries(asked)) {
		if (count(metric) > 0) {
			lines.push(title.padEnd(28) + cell(count(metric)) + times(metric).join(""));
		}
	}
	lines.push("");
	for (const name of [
		"messages",
		"deliveries",
		"deliveries_lost",
		"deliveries_doubled",
		"errors",
	]) {
		lines.push(`  ${name.replace("_", " ").padEnd(20)}${count(name)}`);
	}
	lines.push("", ...verdicts(data), "");

	const result = { stdout: lines.join("\n") };
	if (__ENV.SUMMARY) {
		result[__ENV.SUMMARY] = JSON.stringify(data, null, 2);
	}
	return result;
}

function cell(value) {
	return String(value).padStart(14);
}

function verdicts(data) {
	const failed = [];
	let all = 0;
	for (const [name, { thresholds, values }] of Object.entries(data.metrics)) {
		for (const [rule, { ok }] of Object.entries(thresholds ?? {})) {
			all += 1;
			if (!ok) {
				const figure = rule.match(/^[^<>=]+/)[0].trim();
				failed.push(`  failed: ${name} ${rule} (it is ${values[figure]})`);
			}
		}
	}
	return failed.length > 0 ? failed : [`  all ${all} thresholds hold`];
}
