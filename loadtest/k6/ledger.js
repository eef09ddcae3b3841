// What was said in one room, and who heard it. Knows no network.

export class Ledger {
	constructor(members) {
		this.members = members;
		this.said = new Map();
		this.waiting = 0;
	}

	/** A message is about to be sent; `due` is when it should have been, in milliseconds. */
	say(nonce, due) {
		const heard = new Array(this.members).fill(false);
		this.said.set(nonce, { due, heard, missing: this.members, acknowledged: false });
		this.waiting += 1;
	}

	/** It is stored. Gives back when it should have been sent; `null` where nobody sent it. */
	acknowledge(nonce) {
		const message = this.said.get(nonce);
		if (!message || message.acknowledged) {
			return null;
		}
		message.acknowledged = true;
		this.waiting -= 1;
		return message.due;
	}

	/** It was refused: nobody has to hear it. */
	refuse(nonce) {
		if (this.said.delete(nonce)) {
			this.waiting -= 1;
		}
	}

	/** A member was told it. `null` where this run did not send it. */
	hear(member, nonce) {
		const message = this.said.get(nonce);
		if (!message) {
			return null;
		}
		const again = message.heard[member];
		if (!again) {
			message.heard[member] = true;
			message.missing -= 1;
		}
		return { due: message.due, again };
	}

	/** Acknowledged messages that have not come, counted by member. */
	missing() {
		let missing = 0;
		for (const message of this.said.values()) {
			missing += message.acknowledged ? message.missing : 0;
		}
		return missing;
	}

	/** Messages that were never answered. */
	unanswered() {
		return this.waiting;
	}

	isComplete() {
		return this.waiting === 0 && this.missing() === 0;
	}
}
