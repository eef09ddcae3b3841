import { useId } from "react";
import { useTranslation } from "react-i18next";
import type { Me, RoomId } from "../../protocol";
import { conversations, otherPerson } from "../../state/selectors";
import { useChat } from "../../state/store";
import type { RoomState } from "../../state/types";
import { Button, EmptyState, Icon, IconButton, Placeholder } from "../../ui";
import { useWatch } from "../people";
import { DISCOVER, go, PlaceLink } from "../places";
import styles from "./ConversationList.module.css";
import { ConversationRow } from "./ConversationRow";
import { useRoving } from "./useRoving";

interface Props {
	me: Me;
	open: RoomId | null;
	onCreate: () => void;
	onStart: () => void;
}

/** Rooms, then direct conversations; those with the newest message first. */
export function ConversationList({ me, open, onCreate, onStart }: Props) {
	const { t } = useTranslation("shell");
	const all = useChat(conversations);
	const loaded = useChat((state) => state.conversationsLoaded);
	const rooms = all.filter((it) => it.room.kind !== "direct");
	const direct = all.filter((it) => it.room.kind === "direct");
	const ids = [...rooms, ...direct].map((it) => it.room.id);
	const { stop, onKeyDown, onFocus } = useRoving(ids, open);
	useWatch(direct.flatMap((it) => otherPerson(it.room, me.id) ?? []));
	if (!loaded && all.length === 0) return <Placeholder rows={8} avatar />;
	if (all.length === 0) return <NothingYet onCreate={onCreate} onStart={onStart} />;
	const shared = { me, open, stop };
	return (
		<div onKeyDown={onKeyDown} onFocus={onFocus}>
			<Group
				{...shared}
				title={t("list.rooms")}
				rooms={rooms}
				empty={t("list.rooms_empty")}
				add={{ label: t("list.create"), run: onCreate }}
			/>
			<Group
				{...shared}
				title={t("list.direct")}
				rooms={direct}
				empty={t("list.direct_empty")}
				add={{ label: t("list.start"), run: onStart }}
			/>
			<PlaceLink to={DISCOVER} className={styles.discover}>
				<Icon name="globe" size={18} />
				{t("list.discover")}
			</PlaceLink>
		</div>
	);
}

interface GroupProps {
	title: string;
	rooms: readonly RoomState[];
	empty: string;
	add: { label: string; run: () => void };
	me: Me;
	open: RoomId | null;
	stop: RoomId | null;
}

function Group({ title, rooms, empty, add, me, open, stop }: GroupProps) {
	const id = useId();
	return (
		<section className={styles.group}>
			<header className={styles.head}>
				<h2 id={id} className={styles.title}>
					{title}
				</h2>
				<IconButton icon="plus" size="small" label={add.label} onClick={add.run} />
			</header>
			{rooms.length === 0 ? (
				<p className={styles.empty}>{empty}</p>
			) : (
				<ul role="list" aria-labelledby={id}>
					{rooms.map((it) => (
						<ConversationRow
							key={it.room.id}
							it={it}
							me={me}
							open={it.room.id === open}
							stop={it.room.id === stop}
						/>
					))}
				</ul>
			)}
		</section>
	);
}

function NothingYet({ onCreate, onStart }: Pick<Props, "onCreate" | "onStart">) {
	const { t } = useTranslation("shell");
	return (
		<EmptyState
			icon="people"
			title={t("list.empty_title")}
			action={
				<>
					<Button variant="primary" icon="plus" onClick={onCreate}>
						{t("list.create")}
					</Button>
					<Button icon="globe" onClick={() => go(DISCOVER)}>
						{t("list.discover")}
					</Button>
					<Button icon="person" onClick={onStart}>
						{t("list.start")}
					</Button>
				</>
			}
		>
			{t("list.empty_text")}
		</EmptyState>
	);
}
