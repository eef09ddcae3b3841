import { useTranslation } from "react-i18next";
import { Dialog, Kbd } from "../../ui";
import { SCOPES, type Shortcut, useShortcuts } from "./registry";
import styles from "./ShortcutSheet.module.css";

/** All shortcuts that hold here, by where they hold. */
export function ShortcutSheet({ open, onClose }: { open: boolean; onClose: () => void }) {
	const { t } = useTranslation("shell");
	const all = useShortcuts();
	return (
		<Dialog open={open} onClose={onClose} title={t("shortcuts.title")}>
			{/* It is scrolled by keys, although nothing in it can be operated. */}
			<div className={styles.groups} tabIndex={0}>
				{SCOPES.map((scope) => {
					const some = all.filter((it) => it.scope === scope);
					if (some.length === 0) return null;
					return (
						<section key={scope}>
							<h2 className={styles.title}>{t(`shortcuts.${scope}`)}</h2>
							<dl className={styles.list}>
								{distinct(some).map((it) => (
									<Line key={it.label + it.keys} it={it} />
								))}
							</dl>
						</section>
					);
				})}
			</div>
		</Dialog>
	);
}

/** The same keys may be registered twice for the same thing. */
const distinct = (all: readonly Shortcut[]) => [
	...new Map(all.map((it) => [it.label + it.keys, it])).values(),
];

function Line({ it }: { it: Shortcut }) {
	const { t } = useTranslation(["shell", "room"]);
	return (
		<div className={styles.line}>
			<dt>{t(it.label)}</dt>
			<dd>
				<Kbd keys={it.keys} />
			</dd>
		</div>
	);
}
