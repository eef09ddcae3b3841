import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { RoomDetails } from "../../protocol";
import { useChat, useClient } from "../../state/store";
import { Button, EmptyState, Icon, Placeholder, plainText, TextField, useToast } from "../../ui";
import { rank } from "../jump";
import { RefusalNotice, useAction } from "../notices";
import { DISCOVER, go, PlaceLink, roomPath } from "../places";
import styles from "./Discover.module.css";
import { usePublicRooms } from "./usePublicRooms";

/** The rooms that are open to everybody. */
export function Discover({ onCreate }: { onCreate: () => void }) {
	const { t } = useTranslation("shell");
	const [query, setQuery] = useState("");
	const { rooms, loading, loaded, hasMore, more, error } = usePublicRooms();
	const shown = rank(query, rooms, (it) => `${it.room.name} ${it.room.description}`);
	const create = (
		<Button variant="primary" icon="plus" onClick={onCreate}>
			{t("list.create")}
		</Button>
	);
	if (loaded && rooms.length === 0 && !hasMore) {
		return (
			<EmptyState icon="hash" title={t("discover.none_title")} action={create}>
				{t("discover.none_text")}
			</EmptyState>
		);
	}
	return (
		<div className={styles.page}>
			<div className={styles.tools}>
				<TextField
					label={t("discover.filter")}
					labelHidden
					placeholder={t("discover.filter")}
					icon="search"
					type="search"
					value={query}
					onChange={(event) => setQuery(event.target.value)}
					dir="auto"
				/>
				<Button icon="plus" onClick={onCreate}>
					{t("list.create")}
				</Button>
			</div>
			{!loaded && error === null && <Placeholder rows={6} avatar />}
			<ul role="list" aria-label={t("discover.list")} className={styles.list}>
				{shown.map((it) => (
					<Entry key={it.room.id} it={it} />
				))}
			</ul>
			{loaded && shown.length === 0 && <p className={styles.none}>{t("discover.no_match")}</p>}
			<RefusalNotice error={error} />
			{(hasMore && loaded) || error !== null ? (
				<Button busy={loading} onClick={more}>
					{error === null ? t("discover.more") : t("discover.again")}
				</Button>
			) : null}
		</div>
	);
}

function Entry({ it }: { it: RoomDetails }) {
	const { t } = useTranslation("shell");
	const { join } = useClient();
	const toast = useToast();
	const { room } = it;
	const inside = useChat((state) => state.rooms[room.id]?.me?.state === "joined");
	const { run, busy, error } = useAction(async () => {
		await join(room.id);
		toast(t("discover.joined", { room: room.name }));
		// Whoever has gone elsewhere meanwhile stays there.
		if (location.pathname === DISCOVER) go(roomPath(room.id));
	});
	return (
		<li className={styles.entry}>
			<span className={styles.square}>
				<Icon name="hash" size={16} />
			</span>
			<div className={styles.words}>
				<PlaceLink to={roomPath(room.id)} className={styles.name}>
					<bdi>{room.name}</bdi>
				</PlaceLink>
				<p className={styles.text} dir="auto">
					{plainText(room.description)}
				</p>
				<p className={styles.count}>{t("discover.people", { count: it.member_count })}</p>
				<RefusalNotice error={error} />
			</div>
			{inside ? (
				<Button
					aria-label={t("discover.open_room", { room: room.name })}
					onClick={() => go(roomPath(room.id))}
				>
					{t("discover.open")}
				</Button>
			) : (
				<Button busy={busy} aria-label={t("discover.join_room", { room: room.name })} onClick={run}>
					{t("discover.join")}
				</Button>
			)}
		</li>
	);
}
