// SYNTHETIC TEST DATA of how a group agrees: invented elections and shares in the shape the protocol asks for.
import { timeAt } from './mock_data.mjs';

const founded = { en: 'founded with equal shares', zh: '建组时表决权均等' };
const nearest = { en: 'it is one of the 2f + 1 nearest that can be counted on', zh: '它是最近且可靠的 2f + 1 个成员之一' };
const measured = { en: 'measured by MOCK-3: 30.1 ms there and back; bandwidth 0.50, trust 0.88, stability 1.00, together 0.80', zh: 'MOCK-3 测得：往返 30.1 毫秒；带宽 0.50，信任 0.88，稳定 1.00，综合 0.80' };
const changed = { en: 'changed in epoch 2', zh: '在第 2 期配置中变更' };
const rule = { en: 'Vote shares follow what leaders measure', zh: '表决权随领导节点的测量而定' };
export const changedNode = 2;
export const apartNode = 7;

/** epoch 0: as founded; 1: both halves decide; 2: node 2 holds four shares. `torn`: node 7 stands apart. */
export function group({ nodes, down, leader, leaderSince, term, epoch, torn, commit }) {
  const joint = epoch === 1;
  const share = (node) => (node > 12 ? 0 : node === changedNode && epoch > 0 ? 4 : 1);
  const before = (node) => (node > 12 ? 0 : 1);
  const up = nodes.filter((node) => !down.has(node));
  const parts = torn && up.includes(apartNode) ? [up.filter((node) => node !== apartNode), [apartNode]] : [up];
  const around = parts.find((part) => part.includes(leader)) ?? [];
  const sum = (shares, of) => of.reduce((total, node) => total + shares(node), 0);
  const half = (name, shares) => ({ half: name, total: sum(shares, nodes), quorum: Math.floor(sum(shares, nodes) / 2) + 1, reachable: sum(shares, around) });
  const reach = (node) => (down.has(node) ? 'down' : node === leader ? 'leader' : leader === null ? 'unknown' : around.includes(node) ? 'reachable' : 'apart');
  return {
    type: 'group', seen_by: leader ?? up[0] ?? null, leader, leader_since: leader === null ? null : timeAt(leaderSince), term, epoch, joint, agreed: !joint, failures_max: 2, share_rule: rule,
    halves: [half('incoming', share), ...(joint ? [half('outgoing', before)] : [])],
    members: nodes.map((node) => ({
      node, share: share(node), ...(joint ? { share_before: before(node) } : {}), ...(node <= 12 ? { domain: 1 + (node % 3) } : {}), reach: reach(node),
      lag: leader === null ? null : ['down', 'apart'].includes(reach(node)) ? commit : 0, reasons: node === changedNode && epoch > 1 ? [nearest, measured, changed] : [founded],
    })),
    members_of: nodes.length,
    parts: parts.map((part) => ({ nodes: part, of: part.length, shares: sum(share, part), decides: sum(share, part) * 2 > sum(share, nodes) })),
    parts_of: parts.length,
  };
}

export const elected = (seconds, node, term, cause, previous) => ({ type: 'turn', t: timeAt(seconds), kind: 'elected', node, term, cause, previous });

/** What happens to the shares at a step of the replay. */
export function epochTurns(step, leader) {
  const at = { t: timeAt(step * 300), node: leader };
  if (step === 6) return [{ type: 'turn', ...at, kind: 'epoch', changes_of: 1, changes: [{ node: changedNode, from: 1, to: 4 }], epoch: 1, joint: true, index: 12 }];
  if (step !== 12) return [];
  return [
    { type: 'turn', ...at, kind: 'agreed', epoch: 1, joint: true, index: 12 },
    { type: 'turn', ...at, kind: 'epoch', changes_of: 0, changes: [], epoch: 2, joint: false, index: 13 },
    { type: 'turn', ...at, kind: 'agreed', epoch: 2, joint: false, index: 13 },
    { type: 'turn', ...at, kind: 'restored', node: 7, index: 11 },
  ];
}
