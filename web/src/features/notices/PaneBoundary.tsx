import { Component, type ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { Button, EmptyState } from "../../ui";

interface Props {
	children: ReactNode;
}

/** What breaks in one pane leaves the others alone, and there is a way on. */
export class PaneBoundary extends Component<Props, { error: unknown }> {
	override state = { error: null };

	static getDerivedStateFromError(error: unknown) {
		return { error };
	}

	override render() {
		const { error } = this.state;
		if (error === null) return this.props.children;
		return <Broken error={error} again={() => this.setState({ error: null })} />;
	}
}

/** A part of the script that does not come is no mistake of the page. */
const isLoading = (error: unknown) =>
	error instanceof Error && /import|chunk|module|fetch|preload/i.test(error.message);

function Broken({ error, again }: { error: unknown; again: () => void }) {
	const { t } = useTranslation("errors");
	const loading = isLoading(error);
	const action = (
		<>
			<Button variant="primary" onClick={loading ? () => location.reload() : again}>
				{loading ? t("boundary.reload") : t("boundary.again")}
			</Button>
			{!loading && <Button onClick={() => location.reload()}>{t("boundary.reload")}</Button>}
		</>
	);
	return (
		<div role="alert">
			<EmptyState
				icon="alert"
				title={loading ? t("boundary.load_title") : t("boundary.title")}
				action={action}
			>
				{loading ? t("boundary.load_text") : t("boundary.text")}
			</EmptyState>
		</div>
	);
}
