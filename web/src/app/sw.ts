/**
 * The service worker: it keeps the built program, so that the client opens without a network. What
 * people write is none of its business: nothing below `/api` passes through it.
 */

import { cleanupOutdatedCaches, matchPrecache, precacheAndRoute } from "workbox-precaching";
import type { PrecacheEntry } from "workbox-precaching/_types";
import { SKIP_WAITING } from "./updateMessage";

declare const self: ServiceWorkerGlobalScope & { __WB_MANIFEST: (PrecacheEntry | string)[] };

/** The emoji's data: kept when it is first used. */
const EMOJI = "starling-emoji";
const EMOJI_FILE = /^\/assets\/emoji-\w+-[\w-]+\.json$/;
const SHELL = "/index.html";

precacheAndRoute(self.__WB_MANIFEST);
cleanupOutdatedCaches();

self.addEventListener("fetch", (event) => {
	const { request } = event;
	const url = new URL(request.url);
	if (request.method !== "GET" || url.origin !== location.origin) return;
	if (request.mode === "navigate" && isPage(url.pathname)) event.respondWith(page(request));
	else if (EMOJI_FILE.test(url.pathname)) event.respondWith(emoji(request));
});

/** Whether the program answers under this path, rather than the server or a file. */
function isPage(path: string): boolean {
	return !/^\/(api|metrics|health)/.test(path) && !/\.\w+$/.test(path);
}

async function page(request: Request): Promise<Response> {
	return (await matchPrecache(SHELL)) ?? fetch(request);
}

async function emoji(request: Request): Promise<Response> {
	const cache = await caches.open(EMOJI);
	const kept = await cache.match(request);
	if (kept) return kept;
	const response = await fetch(request);
	if (response.ok) {
		const [, language] = /emoji-(\w+)-/.exec(request.url) ?? [];
		for (const old of await cache.keys()) {
			if (old.url.includes(`/emoji-${language}-`)) await cache.delete(old);
		}
		await cache.put(request, response.clone());
	}
	return response;
}

/** A new version waits until the old one is closed, or until somebody asks for it. */
self.addEventListener("message", (event) => {
	if (event.data === SKIP_WAITING) void self.skipWaiting();
});

self.addEventListener("activate", (event) => {
	event.waitUntil(self.clients.claim());
});
