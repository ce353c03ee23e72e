/* Certificates of a test's own, and which one a server shows. */
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import path from 'node:path';
import tls from 'node:tls';
import { spkiHash } from './identity.mjs';
import { EVENT_MS, within } from './limits.mjs';
import { tool } from './processes.mjs';

/* A self-signed certificate |name| for |names|, in |directory|: { certFile, keyFile, args, hash }. */
export async function makeCertificate(directory, name, names) {
  const certFile = path.join(directory, `${name}.pem`);
  const keyFile = path.join(directory, `${name}.key`);
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  await tool('openssl', [
    ...['req', '-x509', ...key, '-keyout', keyFile, '-out', certFile, '-days', '30'],
    ...['-subj', `/CN=${name}`, '-addext', `subjectAltName=${names}`],
  ]);
  const hash = spkiHash(new X509Certificate(fs.readFileSync(certFile)));
  return { certFile, keyFile, args: ['--cert', certFile, '--key', keyFile], hash };
}

/* The hash of what a new TLS handshake gets, asking for |servername|. */
export async function servedHash(server, servername, alpn = 'h2') {
  const socket = tls.connect({
    host: '127.0.0.1',
    port: server.port,
    servername,
    ALPNProtocols: [alpn],
    rejectUnauthorized: false,
  });
  try {
    await within(EVENT_MS, 'the TLS handshake', once(socket, 'secureConnect'));
    assert.equal(socket.alpnProtocol, alpn);
    return spkiHash(socket.getPeerX509Certificate());
  } finally {
    socket.destroy();
  }
}
