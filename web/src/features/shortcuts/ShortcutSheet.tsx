import { useTranslation } from "react-i18next";
import { Dialog, Kbd } from "../../ui";
import { type Label, SCOPES, type Shortcut, useShortcuts } from "./registry";
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
								{byLabel(some).map(([label, keys]) => (
									<Line key={label} label={label} keys={keys} />
								))}
							</dl>
						</section>
					);
				})}
			</div>
		</Dialog>
	);
}

/** What does one thing stands in one line; what is registered twice is said once. */
function byLabel(all: readonly Shortcut[]): [Label, string[]][] {
	const lines = new Map<Label, string[]>();
	for (const { label, keys } of all) {
		const line = lines.get(label) ?? [];
		if (!line.includes(keys)) lines.set(label, [...line, keys]);
	}
	return [...lines];
}

function Line({ label, keys }: { label: Label; keys: readonly string[] }) {
	const { t } = useTranslation(["shell", "room"]);
	return (
		<div className={styles.line}>
			<dt>{t(label)}</dt>
			<dd>
				{keys.map((it) => (
					<Kbd key={it} keys={it} />
				))}
			</dd>
		</div>
	);
}
