import type { Member, MessageId, UserId } from "../../../protocol";

/** How far a message came, by the members who are known. */
export interface Reach {
	read: UserId[];
	delivered: UserId[];
}

export function reach(
	members: Record<UserId, Member>,
	message: MessageId,
	author: UserId | null,
): Reach {
	const read: UserId[] = [];
	const delivered: UserId[] = [];
	for (const it of Object.values(members)) {
		if (it.state !== "joined" || it.user_id === author) continue;
		if (it.read && it.read >= message) read.push(it.user_id);
		else if (it.delivered && it.delivered >= message) delivered.push(it.user_id);
	}
	return { read, delivered };
}
