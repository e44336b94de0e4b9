// The OpenID provider of the tests: oidc-provider with two clients, and accounts that the tests name.
//
// It listens on any free port, prints it, and ends with its standard input. With the argument
// `user-info` the ID token has no claim but the subject. A test changes it while it runs:
//   POST /test/accounts/{id}  the claims of an account, as JSON
//   POST /test/rotate         a new signing key
//   POST /test/forge          {claims, sign}: changes each ID token, and signs it with `key`,
//                             with `another` key of the same id, with the `secret` of the client, or not (`none`)
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { SignJWT, UnsecuredJWT, decodeJwt, importJWK } from 'jose';
import { Provider } from 'oidc-provider';

const secret = 'a secret of 32 letters / + & : %';
const accounts = new Map();
const client = {
  // A native client may be at any port of a loopback address.
  application_type: 'native',
  redirect_uris: ['http://127.0.0.1/api/v1/auth/sso/callback'],
  post_logout_redirect_uris: ['http://127.0.0.1/login'],
  grant_types: ['authorization_code'],
  response_types: ['code'],
  id_token_signed_response_alg: 'ES256',
};
let key;
let forgery;
let provider;

function newKey() {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256', kid: randomUUID() };
}

function newProvider(issuer) {
  key = newKey();
  return new Provider(issuer, {
    clients: [
      { ...client, client_id: 'confidential', client_secret: secret, token_endpoint_auth_method: 'client_secret_basic' },
      { ...client, client_id: 'public', token_endpoint_auth_method: 'none' },
    ],
    jwks: { keys: [key] },
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'groups'] },
    conformIdTokenClaims: process.argv.includes('user-info'),
    cookies: { keys: ['a key of the tests'] },
    pkce: { required: () => true },
    features: { devInteractions: { enabled: false } },
    interactions: { url: (_context, interaction) => `/test/interaction/${interaction.uid}` },
    ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, AuthorizationCode: 60, IdToken: 600 },
    findAccount: (_context, id) => accounts.has(id) && { accountId: id, claims: () => ({ sub: id, ...accounts.get(id) }) },
    // Every scope that the client asks for is granted.
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({ clientId: oidc.client.clientId, accountId: oidc.session.accountId });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  });
}

async function forge(body) {
  if (!body.id_token) return body;
  const claims = { ...decodeJwt(body.id_token), ...forgery.claims };
  const signed = new SignJWT(claims).setProtectedHeader({ alg: forgery.sign === 'secret' ? 'HS256' : 'ES256', kid: key.kid });
  switch (forgery.sign) {
    case 'none': return { ...body, id_token: new UnsecuredJWT(claims).encode() };
    case 'secret': return { ...body, id_token: await signed.sign(new TextEncoder().encode(secret)) };
    default: {
      const { kid, ...signer } = forgery.sign === 'another' ? newKey() : key;
      return { ...body, id_token: await signed.sign(await importJWK(signer, 'ES256')) };
    }
  }
}

// The person at the browser is named by a cookie. An unknown person cancels the login.
function finishInteraction(request, response) {
  const account = /(?:^|; )account=([^;]*)/.exec(request.headers.cookie ?? '')?.[1];
  const login = { login: { accountId: account }, consent: {} };
  const result = accounts.has(account) ? login : { error: 'access_denied' };
  return provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

async function read(request) {
  let text = '';
  for await (const chunk of request) text += chunk;
  return text && JSON.parse(text);
}

async function answer(request, response) {
  const [, scope, action, id] = request.url.split('?')[0].split('/');
  if (scope === 'test') {
    if (action === 'interaction') return finishInteraction(request, response);
    if (action === 'accounts') accounts.set(id, await read(request));
    if (action === 'rotate') provider = newProvider(provider.issuer);
    if (action === 'forge') forgery = await read(request);
    return response.end();
  }
  if (scope === 'token' && forgery) {
    const end = response.end.bind(response);
    response.end = async (body) => {
      const forged = JSON.stringify(await forge(JSON.parse(body)));
      response.setHeader('content-length', Buffer.byteLength(forged));
      end(forged);
    };
  }
  return provider.callback()(request, response);
}

const server = createServer((request, response) => answer(request, response));
server.listen(0, '127.0.0.1', () => {
  provider = newProvider(`http://127.0.0.1:${server.address().port}`);
  console.log(server.address().port);
});
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
