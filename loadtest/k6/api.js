// The HTTP API, as far as these scenarios use it.

import exec from 'k6/execution';
import http from 'k6/http';
import { failed } from './metrics.js';
import { api, drainS, lengthMs } from './settings.js';

const PASSWORD = 'correct horse battery';

/** A name that no other run and no other VU has: `kind` and a number tell one VU's people apart. */
const run = Date.now().toString(36);
export function personName(kind, number) {
  return `k6-${run}-${exec.vu.idInTest}-${kind}${number}`;
}

export function parameters(name, token) {
  // A server closes connections that are idle for a while, perhaps just as a request goes out. With this
  // header k6 makes such a request again by itself; without it, it does so for GET alone.
  const headers = { 'content-type': 'application/json', 'x-idempotency-key': '1' };
  if (token) {
    headers.authorization = `Bearer ${token}`;
  }
  return { headers, tags: { name }, timeout: '90s' };
}

/** What the answer says; `null` where it is no success, which is counted. */
export function answered(what, answer) {
  if (answer.status >= 200 && answer.status < 300) {
    return answer.body ? answer.json() : {};
  }
  let problem = {};
  try {
    problem = answer.json();
  } catch {
    // A proxy's own page, or no answer at all.
  }
  const code = problem.code || (answer.status ? `http_${answer.status}` : 'no_answer');
  failed(code, `${what}: ${problem.detail || answer.error || answer.status}`);
  return null;
}

export function get(name, path, token) {
  return answered(name, http.get(api + path, parameters(name, token)));
}

export function post(name, path, token, body) {
  return answered(name, http.post(api + path, JSON.stringify(body), parameters(name, token)));
}

export function registration(name) {
  return { username: name, email: `${name}@example.org`, password: PASSWORD };
}

export function logIn(name) {
  return post('log in', '/auth/login', null, { login: name, password: PASSWORD });
}

/**
 * Makes accounts, and a room that all of them are in. Without it nothing can be measured, so what
 * goes wrong here ends the run.
 */
export function makeRoom(kind, size) {
  const requests = [];
  for (let number = 0; number < size; number += 1) {
    const body = JSON.stringify(registration(personName(kind, number)));
    requests.push(['POST', `${api}/auth/register`, body, parameters('register')]);
  }
  const members = http.batch(requests).map((answer) => needed('register', answer));
  const short = members.find((member) => member.expires_in_s * 1000 < lengthMs + drainS * 1000);
  if (short) {
    exec.test.abort(
      `Access tokens are good for ${short.expires_in_s} s, and the run takes ${lengthMs / 1000} s: ` +
        'let it be shorter, or the tokens live longer (--access-token-s).',
    );
  }
  const description = JSON.stringify({ kind: 'public', name: `load ${kind}`, description: '' });
  const owner = members[0].access_token;
  const made = http.post(`${api}/rooms`, description, parameters('make a room', owner));
  const id = needed('make a room', made).room.id;
  const joins = members.slice(1).map(({ access_token }) => {
    return ['POST', `${api}/rooms/${id}/join`, '{}', parameters('join', access_token)];
  });
  if (joins.length > 0) {
    http.batch(joins).forEach((answer) => needed('join', answer));
  }
  return { id, members: members.map(({ access_token }) => access_token) };
}

function needed(what, answer) {
  const data = answered(what, answer);
  if (data === null) {
    const hint =
      answer.status === 429
        ? ' The server limits it: --limit-logins-from-address off, --limit-api off.'
        : '';
    exec.test.abort(`It was not possible to ${what}: ${answer.error || answer.status}.${hint}`);
  }
  return data;
}
