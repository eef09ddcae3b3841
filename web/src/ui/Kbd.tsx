import { useTranslation } from "react-i18next";
import styles from "./Kbd.module.css";
import { keyCap, keysOf, onApple } from "./keys";

/** A shortcut, key by key, as this keyboard has it: `<Kbd keys="Mod+K" />`. */
export function Kbd({ keys }: { keys: string }) {
	const { t } = useTranslation("ui");
	const apple = onApple();
	return (
		<span className={styles.keys} dir="ltr">
			{keysOf(keys).map((key) => (
				<kbd key={key} className={styles.key}>
					{keyCap(key, apple, (name) => t(`key.${name}`))}
				</kbd>
			))}
		</span>
	);
}
