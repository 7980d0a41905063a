// `npm install && npm run lint` in this folder looks at the JavaScript of the package and of its tests.
import js from "@eslint/js";
import globals from "globals";

export default [
  js.configs.recommended,
  {
    languageOptions: { ecmaVersion: 2022, globals: { ...globals.browser, ...globals.node } },
    rules: {
      eqeqeq: "error", "max-len": ["error", 120], "no-shadow": "error", "no-var": "error", "prefer-const": "error",
    },
  },
];
