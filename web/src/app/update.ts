/** Keeps the program on the device, and notices when the server has a newer one. */

import { createStore, useStore } from "zustand";
import { SKIP_WAITING } from "./updateMessage";

const WORKER = "/sw.js";

/** A page that stays open for days asks this often (ms). */
const ASK_EVERY = 60 * 60 * 1000;

interface Update {
	/** A newer version is here, and takes over at the next start. */
	ready: boolean;
	waiting: ServiceWorker | null;
}

const update = createStore<Update>(() => ({ ready: false, waiting: null }));

interface TrustedTypes {
	createPolicy(
		name: string,
		rules: { createScriptURL(url: string): string },
	): { createScriptURL(url: string): string };
}

/** The address of the worker, and of nothing else, as the page's Trusted Types want it. */
function workerAddress(): string {
	const { trustedTypes } = window as { trustedTypes?: TrustedTypes };
	if (!trustedTypes) return WORKER;
	const policy = trustedTypes.createPolicy("starling", {
		createScriptURL(url) {
			if (url !== WORKER) throw new TypeError(`no script is loaded from ${url}`);
			return url;
		},
	});
	return policy.createScriptURL(WORKER);
}

/** To be called once, after the first page is shown. Where it is refused, everything else works. */
export function keepOnDevice(): void {
	// A part that was replaced on the server since this page was loaded.
	window.addEventListener("vite:preloadError", () => update.setState({ ready: true }));
	if (!import.meta.env.PROD || !("serviceWorker" in navigator)) return;
	navigator.serviceWorker.register(workerAddress(), { scope: "/" }).then(watch, () => undefined);
}

function watch(registration: ServiceWorkerRegistration): void {
	const found = (worker: ServiceWorker) => {
		// The first one of all replaces nothing.
		if (navigator.serviceWorker.controller) update.setState({ ready: true, waiting: worker });
	};
	if (registration.waiting) found(registration.waiting);
	registration.addEventListener("updatefound", () => {
		const worker = registration.installing;
		worker?.addEventListener("statechange", () => {
			if (worker.state === "installed") found(worker);
		});
	});
	const ask = () => {
		if (navigator.onLine) registration.update().catch(() => undefined);
	};
	setInterval(ask, ASK_EVERY);
}

function reload(): void {
	const { waiting } = update.getState();
	// Another tab may have taken it already.
	if (waiting?.state !== "installed") return location.reload();
	navigator.serviceWorker.addEventListener("controllerchange", () => location.reload());
	waiting.postMessage(SKIP_WAITING);
}

/** Whether a newer version is here, and how to take it now. Nothing that was typed is lost by it. */
export function useUpdate(): { ready: boolean; reload: () => void } {
	return { ready: useStore(update, (it) => it.ready), reload };
}
