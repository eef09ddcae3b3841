import { useCallback, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { Virtuoso } from "react-virtuoso";
import type { Me, Member, MemberEntry } from "../../protocol";
import { useChat, useClient } from "../../state/store";
import type { RoomState } from "../../state/types";
import { Button, Placeholder, TextField } from "../../ui";
import { RefusalNotice, useAction } from "../notices";
import { useWatch } from "../people";
import styles from "./Details.module.css";
import { inOrder } from "./inOrder";
import { MemberRow } from "./MemberRow";
import rows from "./Members.module.css";

interface Props {
	it: RoomState;
	me: Me;
	scroller: HTMLElement | null;
	/** Absent where this person may add nobody. */
	onAdd?: () => void;
}

/** With fewer than this one finds everybody at a glance. */
const FILTERED = 12;

/** Presence is asked for those in sight, and for some before and after them. */
const AHEAD = 20;

/** Everybody in the room; more are loaded as one scrolls. */
export function Members({ it, me, scroller, onAdd }: Props) {
	const { t, i18n } = useTranslation(["shell", "errors"]);
	const users = useChat((state) => state.users);
	const [query, setQuery] = useState("");
	const [seen, setSeen] = useState({ from: 0, to: AHEAD });
	const { loadMembers } = useClient();
	const { id } = it.room;
	const { run, busy, error } = useAction(async () => {
		await loadMembers(id);
	});
	const { members, membersLoaded } = it;
	const count = it.memberCount ?? Object.keys(members).length;
	const all = useMemo(
		() => inOrder(members, users, count, i18n.language),
		[members, users, count, i18n.language],
	);
	const found = useFound(it, query);
	const shown = found ?? all;
	useEffect(() => {
		if (!membersLoaded) void run();
	}, [run, membersLoaded]);
	useWatch(shown.slice(Math.max(0, seen.from - AHEAD), seen.to + AHEAD).map((m) => m.user_id));
	const more = useCallback(() => {
		if (!membersLoaded && !busy) void run();
	}, [membersLoaded, busy, run]);
	return (
		<section aria-label={t("details.people")}>
			<header className={rows.head}>
				<h2 className={rows.title}>{t("details.people_count", { count })}</h2>
				{onAdd && (
					<Button size="small" icon="plus" onClick={onAdd}>
						{t("details.add")}
					</Button>
				)}
			</header>
			{count >= FILTERED && (
				<div className={rows.filter}>
					<TextField
						label={t("details.filter")}
						labelHidden
						placeholder={t("details.filter")}
						type="search"
						icon="search"
						value={query}
						onChange={(event) => setQuery(event.target.value)}
						dir="auto"
					/>
				</div>
			)}
			{all.length === 0 && error === null && <Placeholder rows={5} avatar />}
			{scroller && shown.length > 0 && (
				<Virtuoso
					customScrollParent={scroller}
					data={shown}
					computeItemKey={(_, member) => member.user_id}
					increaseViewportBy={400}
					endReached={found ? () => {} : more}
					rangeChanged={({ startIndex, endIndex }) => setSeen({ from: startIndex, to: endIndex })}
					components={{ List: MemberList, Item: MemberItem }}
					itemContent={(_, member) => <MemberRow it={it} me={me} member={member} />}
				/>
			)}
			{found?.length === 0 && <p className={styles.note}>{t("details.no_match")}</p>}
			<RefusalNotice error={error} />
			{error !== null && (
				<Button size="small" busy={busy} onClick={run}>
					{t("errors:try_again")}
				</Button>
			)}
		</section>
	);
}

const MemberList = (props: React.ComponentProps<"div">) => <div {...props} role="list" />;
const MemberItem = ({
	item: _item,
	...props
}: React.ComponentProps<"div"> & { item?: unknown }) => <div {...props} role="listitem" />;

/** The members whose names begin like this, from the server; `null` where nothing is asked. */
function useFound(it: RoomState, query: string): Member[] | null {
	const { findMembers } = useClient();
	const [found, setFound] = useState<{ asked: string; entries: MemberEntry[] } | null>(null);
	const asked = query.trim().replace(/^@/, "");
	const { id } = it.room;
	useEffect(() => {
		if (asked === "") return;
		let wanted = true;
		const timer = setTimeout(() => {
			findMembers(id, asked).then(
				(entries) => wanted && setFound({ asked, entries }),
				() => wanted && setFound({ asked, entries: [] }),
			);
		}, 200);
		return () => {
			wanted = false;
			clearTimeout(timer);
		};
	}, [findMembers, id, asked]);
	return useMemo(() => {
		if (asked === "" || !found) return null;
		return found.entries
			.map(({ member }) => it.members[member.user_id] ?? member)
			.filter((member) => member.state === "joined");
	}, [asked, found, it.members]);
}
