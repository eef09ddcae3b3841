/** In which order members are listed. Pure. */

import type { Member, Role, User, UserId } from "../../protocol";

const RANK: Record<Role, number> = { owner: 0, admin: 1, member: 2 };

/** Above this, names are not all known, and what comes later would move what one reads. */
const BY_NAME = 200;

/**
 * Owner, admins, members. In rooms of moderate size by name; in large ones by id, which is the order
 * in which the server tells them, so that each page is added at the end.
 */
export function inOrder(
	members: Record<UserId, Member>,
	users: Record<UserId, User>,
	count: number,
	language: string,
): Member[] {
	const joined = Object.values(members).filter((it) => it.state === "joined");
	const rank = (it: Member) => RANK[it.role] ?? RANK.member;
	const name = (it: Member) => users[it.user_id]?.display_name ?? "";
	const byId = (a: Member, b: Member) => (a.user_id < b.user_id ? -1 : 1);
	if (count > BY_NAME) return joined.sort((a, b) => rank(a) - rank(b) || byId(a, b));
	const { compare } = new Intl.Collator(language, { sensitivity: "base", numeric: true });
	return joined.sort((a, b) => rank(a) - rank(b) || compare(name(a), name(b)) || byId(a, b));
}
