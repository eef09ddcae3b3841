// A load test of a Starling server with k6: see ../README.md.
//
//   k6 run -e SERVER=http://127.0.0.1:8080 -e STAGES=1000,2500,5000,10000 load.js

import { expectServer } from "./api.js";
import * as settings from "./settings.js";
import { trendStatistics } from "./summary.js";

export { accounts } from "./accounts.js";
export { chat } from "./chat.js";
export { history } from "./history.js";
export { polling } from "./polling.js";
export { handleSummary } from "./summary.js";

/** Before everything else: where nobody answers there is nothing to load. */
export const setup = expectServer;

const { stages, lengthMs, rampS, drainS } = settings;
const seconds = (number) => `${Math.ceil(number)}s`;
const afterRamp = { startTime: seconds(rampS), gracefulStop: seconds(drainS + 60) };
const time = seconds(lengthMs / 1000 - rampS);

const all = {
	// One VU for each room, which holds all its sockets.
	chat: {
		executor: "per-vu-iterations",
		vus: settings.rooms,
		iterations: 1,
		maxDuration: seconds(lengthMs / 1000 + drainS + 60),
		gracefulStop: "10s",
	},
	polling: {
		executor: "per-vu-iterations",
		vus: settings.pollingRooms,
		iterations: 1,
		maxDuration: seconds(lengthMs / 1000 + drainS),
		...afterRamp,
	},
	history: { executor: "constant-vus", vus: settings.readers, duration: time, ...afterRamp },
	accounts: {
		executor: "constant-arrival-rate",
		rate: settings.signUps,
		timeUnit: "1s",
		duration: time,
		preAllocatedVUs: Math.max(10, settings.signUps * 20),
		...afterRamp,
	},
};

const thresholdsOf = {
	chat: {
		"rooms{kind:chat}": [`count==${settings.rooms}`],
		deliveries_doubled: ["count==0"],
		...Object.fromEntries(
			stages.flatMap(({ name, connections }) => [
				[`connections{connections:${name}}`, [`count==${connections}`]],
				[`deliveries{connections:${name}}`, ["count>0"]],
				[`delivery{connections:${name}}`, [`p(99)<${settings.deliveryP99Ms}`]],
			]),
		),
	},
	polling: {
		"rooms{kind:polling}": [`count==${settings.pollingRooms}`],
		polled_delivery: [`p(99)<${settings.polledP99Ms}`],
	},
	history: { "http_req_duration{name:history}": [`p(99)<${settings.historyP99Ms}`] },
	accounts: {
		"http_req_duration{name:log in}": [`p(99)<${settings.logInP99Ms}`],
		"http_req_duration{name:register}": [`p(99)<${settings.logInP99Ms}`],
		dropped_iterations: ["count==0"],
	},
};

const chosen = (table) => settings.scenarios.map((name) => [name, table[name]]);

export const options = {
	scenarios: Object.fromEntries(chosen(all).map(([name, it]) => [name, { ...it, exec: name }])),
	thresholds: Object.assign(
		{ errors: ["count==0"], deliveries_lost: ["count==0"] },
		...chosen(thresholdsOf).map(([, rules]) => rules),
	),
	summaryTrendStats: trendStatistics,
	// What went wrong is counted and named; the bodies of answers are needed for that.
	discardResponseBodies: false,
	noConnectionReuse: false,
	batchPerHost: 6,
};
