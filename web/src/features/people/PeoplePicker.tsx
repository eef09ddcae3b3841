import { Combobox, ComboboxItem, ComboboxList, ComboboxProvider } from "@ariakit/react";
import { type ReactNode, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import type { User, UserId } from "../../protocol";
import { Avatar, Dialog } from "../../ui";
import { RefusalNotice } from "../notices";
import styles from "./PeoplePicker.module.css";
import { usePeopleSearch } from "./usePeopleSearch";
import { usePresence, useWatch } from "./usePresence";

interface Props {
	open: boolean;
	onClose: () => void;
	title: string;
	onPick: (user: User) => void;
	/** Why somebody can't be chosen; `null` where they can. */
	refuse?: (id: UserId) => string | null;
	/** What came of the choice: an error, for example. */
	children?: ReactNode;
}

/** A dialog that finds one person by the beginning of their name. */
export function PeoplePicker({ open, onClose, title, children, ...rest }: Props) {
	const field = useRef<HTMLInputElement>(null);
	return (
		<Dialog open={open} onClose={onClose} title={title} initialFocus={field}>
			{children}
			<Search field={field} {...rest} />
		</Dialog>
	);
}

function Search({
	field,
	onPick,
	refuse = () => null,
}: Pick<Props, "onPick" | "refuse"> & { field: React.RefObject<HTMLInputElement | null> }) {
	const { t } = useTranslation("shell");
	const [query, setQuery] = useState("");
	const { people, searching, error } = usePeopleSearch(query);
	useWatch(people.map((it) => it.id));
	const empty = query.trim() === "" ? t("start.hint") : searching ? t("start.searching") : null;
	return (
		<ComboboxProvider setValue={setQuery} value={query} includesBaseElement={false}>
			<Combobox
				ref={field}
				className={styles.field}
				aria-label={t("start.field")}
				placeholder={t("start.field")}
				autoSelect="always"
				autoComplete="off"
				spellCheck={false}
				dir="auto"
			/>
			<RefusalNotice error={error} />
			<p className={styles.note} role="status">
				{people.length === 0 ? (empty ?? (error ? null : t("start.none"))) : null}
			</p>
			<ComboboxList aria-label={t("start.people")} className={styles.list} alwaysVisible>
				{people.map((it) => {
					const why = refuse(it.id);
					return (
						<ComboboxItem
							key={it.id}
							className={styles.item}
							disabled={why !== null}
							focusOnHover
							setValueOnClick={false}
							onClick={() => onPick(it)}
						>
							<PersonLine user={it} note={why} />
						</ComboboxItem>
					);
				})}
			</ComboboxList>
		</ComboboxProvider>
	);
}

/** A person in a list to choose from. */
export function PersonLine({ user, note }: { user: User; note?: string | null }) {
	const { presence, label } = usePresence(user.id);
	return (
		<>
			<Avatar
				id={user.id}
				name={user.display_name}
				size={32}
				presence={presence}
				presenceLabel={label}
			/>
			<span className={styles.names}>
				<bdi className={styles.name}>{user.display_name}</bdi>
				<bdi className={styles.username}>@{user.username}</bdi>
			</span>
			{note && <span className={styles.why}>{note}</span>}
		</>
	);
}
