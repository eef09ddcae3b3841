import { useState } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "../IconButton";
import { Toolbar } from "../Toolbar";
import styles from "./QuickReactions.module.css";
import { recentEmoji, rememberEmoji } from "./recent";

const SHOWN = 6;

/** The emoji that one uses most, in one row with one tab stop. `onMore` opens them all. */
export function QuickReactions({
	onPick,
	onMore,
	count = SHOWN,
}: {
	onPick: (emoji: string) => void;
	onMore?: (() => void) | undefined;
	count?: number | undefined;
}) {
	const { t } = useTranslation("ui");
	const [offered] = useState(() => recentEmoji(count));
	const pick = (emoji: string) => {
		rememberEmoji(emoji);
		onPick(emoji);
	};
	return (
		<Toolbar label={t("emoji.quick")} className={styles.quick}>
			{offered.map((emoji) => (
				<button
					key={emoji}
					type="button"
					className={styles.emoji}
					aria-label={t("emoji.react", { emoji })}
					onClick={() => pick(emoji)}
				>
					{emoji}
				</button>
			))}
			{onMore ? (
				<IconButton icon="smile" label={t("emoji.more")} onClick={onMore} tooltip="none" />
			) : null}
		</Toolbar>
	);
}
