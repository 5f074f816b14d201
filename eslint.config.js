import js from '@eslint/js';
import globals from 'globals';

const rules = {
  'no-unused-vars': ['error', { argsIgnorePattern: '^_', caughtErrors: 'none' }],
  'no-var': 'error',
  'prefer-const': 'error',
  eqeqeq: ['error', 'always', { null: 'ignore' }],
  'no-eval': 'error',
  'no-implied-eval': 'error',
  'no-new-func': 'error',
  'no-console': 'off',
  'no-empty': ['error', { allowEmptyCatch: true }],
  'no-shadow': 'off',
  'no-restricted-properties': ['error',
    { property: 'innerHTML', message: 'Nothing becomes HTML from a string.' },
    { property: 'outerHTML', message: 'Nothing becomes HTML from a string.' },
    { property: 'insertAdjacentHTML', message: 'Nothing becomes HTML from a string.' }],
  quotes: ['error', 'single', { avoidEscape: true, allowTemplateLiterals: true }],
  semi: ['error', 'always'],
  'max-len': ['error', { code: 110, ignoreUrls: true, ignoreStrings: true, ignoreTemplateLiterals: true,
    ignoreRegExpLiterals: true }],
};

export default [
  { ignores: ['build/**', 'build-*/**', 'node_modules/**', '**/node_modules/**', 'web/vendor/**', 'data/**'] },
  js.configs.recommended,
  { files: ['**/*.js', '**/*.mjs'], languageOptions: { ecmaVersion: 2024, sourceType: 'module' }, rules },
  { files: ['web/**/*.js'], languageOptions: { globals: { ...globals.browser } } },
  // What lies below the views works without a page; workers and tests use it too.
  {
    files: ['web/{core,domain,net,rtc,media,sdk,i18n}/**/*.js'],
    rules: { 'no-restricted-globals': ['error', { name: 'document', message: 'Only views touch the document.' }] },
  },
  {
    files: ['scripts/**/*.mjs', 'tests/**/*.mjs', 'bench/**/*.mjs', '*.js'],
    languageOptions: { globals: { ...globals.node } },
  },
  // Requests and answers, byte for byte, are read better in one line.
  { files: ['tests/**/*.mjs', 'bench/**/*.mjs'], rules: { 'max-len': ['error', { code: 140, ignoreUrls: true, ignoreStrings: true,
    ignoreTemplateLiterals: true, ignoreRegExpLiterals: true }] } },
  // Functions that a test hands to a page run over there.
  { files: ['tests/**/*.mjs', 'bench/**/*.mjs'], languageOptions: { globals: { ...globals.browser, ...globals.node } } },
];
