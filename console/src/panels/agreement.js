// How the group agrees: who leads, what a decision needs, how much each member counts and why, which parts
// the open links leave, and how it came to this.
import { html } from '../html.js';
import { group, turns } from '../link/store.js';
import { pick, t, word } from '../text/i18n.js';
import { showLocal, showNumber, showPercent } from '../text/show.js';
import { halfBar, memberRows, sharedReason } from './agreement_rows.js';
import { nodeName } from './node_names.js';

const kMembersMost = 60;
const kNamesMost = 8;
const kTurnsMost = 60;
const kChangesMost = 6;

export function Agreement() {
  if (!group.value) return html`<p class="empty">${t('agreement.waiting')}</p>`;
  if (group.value.seen_by === null || group.value.seen_by === undefined) return html`<div class="agreement" data-testid="agreement">
    <p class="notice">${t('agreement.all_down')}</p><${Turns} /></div>`;
  return html`<div class="agreement" data-testid="agreement"><${State} /><${Halves} /><${Members} /><${Parts} /><${Turns} /></div>`;
}

function State() {
  const { leader, leader_since, seen_by, term, epoch, joint, agreed, failures_max } = group.value;
  const led = leader !== null && leader !== undefined;
  const change = joint ? 'joint' : agreed ? 'settled' : 'pending';
  return html`<dl class="inline state" role="status">
    <div data-testid="agreement-leader"><dt>${t('agreement.leader')}</dt><dd><b class=${led ? 'role-leader' : 'warn'}>${led ? nodeName(leader) : t('nodes.no_leader')}</b>
      ${led && leader_since && html` <span class="dim">${t('agreement.since', { time: clock(leader_since) })}</span>`}</dd></div>
    <div data-testid="agreement-term"><dt>${t('nodes.term')}</dt><dd><b>${showNumber(term)}</b></dd></div>
    <div data-testid="agreement-epoch" data-change=${change}><dt title=${t('agreement.epoch_hint')}>${t('agreement.epoch')}</dt><dd><b>${showNumber(epoch)}</b> <span class=${`tag change-${change}`}>${word('change', change)}</span></dd></div>
    <div><dt>${t('agreement.failures')}</dt><dd>${failures_max > 0 ? t('agreement.failures_count', { count: showNumber(failures_max) }) : t('agreement.undeclared')}</dd></div>
    ${!led && html`<div><dt>${t('agreement.seen_by')}</dt><dd>${nodeName(seen_by)}</dd></div>`}
  </dl>`;
}

/** What a decision needs and what the leader can reach; between two epochs both halves must agree. */
function Halves() {
  const { halves, leader } = group.value;
  const led = leader !== null && leader !== undefined;
  return html`<ul class="halves">${halves.map((half) => html`<li key=${half.half} data-testid="half" data-half=${half.half}>
    <span>${halves.length > 1 && html`<b>${word('half', half.half)}</b> `}${t('agreement.quorum', { quorum: showNumber(half.quorum), total: showNumber(half.total) })}
      ${led && html` · <span class=${half.reachable >= half.quorum ? 'enough' : 'warn'}>${t('agreement.reachable', { count: showNumber(half.reachable) })}</span>`}</span>
    <div class="quorum-bar" aria-hidden="true"><span style=${{ width: `${halfBar(half).reachable}%` }}></span><i style=${{ left: `${halfBar(half).quorum}%` }}></i></div>
  </li>`)}</ul>`;
}

function Members() {
  const rows = memberRows(group.value);
  const common = sharedReason(rows);
  const shown = rows.slice(0, kMembersMost);
  return html`
    ${group.value.share_rule && html`<p class="caption dim" data-testid="share-rule">${t('agreement.rule', { rule: pick(group.value.share_rule) })}</p>`}
    ${common && html`<p class="caption dim" data-testid="common-reason">${t('agreement.all_members', { reason: pick(common) })}</p>`}
    <table class="members"><thead><tr><th>${t('agreement.member')}</th><th>${t('nodes.share')}</th><th class="num" title=${t('agreement.lag_hint')}>${t('agreement.lag')}</th><th>${t('agreement.reach')}</th></tr></thead>
      ${shown.map((m) => html`<tbody key=${m.node} class=${m.reach === 'down' ? 'down' : ''} data-testid="member" data-node=${m.node} data-reach=${m.reach} data-share=${m.share}><tr>
        <td class="name" title=${nodeName(m.node)}>${nodeName(m.node)}${m.domain > 0 && html`<small class="dim">${t('agreement.domain', { domain: m.domain })}</small>`}</td>
        <td class="share-cell"><div class="share-line"><span class="bar-of-all" aria-hidden="true"><i style=${{ width: `${m.width}%` }}></i></span>
          <span>${showNumber(m.share)} · ${showPercent(m.part)}${m.before !== null && m.before !== m.share ? html` <span class="dim">${t('agreement.before', { share: showNumber(m.before) })}</span>` : ''}</span></div></td>
        <td class="num">${m.lag === null ? '–' : showNumber(m.lag)}</td>
        <td><span class=${`tag reach-${m.reach}`}>${word('reach', m.reach)}</span></td></tr>
        ${!common && m.reasons.length > 0 && html`<tr class="why"><td colspan="4"><small class="dim">${m.reasons.map(pick).join(' · ')}</small></td></tr>`}
      </tbody>`)}</table>
    <${Listeners} />
    ${rows.length > kMembersMost && html`<p class="caption dim">${t('agreement.more_members', { count: rows.length - kMembersMost })}</p>`}`;
}

function Listeners() {
  const listeners = (group.value.members ?? []).filter((m) => !m.share && !m.share_before);
  if (listeners.length === 0) return null;
  const behind = listeners.reduce((most, m) => Math.max(most, m.lag ?? 0), 0);
  const off = listeners.filter((m) => m.reach === 'down' || m.reach === 'apart').length;
  return html`<p class="caption dim" data-testid="listeners">${t('agreement.listeners', { count: listeners.length, off, lag: showNumber(behind) })}</p>`;
}

function Parts() {
  const { parts, parts_of } = group.value;
  return html`<h4>${t('agreement.parts', { count: parts_of })}</h4>
    ${!parts.some((part) => part.decides) && html`<p class="caption warn" data-testid="no-majority">${t('agreement.no_majority')}</p>`}<ul class="parts">${parts.map((part) => html`
    <li key=${part.nodes[0]} data-testid="part" data-decides=${String(Boolean(part.decides))}><span class=${`tag ${part.decides ? 'decides' : ''}`}>${t(part.decides ? 'agreement.decides' : 'agreement.cannot')}</span>
      <span>${t('agreement.part', { nodes: showNumber(part.of), shares: showNumber(part.shares) })}: ${names(part)}</span></li>`)}</ul>
    ${parts_of > parts.length && html`<p class="caption dim">${t('agreement.more_parts', { count: parts_of - parts.length })}</p>`}`;
}

function Turns() {
  const all = turns.value;
  return html`<h4>${t('agreement.turns')}</h4>
    ${all.length === 0 ? html`<p class="empty">${t('agreement.no_turns')}</p>` : html`<ol class="turns" data-testid="turns">${all.slice(-kTurnsMost).reverse().map((turn) => html`
      <li data-testid="turn" data-kind=${turn.kind} data-cause=${turn.cause ?? ''}><time>${showLocal(turn.t, true).slice(5)}</time><span class=${`tag turn-${turn.kind}`}>${word('turn', turn.kind)}</span><span>${turnText(turn)}</span></li>`)}</ol>`}`;
}

function turnText(turn) {
  const params = { name: nodeName(turn.node), term: turn.term, epoch: turn.epoch, index: turn.index, previous: nodeName(turn.previous) };
  if (turn.kind === 'elected') {
    const cause = turn.cause === 'silence' && turn.previous === turn.node ? 'again' : turn.cause;
    return `${t('agreement.elected', params)}${cause && cause !== 'first' ? ` · ${t(`cause.${cause}`, params)}` : ''}`;
  }
  if (turn.kind === 'epoch') return `${t(turn.joint ? 'agreement.epoch_joint' : 'agreement.epoch_begun', params)}${changesText(turn)}`;
  if (turn.kind === 'agreed') return t('agreement.epoch_agreed', params);
  if (turn.kind === 'restored') return t('agreement.restored', params);
  return '';
}

function changesText({ changes, changes_of }) {
  const list = Array.isArray(changes) ? changes : [];
  if (list.length === 0) return '';
  const shown = list.slice(0, kChangesMost).map((c) => `${nodeName(c?.node)} ${showNumber(c?.from)} → ${showNumber(c?.to)}`);
  if (changes_of > shown.length) shown.push(t('agreement.more_changes', { count: changes_of - shown.length }));
  return ` · ${shown.join(t('list.comma'))}`;
}

function names(part) {
  const shown = part.nodes.slice(0, kNamesMost).map(nodeName);
  const rest = part.of - shown.length;
  return shown.join(t('list.comma')) + (rest > 0 ? t('agreement.more_names', { count: rest }) : '');
}

const clock = (time) => showLocal(time, true).slice(5);
