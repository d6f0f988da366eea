export default { build: { rollupOptions: { input: ["scenario-page.html", "classify-page.html"] } } };
