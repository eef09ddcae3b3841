declare module "virtual:emoji-data" {
	/** Where the emoji of a language are. */
	const urls: Record<string, string>;
	export default urls;
}
