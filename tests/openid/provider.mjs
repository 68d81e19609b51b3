// A real OpenID provider (the certified package oidc-provider) on loopback, for tests only; see provider.py.
// It logs in whoever login_hint names, agrees to everything, and ends when its standard input ends.
import { generateKeyPair, randomBytes } from "node:crypto";
import { createServer } from "node:http";
import { promisify } from "node:util";

console.info = console.warn = () => {}; // oidc-provider's notices, some of them on import
const { Provider, interactionPolicy } = await import("oidc-provider");

const { port = 0, clients, people, acr = {} } = JSON.parse(process.env.OPENID_PROVIDER);
const rows = new Map(); // sessions, grants, codes and tokens: they outlive a change of keys or people
const secrets = [randomBytes(32).toString("hex")];
const keys = [];
let issuer, provider;

class Memory {
  constructor(model) { this.model = model; }
  async find(id) { return rows.get(`${this.model}:${id}`); }
  async findByUid(uid) { return [...rows.values()].find((row) => row.kind === "Session" && row.uid === uid); }
  async upsert(id, row) { rows.set(`${this.model}:${id}`, row); }
  async consume(id) { rows.get(`${this.model}:${id}`).consumed = Math.floor(Date.now() / 1000); }
  async destroy(id) { rows.delete(`${this.model}:${id}`); }
  async revokeByGrantId(id) {
    for (const [key, row] of rows) if (row.kind === this.model && row.grantId === id) rows.delete(key);
  }
}

const known = (id) => id !== undefined && Object.hasOwn(people, id);
const subject = (id) => people[id].sub ?? id;
const safe = (text) => String(text).replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt()};`);
const head = '<!DOCTYPE html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,">';
const page = (title, body) => `${head}<title>${title}</title><h1>${title}</h1>${body}</html>`;

// The person login_hint names logs in, also where somebody else is still logged in here.
const policy = interactionPolicy.base();
policy.get("login").checks.add(new interactionPolicy.Check("login_hint", "another person is named", ({ oidc }) => {
  const { login_hint: hint } = oidc.params;
  return known(hint) && subject(hint) !== oidc.session.accountId && !oidc.result?.login;
}));

async function agreeToEverything({ oidc }) {
  oidc.claims.id_token = { ...oidc.claims.id_token, sid: null }; // else sid is for back-channel clients only
  const { session: { accountId }, client: { clientId }, provider: { Grant } } = oidc;
  const grant = await Grant.find(oidc.session.grantIdFor(clientId)) ?? new Grant({ accountId, clientId });
  grant.addOIDCScope(oidc.requestParamOIDCScopes);
  grant.addOIDCClaims([...oidc.requestParamClaims]);
  await grant.save();
  return grant;
}

function findAccount(_, sub) {
  const id = Object.keys(people).find((one) => subject(one) === sub);
  return id === undefined ? undefined : { accountId: sub, claims: () => ({ ...people[id], sub }) };
}

function logoutSource(ctx, form) {
  const button = '<button form="op.logoutForm" name="logout" value="yes">Log out</button>';
  ctx.body = page("Log out", `${form}${button}<script>document.querySelector("button").click()</script>`);
}

function renew() {
  const mark = `op${new URL(issuer).port}`; // cookies do not know ports, and two of these may run at once
  provider = new Provider(issuer, {
    acrValues: Object.values(acr),
    adapter: Memory,
    claims: { openid: ["sid", "acr", "amr", "auth_time"], profile: Object.values(people).flatMap(Object.keys) },
    clients: clients.map((client) => ({
      ...(client.backchannel_logout_uri && { backchannel_logout_session_required: true }), ...client,
    })),
    conformIdTokenClaims: false,
    cookies: { keys: secrets, names: { session: mark, interaction: `${mark}i`, resume: `${mark}r` } },
    features: {
      backchannelLogout: { enabled: true },
      devInteractions: { enabled: false },
      rpInitiatedLogout: { logoutSource, postLogoutSuccessSource: (ctx) => { ctx.body = page("Logged out", ""); } },
    },
    fetch: (url, { dispatcher, ...options }) => fetch(url, options), // the package's dispatcher refuses loopback
    findAccount,
    interactions: { policy },
    jwks: { keys },
    loadExistingGrant: agreeToEverything,
    pkce: { required: () => true },
    responseTypes: ["code"],
    renderError: (ctx, out) => { ctx.body = page("Error", safe(`${out.error}: ${out.error_description}`)); },
  });
}

// New keys sign from now on; the old ones stay published, so that what they signed can still be checked.
async function rotate() {
  const generate = promisify(generateKeyPair);
  const jwk = ({ privateKey }, alg) => ({ ...privateKey.export({ format: "jwk" }), alg, use: "sig" });
  keys.unshift(jwk(await generate("rsa", { modulusLength: 2048 }), "RS256"));
  keys.unshift(jwk(await generate("ec", { namedCurve: "P-256" }), "ES256"));
  renew();
}

async function logIn(request, response, chosen) {
  const { prompt, params } = await provider.interactionDetails(request, response);
  const finish = (result) => provider.interactionFinished(request, response, result);
  if (prompt.name === "consent") return finish({ consent: {} });
  const id = [chosen, params.login_hint].find(known);
  if (id !== undefined) {
    return finish({ login: { accountId: subject(id), acr: acr[id] ?? people[id].acr, amr: people[id].amr } });
  }
  const choices = Object.entries(people).map(([one, { name = one }]) =>
    `<li><a href="?person=${encodeURIComponent(one)}">${safe(name)}</a></li>`);
  return response.setHeader("Content-Type", "text/html").end(page("Who logs in?", `<ul>${choices.join("")}</ul>`));
}

async function handle(request, response) {
  const { pathname, searchParams } = new URL(request.url, issuer);
  if (pathname.startsWith("/interaction/")) return logIn(request, response, searchParams.get("person") ?? undefined);
  if (request.method !== "POST" || !pathname.startsWith("/test/")) return provider.callback()(request, response);
  const body = Buffer.concat(await request.toArray()).toString();
  if (pathname === "/test/rotate") await rotate();
  if (pathname === "/test/people") { Object.assign(people, JSON.parse(body)); renew(); }
  return response.writeHead(204).end();
}

const server = createServer((request, response) =>
  handle(request, response).catch((error) => response.writeHead(500).end(error.stack)));
server.listen(port, "127.0.0.1", async () => {
  issuer = `http://127.0.0.1:${server.address().port}`;
  await rotate();
  for (const { client_id: id } of clients) await provider.Client.find(id); // a client that cannot be ends it here
  console.log(`ready ${issuer}`);
});
process.stdin.on("end", () => process.exit()).resume();
