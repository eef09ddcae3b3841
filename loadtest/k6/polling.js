// Rooms whose members use long polling and HTTP alone: one VU is one room.

import exec from "k6/execution";
import http from "k6/http";
import { answered, makeRoom, parameters } from "./api.js";
import { Ledger } from "./ledger.js";
import * as metrics from "./metrics.js";
import { api, drainS, lengthMs, pollersInRoom, rampS } from "./settings.js";

const EVERY_MS = 1000;
const WAIT_S = 2;

export async function polling() {
	const end = Date.now() + lengthMs - rampS * 1000;
	const room = makeRoom("p", pollersInRoom);
	if (room === null) {
		return;
	}
	const { id, members } = room;
	const ledger = new Ledger(members.length);
	let saying = true;

	const poll = async (token, member) => {
		let cursor = null;
		while (saying || (!ledger.isComplete() && Date.now() < end + drainS * 1000)) {
			const from = cursor === null ? "wait=0" : `cursor=${cursor}&wait=${WAIT_S}`;
			const address = `${api}/events?${from}`;
			const answer = await http.asyncRequest("GET", address, null, parameters("poll", token));
			const polled = answered("poll", answer);
			if (!polled) {
				return;
			}
			if (!polled.resumed) {
				metrics.failed("not_resumed", "a cursor was not taken");
			}
			cursor = encodeURIComponent(polled.cursor);
			// The same event may come again: each poll resumes.
			for (const { type, message } of polled.events) {
				const heard = type === "message" && ledger.hear(member, message.nonce);
				if (heard && !heard.again) {
					metrics.deliveries.add(1, { connections: "polling" });
					metrics.polledDelivery.add(Date.now() - heard.due);
				}
			}
		}
	};

	const say = async () => {
		for (let number = 0; Date.now() < end; number += 1) {
			const nonce = `poll-${exec.vu.idInTest}-${number}`;
			const body = JSON.stringify({ nonce, text: `Message ${number}, over HTTP.` });
			const token = members[number % members.length];
			const due = Date.now();
			ledger.say(nonce, due);
			const address = `${api}/rooms/${id}/messages`;
			const sent = await http.asyncRequest(
				"POST",
				address,
				body,
				parameters("send over HTTP", token),
			);
			if (answered("send over HTTP", sent)) {
				ledger.acknowledge(nonce);
				metrics.messages.add(1);
			} else {
				ledger.refuse(nonce);
			}
			await new Promise((resolve) => {
				setTimeout(resolve, Math.max(0, due + EVERY_MS - Date.now()));
			});
		}
		saying = false;
	};

	await Promise.all([...members.map(poll), say()]);
	metrics.lost.add(ledger.missing());
	metrics.rooms.add(1, { kind: "polling" });
}
