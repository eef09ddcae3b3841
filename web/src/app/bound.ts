import type { Client } from "../state/client";

/** The same client, whose methods may be taken out of it: each stays bound, and the same function. */
export function bound(client: Client): Client {
	const taken = new Map<PropertyKey, unknown>();
	return new Proxy(client, {
		get(target, name) {
			const value: unknown = Reflect.get(target, name, target);
			if (typeof value !== "function") return value;
			if (!taken.has(name)) taken.set(name, value.bind(target));
			return taken.get(name);
		},
	});
}
