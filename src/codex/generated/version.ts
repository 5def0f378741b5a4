// GENERATED CODE! DO NOT MODIFY BY HAND!
// Written by scripts/codex-bindings.ts

export const CODEX_VERSION = '0.169.0';
