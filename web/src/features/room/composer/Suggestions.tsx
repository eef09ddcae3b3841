import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { Avatar, useAnnounce } from "../../../ui";
import styles from "./Suggestions.module.css";
import type { Suggestion } from "./useSuggestions";

/** The list above the composer. The focus stays in the text; the arrow keys move `active`. */
export function Suggestions({
	id,
	list,
	active,
	onPick,
	onActive,
}: {
	id: string;
	list: readonly Suggestion[];
	active: number;
	onPick: (suggestion: Suggestion) => void;
	onActive: (index: number) => void;
}) {
	const { t } = useTranslation("room");
	const announce = useAnnounce();
	const count = list.length;
	useEffect(() => {
		if (count > 0) announce(t("composer.found", { count }));
	}, [count, announce, t]);
	useEffect(() => {
		document.getElementById(`${id}-${active}`)?.scrollIntoView({ block: "nearest" });
	}, [id, active]);
	const people = list[0]?.is === "person";
	return (
		<div
			id={id}
			role="listbox"
			aria-label={t(people ? "composer.people" : "composer.emojis")}
			className={styles.list}
		>
			{list.map((it, index) => (
				// The keys are the text field's; its `aria-activedescendant` points here.
				<div
					key={it.id}
					id={`${id}-${index}`}
					role="option"
					aria-selected={index === active}
					className={styles.option}
					onPointerMove={() => onActive(index)}
					// The focus stays in the text field, and its keyboard open.
					onPointerDown={(event) => event.preventDefault()}
					onClick={() => onPick(it)}
				>
					{it.is === "person" ? (
						<>
							<Avatar id={it.user.id} name={it.user.display_name} size={28} />
							<bdi className={styles.name}>{it.user.display_name}</bdi>
							<span className={styles.aside} dir="ltr">
								@{it.user.username}
							</span>
						</>
					) : (
						<>
							<span className={styles.emoji}>{it.named.emoji}</span>
							<span className={styles.aside} dir="ltr">
								:{it.named.name}:
							</span>
						</>
					)}
				</div>
			))}
		</div>
	);
}
