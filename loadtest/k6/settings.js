// What a run is to do: from the environment (`-e NAME=VALUE`), with defaults.

function number(name, otherwise) {
	const value = Number(__ENV[name] ?? otherwise);
	if (!(value >= 0)) {
		throw new Error(`${name} is a number, not ${__ENV[name]}`);
	}
	return value;
}

function list(name, otherwise) {
	return (__ENV[name] || otherwise).split(",").map((part) => part.trim());
}

const KNOWN = ["accounts", "chat", "history", "polling"];

export const server = (__ENV.SERVER || "http://127.0.0.1:8080").replace(/\/+$/, "");
export const api = `${server}/api/v1`;
export const socketAddress = `${api.replace(/^http/, "ws")}/socket`;

/** What is run, all at the same time. */
export const scenarios = list("SCENARIOS", KNOWN.join(","));
for (const name of scenarios) {
	if (!KNOWN.includes(name)) {
		throw new Error(`SCENARIOS has ${name}; there are: ${KNOWN.join(", ")}`);
	}
}

/** Members of a room. */
export const roomsOf = number("ROOMS_OF", 50);
/** Deliveries to each connection in a second. */
export const rate = number("RATE", 1);
/** How long each stage takes to make its connections, and how long it then holds them. */
export const rampS = number("RAMP_S", 60);
export const holdS = number("HOLD_S", 60);
/** How long to wait at the end for what is under way. */
export const drainS = number("DRAIN_S", 10);
/** Rooms in which members poll, with this many of them in each. */
export const pollingRooms = number("POLLING_ROOMS", 5);
export const pollersInRoom = 4;
/** People who read a history over and over, and messages in it. */
export const readers = number("READERS", 2);
export const historyMessages = number("HISTORY_MESSAGES", 60);
/** People who sign up, in a second. */
export const signUps = number("SIGN_UPS", 1);
/** The thresholds on the 99th percentiles. */
export const deliveryP99Ms = number("DELIVERY_P99_MS", 100);
// A poll that has something to tell waits for a tenth of a second for more.
export const polledP99Ms = number("POLLED_P99_MS", 250);
export const historyP99Ms = number("HISTORY_P99_MS", 250);
export const logInP99Ms = number("LOG_IN_P99_MS", 1000);

/**
 * The stages: each adds rooms until there are so many connections, and holds them. Times are in
 * milliseconds after the start.
 */
export const stages = list("STAGES", "1000").map((text, index) => {
	const rooms = Number(text) / roomsOf;
	if (!Number.isInteger(rooms) || rooms < 1) {
		throw new Error(`STAGES has ${text}; each is a multiple of ROOMS_OF, which is ${roomsOf}`);
	}
	const from = index * (rampS + holdS) * 1000;
	const hold = from + rampS * 1000;
	return { name: text, connections: Number(text), rooms, from, hold, to: hold + holdS * 1000 };
});
stages.slice(1).forEach((stage, index) => {
	if (stage.connections <= stages[index].connections) {
		throw new Error("STAGES go up");
	}
});

export const rooms = stages[stages.length - 1].rooms;
export const lengthMs = stages[stages.length - 1].to;

/** The name of the stage that is held at this time after the start; `rising` between two of them. */
export function held(ms) {
	const stage = stages.find(({ hold, to }) => hold <= ms && ms < to);
	return stage ? stage.name : "rising";
}
