// Hands the agency's own hotspot file to the program. The file never leaves this machine: it goes
// to the address the page came from.
export const kFileBytesMost = 32 * 1024 * 1024;

/** Resolves to {ok, accepted, skipped, errors[]}; never rejects. */
export async function uploadHotspots(file) {
  if (file.size > kFileBytesMost) return failure('too_large');
  try {
    const address = new URL(`api/hotspots?name=${encodeURIComponent(file.name)}`, document.baseURI);
    const answer = await fetch(address, {
      method: 'POST',
      headers: { 'Content-Type': 'text/csv' },
      body: file,
    });
    const body = await answer.json().catch(() => null);
    if (!body) return failure('unreadable', [`HTTP ${answer.status}`]);
    return {
      ok: answer.ok,
      code: answer.ok ? '' : 'refused',
      accepted: Number(body.accepted) || 0,
      skipped: Number(body.skipped) || 0,
      errors: (body.errors ?? []).map(String),
    };
  } catch (error) {
    return failure('unreachable', [String(error.message ?? error)]);
  }
}

function failure(code, errors = []) {
  return { ok: false, code, accepted: 0, skipped: 0, errors };
}
