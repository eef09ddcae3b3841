import { memo } from "react";
import type { MessageId, ReactionSummary } from "../../../protocol";
import { reactedWith } from "../../../state/selectors";
import { useChat } from "../../../state/store";
import { classes, IconButton, listOf, Tooltip } from "../../../ui";
import { useNames } from "../names";
import { useRoomActions } from "../roomContext";
import styles from "./Reactions.module.css";

/** The reactions to a message; nothing where there are none. */
export const Reactions = memo(function Reactions({
	message,
	tabIndex,
	onAdd,
}: {
	message: MessageId;
	tabIndex: 0 | -1;
	onAdd: () => void;
}) {
	const { t, roomId, me } = useRoomActions();
	const summary = useChat((state) => state.rooms[roomId]?.reactions.get(message)?.summary);
	const own = useChat((state) => {
		const room = state.rooms[roomId];
		return room ? reactedWith(room, message, me) : [];
	});
	if (!summary || summary.length === 0) return null;
	return (
		<fieldset className={styles.reactions} aria-label={t("reactions.label")}>
			{summary.map((it) => (
				<Reaction
					key={it.emoji}
					message={message}
					summary={it}
					own={own.includes(it.emoji)}
					tabIndex={tabIndex}
				/>
			))}
			<IconButton
				icon="plus"
				size="small"
				label={t("reactions.add")}
				tabIndex={tabIndex}
				className={styles.add}
				onClick={onAdd}
			/>
		</fieldset>
	);
});

/** So many people are named; the others are counted. */
const NAMED = 5;

function Reaction({
	message,
	summary: { emoji, count, users },
	own,
	tabIndex,
}: {
	message: MessageId;
	summary: ReactionSummary;
	own: boolean;
	tabIndex: 0 | -1;
}) {
	const { t, language, me, react } = useRoomActions();
	const others = users.filter((id) => id !== me).slice(0, NAMED);
	const named = [...(own ? [t("reactions.you")] : []), ...useNames(others)];
	const rest = count - named.length;
	if (rest > 0) named.push(t("reactions.more", { count: rest }));
	const names = listOf(named, language);
	return (
		<Tooltip label={t("reactions.who", { names, emoji })}>
			<button
				type="button"
				tabIndex={tabIndex}
				aria-pressed={own}
				aria-label={t("reactions.one", { emoji, names })}
				className={classes(styles.reaction, own && styles.own)}
				onClick={() => react(message, emoji, !own)}
			>
				<span className={styles.emoji}>{emoji}</span>
				<span className={styles.count}>{new Intl.NumberFormat(language).format(count)}</span>
			</button>
		</Tooltip>
	);
}
