// Rooms whose members are all connected: one VU is one room, with a socket for each member. So one
// VU knows all that was said in its room, and who heard it.

import { sleep } from "k6";
import exec from "k6/execution";
import { WebSocket } from "k6/websockets";
import { makeRoom } from "./api.js";
import { Ledger } from "./ledger.js";
import * as metrics from "./metrics.js";
import { drainS, held, lengthMs, rate, roomsOf, socketAddress, stages } from "./settings.js";

const TICK_MS = 5;
/** Between two messages of a room: each reaches every member. */
const EVERY_MS = 1000 / rate;
/** Connections are counted so long before their stage ends. */
const COUNT_BEFORE_MS = 100;

export function chat() {
	const number = exec.scenario.iterationInTest;
	const began = exec.scenario.startTime;
	const stage = stages.findIndex(({ rooms }) => number < rooms);
	const { from, hold, rooms } = stages[stage];
	const before = stage > 0 ? stages[stage - 1].rooms : 0;
	// The rooms of a stage begin one after another, in the first half of its time.
	const turn = from + ((hold - from) / 2) * ((number - before) / (rooms - before));
	sleep(Math.max(0, began + turn - Date.now()) / 1000);
	// So that the rooms don't all speak at once.
	const offset = (number / stages[stages.length - 1].rooms) * EVERY_MS;
	new Room(began, stage, offset).open();
}

class Room {
	constructor(began, stage, offset) {
		this.began = began;
		this.stage = stage;
		this.offset = offset;
		this.ledger = new Ledger(roomsOf);
		this.sockets = [];
		this.leaving = false;
		/** The stage at whose end connections are counted next. */
		this.counted = stage;
		/** When the first message is due, once all are connected. */
		this.first = null;
		this.sent = 0;
	}

	now() {
		return Date.now() - this.began;
	}

	open() {
		const room = makeRoom("c", roomsOf);
		if (room === null) {
			return;
		}
		this.id = room.id;
		this.tokens = room.members;
		// In what is left of the stage's time, less a little for the last of them.
		this.opened = this.now();
		this.between = (Math.max(0, stages[this.stage].hold - this.opened) * 0.7) / roomsOf;
		this.ticks = setInterval(() => this.tick(), TICK_MS);
	}

	connect(member, token) {
		const socket = new WebSocket(socketAddress, "starling.v1", { tags: { name: "socket" } });
		const link = { socket, ready: false, commands: 1, nonces: new Map() };
		this.sockets[member] = link;
		socket.onopen = () => socket.send(JSON.stringify({ id: 1, type: "hello", token, idle: false }));
		socket.onmessage = (event) => this.receive(member, link, event);
		socket.onerror = (event) => {
			if (!this.leaving) {
				metrics.failed("connection_failed", event.error);
			}
		};
		socket.onclose = (event) => {
			link.ready = false;
			if (!this.leaving) {
				metrics.failed("connection_closed", `with code ${event.code}`);
			}
		};
	}

	receive(member, link, event) {
		const frame = JSON.parse(event.data);
		switch (frame.type) {
			case "message":
				if (frame.message.nonce) {
					this.hear(member, frame.message.nonce, event.timestamp);
				}
				break;
			case "ok":
				this.acknowledge(link, frame.id, event.timestamp);
				break;
			case "caught_up":
				link.ready = true;
				break;
			case "heartbeat":
				link.socket.send('{"type":"heartbeat"}');
				break;
			case "error":
				this.ledger.refuse(link.nonces.get(frame.id));
				metrics.failed(frame.error.code, frame.error.detail);
				break;
			case "goodbye":
				metrics.failed("goodbye", "the server is stopping");
				break;
		}
	}

	hear(member, nonce, at) {
		const heard = this.ledger.hear(member, nonce);
		if (heard?.again) {
			metrics.doubled.add(1);
		} else if (heard) {
			const tags = { connections: held(heard.due - this.began) };
			metrics.deliveries.add(1, tags);
			metrics.delivery.add(at - heard.due, tags);
		}
	}

	acknowledge(link, id, at) {
		const due = this.ledger.acknowledge(link.nonces.get(id));
		link.nonces.delete(id);
		if (due !== null) {
			metrics.messages.add(1);
			metrics.acknowledgement.add(at - due);
		}
	}

	/** Sends what is due: a message that waited is measured from when it should have been sent. */
	tick() {
		const now = Date.now();
		const end = this.began + lengthMs;
		this.connectWhoIsDue();
		this.countConnections();
		if (this.first === null && this.isConnected()) {
			this.first = Math.max(now, this.began + stages[this.stage].hold) + this.offset;
		}
		while (this.first !== null && this.due() <= Math.min(now, end - 1)) {
			this.say(this.due());
		}
		if (now >= end && (this.ledger.isComplete() || now > end + drainS * 1000)) {
			this.leave();
		}
	}

	isConnected() {
		return this.connections() === roomsOf;
	}

	connections() {
		return this.sockets.filter((link) => link?.ready).length;
	}

	due() {
		return this.first + this.sent * EVERY_MS;
	}

	/** The members take turns. One whose connection has ended says nothing: that was counted. */
	say(due) {
		const link = this.sockets[this.sent % roomsOf];
		this.sent += 1;
		if (!link.ready) {
			return;
		}
		const nonce = `message-${exec.vu.idInTest}-${this.sent}`;
		link.commands += 1;
		link.nonces.set(link.commands, nonce);
		this.ledger.say(nonce, due);
		const text = `Message ${this.sent} of a load test, with as many words as people tend to use.`;
		const command = { id: link.commands, type: "send", room_id: this.id, nonce, text };
		link.socket.send(JSON.stringify(command));
	}

	connectWhoIsDue() {
		while (
			this.sockets.length < roomsOf &&
			this.opened + this.sockets.length * this.between <= this.now()
		) {
			this.connect(this.sockets.length, this.tokens[this.sockets.length]);
		}
	}

	countConnections() {
		const { name, to } = stages[this.counted] ?? {};
		if (this.now() >= to - COUNT_BEFORE_MS) {
			metrics.connections.add(this.connections(), { connections: name });
			this.counted += 1;
		}
	}

	leave() {
		clearInterval(this.ticks);
		this.leaving = true;
		metrics.rooms.add(1, { kind: "chat" });
		metrics.lost.add(this.ledger.missing());
		for (let unanswered = this.ledger.unanswered(); unanswered > 0; unanswered -= 1) {
			metrics.failed("unanswered", "a message was neither acknowledged nor refused");
		}
		for (const link of this.sockets) {
			link?.socket.close();
		}
	}
}
