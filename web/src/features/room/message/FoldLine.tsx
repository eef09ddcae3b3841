import type { UserId } from "../../../protocol";
import { classes, Icon, listOf } from "../../../ui";
import { useNames } from "../names";
import { useRoomActions } from "../roomContext";
import styles from "./FoldLine.module.css";

/** So many are named where there are more than one more. */
const NAMED = 2;

interface Props {
	event: "joined" | "left";
	people: readonly UserId[];
	open: boolean;
	tabIndex: 0 | -1;
	onToggle: () => void;
}

/** "Nils, Olga and 16 others joined": one row for many, which shows them all when it is pressed. */
export function FoldLine({ event, people, open, tabIndex, onToggle }: Props) {
	const { t, language } = useRoomActions();
	const count = people.length;
	const named = useNames(people.slice(0, count > NAMED + 1 ? NAMED : count));
	const rest = count - named.length;
	const others = rest > 0 ? [t("system.others", { count: rest })] : [];
	const names = listOf([...named, ...others], language);
	return (
		<button
			type="button"
			className={styles.fold}
			tabIndex={tabIndex}
			aria-expanded={open}
			data-stop
			onClick={onToggle}
		>
			<Icon name="people" size={18} />
			<span className={styles.sentence}>{t(`system.${event}_several`, { names, count })}</span>
			<Icon name="chevron-down" size={16} className={classes(styles.sign, open && styles.open)} />
		</button>
	);
}
