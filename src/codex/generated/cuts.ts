// GENERATED CODE! DO NOT MODIFY BY HAND!
// Written by scripts/codex-bindings.ts
// Types left out: `unknown` is received and not looked into, `never` is not sent.

export type AdditionalContextEntry = never;
export type AgentMessageModeration = unknown;
export type CollabAgentState = unknown;
export type CollaborationMode = unknown;
export type CyberAccessProgram = never;
export type DynamicToolCallOutputContentItem = unknown;
export type DynamicToolSpec = never;
export type FunctionCallOutputBody = unknown;
export type GitInfo = unknown;
export type HookPromptFragment = unknown;
export type ImageGenerationFailure = unknown;
export type ImageGenerationInputImage = unknown;
export type InputModality = unknown;
export type McpAppUi = unknown;
export type McpElicitationSchema = unknown;
export type McpToolCallAppContext = unknown;
export type McpToolCallResult = unknown;
export type MemoryCitation = unknown;
export type MisalignmentErrorDetails = unknown;
export type ModelAccessPrograms = unknown;
export type ModelAvailabilityNux = unknown;
export type ModelServiceTier = unknown;
export type ModelUpgradeInfo = unknown;
export type MultiAgentVersion = unknown;
export type Personality = never;
export type ReasoningEffortOption = unknown;
export type ReasoningSummary = never;
export type ResponseItem = never;
export type SelectedCapabilityRoot = never;
export type SubAgentSource = unknown;
export type ThreadEnvironment = unknown;
export type ThreadExtra = unknown;
export type ThreadItemOutputDeferral = never;
export type ThreadItemsListAnchor = never;
export type ThreadReadState = unknown;
export type ThreadSection = unknown;
export type ThreadStartSource = never;
export type TurnEnvironmentParams = never;
export type TurnToolOutput = never;
export type WebSearchAction = unknown;
export type WorkspaceRouting = unknown;
