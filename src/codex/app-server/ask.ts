import type { Ask, Choice } from '../../core/session/request.ts';
import { readCommandLine } from '../command-line.ts';
import type { CommandExecutionRequestApprovalParams } from '../generated/v2/CommandExecutionRequestApprovalParams.ts';
import type { FileChangeRequestApprovalParams } from '../generated/v2/FileChangeRequestApprovalParams.ts';
import type { McpServerElicitationRequestParams } from '../generated/v2/McpServerElicitationRequestParams.ts';
import type { PermissionsRequestApprovalParams } from '../generated/v2/PermissionsRequestApprovalParams.ts';
import type { ToolRequestUserInputParams } from '../generated/v2/ToolRequestUserInputParams.ts';

/** Where a request of Codex belongs, and what it asks. */
export type Asked = { thread: string; turn: string; item: string; startedAt: number | null; ask: Ask };

/** What only the edge can tell: the files of a patch (its request carries no diff) and what can be written. */
export type AskContext = {
  filesOf(thread: string, item: string): { path: string; kind: string }[];
  writableOf(commands: string[][], cwd: string, thread: string): string[];
  realPath(path: string): string;
};

const ACCEPT: Choice = { id: 'accept', label: 'Yes, once', prefix: null };
const SESSION: Choice = { id: 'session', label: 'Yes, for this session', prefix: null };
const DECLINE: Choice = { id: 'decline', label: 'No, and go on', prefix: null };

/**
 * What a request of the app-server asks, in our words; null for a method that we do not answer.
 * Pure but for what `context` tells.
 */
export function mapAsk(method: string, params: unknown, context: AskContext): Asked | null {
  switch (method) {
    case 'item/commandExecution/requestApproval':
      return commandAsk(params as CommandExecutionRequestApprovalParams, context);
    case 'item/fileChange/requestApproval':
      return patchAsk(params as FileChangeRequestApprovalParams, context);
    case 'item/tool/requestUserInput':
      return questionAsk(params as ToolRequestUserInputParams);
    case 'item/permissions/requestApproval':
      return permissionsAsk(params as PermissionsRequestApprovalParams);
    case 'mcpServer/elicitation/request':
      return elicitationAsk(params as McpServerElicitationRequestParams);
    default:
      return null;
  }
}

function commandAsk(params: CommandExecutionRequestApprovalParams, context: AskContext): Asked {
  const where = {
    thread: params.threadId,
    turn: params.turnId,
    item: params.itemId,
    startedAt: params.startedAtMs,
  };
  const network = params.networkApprovalContext ?? null;
  if (network !== null) {
    const question = `Allow network access to ${network.host} (${network.protocol})?`;
    return { ...where, ask: { need: 'network', question, choices: [ACCEPT, SESSION, DECLINE] } };
  }
  const { line, commands } = readCommandLine(params.command ?? '');
  // Only a command that is to be run is judged by its words; input to a running one is judged by a person.
  // One that is to get more permissions than its words tell is judged by a person, too.
  const extra = params.additionalPermissions ?? null;
  const judged = params.kind === 'command' && extra === null ? commands : null;
  const cwd = context.realPath(params.cwd ?? '/');
  const writable = judged === null ? [] : context.writableOf(judged, cwd, params.threadId);
  const asked = params.reason ?? 'Run this command outside the sandbox?';
  const question = extra === null ? asked : `${asked} With these permissions: ${JSON.stringify(extra)}`;
  return {
    ...where,
    ask: {
      need: 'approval',
      question,
      command: line,
      commands: judged,
      cwd,
      writable,
      choices: commandChoices(params),
    },
  };
}

/** Only what Codex offers here; declining is always possible and lets the turn go on (measured on 0.169). */
function commandChoices(params: CommandExecutionRequestApprovalParams): Choice[] {
  const choices = [ACCEPT];
  for (const decision of params.availableDecisions ?? []) {
    if (decision === 'acceptForSession') choices.push(SESSION);
    if (typeof decision === 'object' && 'acceptWithExecpolicyAmendment' in decision) {
      const prefix = decision.acceptWithExecpolicyAmendment.execpolicy_amendment;
      choices.push({ id: 'prefix', label: `Always for \`${prefix.join(' ')}\``, prefix });
    }
  }
  return [...choices, DECLINE];
}

function patchAsk(params: FileChangeRequestApprovalParams, context: AskContext): Asked {
  const files = context.filesOf(params.threadId, params.itemId);
  const named = files.length === 0 ? 'files outside the workspace' : files.map(({ path }) => path).join(', ');
  const grantRoot = params.grantRoot ?? null;
  const asked = params.reason ?? `Change ${named}?`;
  const question = grantRoot === null ? asked : `${asked} And allow writing to ${grantRoot} from now on?`;
  return {
    thread: params.threadId,
    turn: params.turnId,
    item: params.itemId,
    startedAt: params.startedAtMs,
    ask: { need: 'patch', question, files, grantRoot, choices: [ACCEPT, SESSION, DECLINE] },
  };
}

function questionAsk(params: ToolRequestUserInputParams): Asked {
  const questions = params.questions.map(({ id, header, question, options, isSecret }) => ({
    id,
    header,
    text: question,
    options: (options ?? []).map(({ label }) => label),
    secret: isSecret,
  }));
  // Options are counted only where there is one question; several are answered by text, one line each.
  const [only] = questions;
  const labels = questions.length === 1 && only !== undefined ? only.options : [];
  return {
    thread: params.threadId,
    turn: params.turnId,
    item: params.itemId,
    startedAt: null,
    ask: {
      need: 'question',
      question: questions.map(({ text }) => text).join('\n'),
      questions,
      choices: labels.map((label, index) => ({ id: `option-${index + 1}`, label, prefix: null })),
    },
  };
}

function permissionsAsk(params: PermissionsRequestApprovalParams): Asked {
  const question = `${params.reason ?? 'Codex asks for permissions'}: ${JSON.stringify(params.permissions)}`;
  return {
    thread: params.threadId,
    turn: params.turnId,
    item: params.itemId,
    startedAt: params.startedAtMs,
    ask: {
      need: 'permissions',
      question,
      choices: [{ ...ACCEPT, label: 'Yes, for this turn' }, SESSION, DECLINE],
    },
  };
}

function elicitationAsk(params: McpServerElicitationRequestParams): Asked {
  const isApproval = isRecord(params._meta) && params._meta.codex_approval_kind === 'mcp_tool_call';
  const question = 'message' in params ? params.message : params.description;
  return {
    thread: params.threadId,
    // Codex cannot always tell the turn of an elicitation.
    turn: params.turnId ?? '',
    item: params.serverName,
    startedAt: null,
    ask: isApproval
      ? { need: 'mcp-approval', question, choices: [ACCEPT, DECLINE] }
      : { need: 'elicitation', question, choices: [DECLINE] },
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
