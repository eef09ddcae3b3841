import {
	Combobox,
	ComboboxGroup,
	ComboboxGroupLabel,
	ComboboxItem,
	ComboboxList,
	ComboboxProvider,
} from "@ariakit/react";
import { type ReactNode, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { User } from "../../protocol";
import { conversations, myId, otherPerson, titleOf } from "../../state/selectors";
import { useChat } from "../../state/store";
import type { RoomState, State } from "../../state/types";
import { Avatar, Dialog, Icon, type IconName } from "../../ui";
import { UnreadBadge } from "../conversations";
import { RefusalNotice } from "../notices";
import { PersonLine, useOpenDirect, usePeopleSearch } from "../people";
import { go, roomPath } from "../places";
import styles from "./Jump.module.css";
import { rank } from "./rank";

export interface JumpAction {
	icon: IconName;
	label: string;
	run: () => void;
}

interface Props {
	open: boolean;
	onClose: () => void;
	actions: readonly JumpAction[];
}

/** More than these are better found by another letter. */
const SHOWN = 8;

/** Goes anywhere by a few letters: to conversations, to people, to what can be done. */
export function Jump({ open, onClose, actions }: Props) {
	const { t } = useTranslation("shell");
	const field = useRef<HTMLInputElement>(null);
	return (
		<Dialog open={open} onClose={onClose} title={t("jump.title")} initialFocus={field}>
			<Finder field={field} onClose={onClose} actions={actions} />
		</Dialog>
	);
}

interface Place {
	it: RoomState;
	title: string;
	/** What it is found by. */
	words: string;
}

function useConversations(query: string): Place[] {
	const all = useChat(conversations);
	const users = useChat((state) => state.users);
	const session = useChat((state) => state.session);
	return useMemo(() => {
		const state = { users, session } as State;
		const me = myId(state);
		const places = all.map((it): Place => {
			const title = titleOf(state, it.room);
			const username = users[otherPerson(it.room, me) ?? ""]?.username ?? "";
			return { it, title, words: it.room.kind === "direct" ? `${title} ${username}` : title };
		});
		return rank(query, places, (place) => place.words).slice(0, SHOWN);
	}, [all, users, session, query]);
}

function Finder({
	field,
	onClose,
	actions,
}: Pick<Props, "onClose" | "actions"> & { field: React.RefObject<HTMLInputElement | null> }) {
	const { t } = useTranslation("shell");
	const [query, setQuery] = useState("");
	const me = useChat(myId);
	const places = useConversations(query);
	const { people, error, searching } = usePeopleSearch(query);
	const direct = useOpenDirect(onClose);
	const known = new Set(places.map(({ it }) => otherPerson(it.room, me)));
	const others = people.filter((it) => it.id !== me && !known.has(it.id)).slice(0, SHOWN);
	const fitting = rank(query, actions, (it) => it.label);
	const nothing = places.length + others.length + fitting.length === 0;
	const leave = (run: () => void) => () => {
		onClose();
		run();
	};
	return (
		<ComboboxProvider value={query} setValue={setQuery}>
			<Combobox
				ref={field}
				className={styles.field}
				aria-label={t("jump.field")}
				placeholder={t("jump.field")}
				autoSelect="always"
				autoComplete="off"
				spellCheck={false}
				dir="auto"
			/>
			<RefusalNotice error={direct.error ?? error} />
			<ComboboxList alwaysVisible aria-label={t("jump.title")} className={styles.list}>
				<Group label={t("jump.conversations")} show={places.length > 0}>
					{places.map(({ it, title }) => (
						<Item key={it.room.id} onPick={leave(() => go(roomPath(it.room.id)))}>
							<PlaceLine it={it} title={title} />
						</Item>
					))}
				</Group>
				<Group label={t("jump.people")} show={others.length > 0}>
					{others.map((it: User) => (
						<Item key={it.id} onPick={() => direct.run(it.id)}>
							<PersonLine user={it} />
						</Item>
					))}
				</Group>
				<Group label={t("jump.actions")} show={fitting.length > 0}>
					{fitting.map((it) => (
						<Item key={it.label} onPick={leave(it.run)}>
							<span className={styles.square}>
								<Icon name={it.icon} size={16} />
							</span>
							<span className={styles.title}>{it.label}</span>
						</Item>
					))}
				</Group>
			</ComboboxList>
			<p className={styles.note} role="status">
				{nothing ? (
					t(searching ? "start.searching" : "jump.none")
				) : (
					<span className={styles.hint}>{t("jump.hint")}</span>
				)}
			</p>
		</ComboboxProvider>
	);
}

function Group({ label, show, children }: { label: string; show: boolean; children: ReactNode }) {
	if (!show) return null;
	return (
		<ComboboxGroup className={styles.group}>
			<ComboboxGroupLabel className={styles.label}>{label}</ComboboxGroupLabel>
			{children}
		</ComboboxGroup>
	);
}

function Item({ onPick, children }: { onPick: () => void; children: ReactNode }) {
	return (
		<ComboboxItem className={styles.item} focusOnHover setValueOnClick={false} onClick={onPick}>
			{children}
		</ComboboxItem>
	);
}

function PlaceLine({ it, title }: { it: RoomState; title: string }) {
	const me = useChat(myId);
	const other = it.room.kind === "direct" ? otherPerson(it.room, me) : null;
	return (
		<>
			{other === null ? (
				<span className={styles.square}>
					<Icon name={it.room.kind === "private" ? "lock" : "hash"} size={16} />
				</span>
			) : (
				<Avatar id={other} name={title} size={32} />
			)}
			<bdi className={styles.title}>{title}</bdi>
			<UnreadBadge it={it} />
		</>
	);
}
