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
  {
    files: ["rustgpt_lab/views/js/**"], // how anything looks stands in lab.css; lab.js's `vary` gives it the numbers
    ignores: ["rustgpt_lab/views/js/picture.js"], // a picture of its own takes its looks along
    rules: {
      "no-restricted-syntax": ["error", ...[
        "MemberExpression[property.name='style']", "Property[key.name='style']",
        "CallExpression[callee.property.name='setAttribute'][arguments.0.value='style']",
      ].map((selector) => ({ selector, message: "A class in lab.css, or `vary`, says how it looks." }))],
    },
  },
];
