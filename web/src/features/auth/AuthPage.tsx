import type { FormEvent, ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { LANGUAGES, Logo, Select, useLanguage } from "../../ui";
import styles from "./AuthPage.module.css";

interface Props {
	title: string;
	onSubmit: () => void;
	/** Above the fields: why one is here. */
	notice?: ReactNode;
	children: ReactNode;
	/** Below the form: the other way in. */
	other: ReactNode;
}

/** What log-in and sign-up look like. */
export function AuthPage({ title, onSubmit, notice, children, other }: Props) {
	const submit = (event: FormEvent) => {
		event.preventDefault();
		onSubmit();
	};
	return (
		<div className={styles.page}>
			<main className={styles.card}>
				<Logo size={44} />
				<h1 className={styles.title}>{title}</h1>
				{notice}
				<form className={styles.form} onSubmit={submit} noValidate>
					{children}
				</form>
				<p className={styles.other}>{other}</p>
			</main>
			<footer className={styles.foot}>
				<LanguageSelect />
			</footer>
		</div>
	);
}

/** Before one is logged in there is no menu that it could stand in. */
function LanguageSelect() {
	const { t } = useTranslation("account");
	const { language, setLanguage } = useLanguage();
	return (
		<Select
			label={t("appearance.language")}
			labelHidden
			value={language}
			onChange={(event) => {
				const chosen = LANGUAGES.find((it) => it.code === event.target.value);
				if (chosen) void setLanguage(chosen.code);
			}}
			options={LANGUAGES.map((it) => ({ value: it.code, label: it.name }))}
		/>
	);
}
